/**
 * Where a PyTorch file keeps its pickle and its storages: since 1.6 a zip archive of uncompressed
 * entries (`NAME/data.pkl`, `NAME/data/KEY`), before that pickles in a row with the storages behind.
 */
import type { FileHandle } from 'node:fs/promises';
import yauzl, { type Entry } from 'yauzl';
import { readExactly } from '../modelFile.ts';
import { bytesOfType } from '../safetensors.ts';
import type { FileStamp } from '../types.ts';
import { unpickle } from './pickle.ts';
import { PickleDamaged, PickleUnsafe, type PickleValue } from './pickleValues.ts';
import { torchWorld, type TorchStorage } from './torchWorld.ts';

export const torchLimits = {
  /** Bytes of the pickle, which holds names and places only. */
  pickleBytes: 32 * 1024 * 1024,
  storages: 65_536,
} as const;

export interface ByteRange {
  readonly begin: number;
  readonly end: number;
}

export interface TorchParts {
  readonly root: PickleValue;
  /** Byte range in the file. Throws PickleDamaged. */
  readonly storage: (storage: TorchStorage) => ByteRange;
}

/** The parts of a zip archive. Throws PickleDamaged and PickleUnsafe. */
export async function readTorchZip(handle: FileHandle): Promise<TorchParts> {
  const { size } = await handle.stat();
  const reader = new HandleReader(handle, size);
  const archive = await yauzl
    .fromRandomAccessReaderPromise(reader, size, { autoClose: false })
    .catch(damaged);
  const entries = new Map<string, Entry>();
  try {
    if (archive.entryCount > 2 * torchLimits.storages)
      throw new PickleDamaged('it has too many parts');
    for await (const entry of archive.eachEntry()) entries.set(entry.fileName, entry);
  } catch (error) {
    damaged(error);
  }
  const name = [...entries.keys()].find((key) => key.endsWith('/data.pkl')) ?? 'data.pkl';
  const prefix = name.slice(0, -'data.pkl'.length);
  if (entries.has(`${prefix}constants.pkl`))
    throw new PickleUnsafe('a whole program (TorchScript)');
  const places = new Map<string, ByteRange>();
  for (const [key, entry] of entries) {
    if (key === name || key.startsWith(`${prefix}data/`) || key === `${prefix}byteorder`) {
      places.set(key.slice(prefix.length), await placeOf(archive, entry).catch(damaged));
    }
  }
  const pickle = await bytesAt(handle, places.get('data.pkl'));
  const order = places.get('byteorder');
  if (order && Buffer.from(await bytesAt(handle, order)).toString('latin1') !== 'little') {
    throw new PickleDamaged('its numbers are stored in another byte order');
  }
  return {
    root: unpickle(pickle, 0, torchWorld(new Map())).value,
    storage({ key }) {
      const place = places.get(`data/${key}`);
      if (!place) throw new PickleDamaged(`the numbers of storage ${key.slice(0, 20)} are missing`);
      return place;
    },
  };
}

/** Reads within the file only: an archive may claim to have parts at any place. */
class HandleReader extends yauzl.RandomAccessReader {
  readonly #handle: FileHandle;
  readonly #size: number;

  constructor(handle: FileHandle, size: number) {
    super();
    this.#handle = handle;
    this.#size = size;
  }

  override _readStreamForRange(): never {
    throw new RangeError('Only whole ranges are read');
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null) => void,
  ): void {
    const inside = position >= 0 && position + length <= this.#size;
    const reading = inside
      ? readExactly(this.#handle, buffer.subarray(offset, offset + length), position)
      : Promise.reject(new PickleDamaged('it is cut off'));
    reading.then(
      () => done(null),
      (error: Error) => done(error),
    );
  }

  override close(done: (error: Error | null) => void): void {
    done(null);
  }
}

async function placeOf(archive: yauzl.ZipFile, entry: Entry): Promise<ByteRange> {
  if (entry.compressionMethod !== 0 || entry.isEncrypted()) {
    throw new PickleDamaged('its parts are compressed; unpack it and save it again with PyTorch');
  }
  const { fileDataStart } = await archive.readLocalFileHeaderPromise(entry, { minimal: true });
  const end = fileDataStart + entry.uncompressedSize;
  if (end > archive.fileSize) throw new PickleDamaged('it is cut off');
  return { begin: fileDataStart, end };
}

async function bytesAt(handle: FileHandle, place: ByteRange | undefined): Promise<Uint8Array> {
  if (!place) throw new PickleDamaged('it is an archive without a model');
  if (place.end - place.begin > torchLimits.pickleBytes)
    throw new PickleDamaged('its list of tensors is too long');
  const bytes = new Uint8Array(place.end - place.begin);
  await readExactly(handle, bytes, place.begin);
  return bytes;
}

function damaged(error: unknown): never {
  if (error instanceof PickleDamaged || error instanceof PickleUnsafe) throw error;
  throw new PickleDamaged('it is a damaged archive', { cause: error });
}

/** 0x1950a86a20f9469cfc6c, with which the older form begins. */
const legacyMagic = 119_547_037_146_038_801_333_356n;
const legacyProtocol = 1001;
/** Most files' pickles are shorter; longer ones are read again, four times as far. */
const firstBytes = 256 * 1024;

/** The parts of the older form. Throws PickleDamaged and PickleUnsafe. */
export async function readTorchLegacy(
  handle: FileHandle,
  { sizeBytes }: FileStamp,
): Promise<TorchParts> {
  for (let length = firstBytes; ; length *= 4) {
    const bytes = new Uint8Array(Math.min(length, sizeBytes, torchLimits.pickleBytes));
    await readExactly(handle, bytes, 0);
    try {
      return await legacyParts(handle, bytes, sizeBytes);
    } catch (error) {
      const more = bytes.length < Math.min(sizeBytes, torchLimits.pickleBytes);
      if (!(error instanceof PickleDamaged) || !more) throw error;
    }
  }
}

async function legacyParts(
  handle: FileHandle,
  bytes: Uint8Array,
  sizeBytes: number,
): Promise<TorchParts> {
  let at = 0;
  const storages = new Map<string, TorchStorage>();
  const next = (): PickleValue => {
    const read = unpickle(bytes, at, torchWorld(storages));
    at = read.end;
    return read.value;
  };
  if (next() !== legacyMagic) throw new PickleDamaged('it is a Python pickle and no PyTorch file');
  if (next() !== legacyProtocol) throw new PickleDamaged('it has an unknown version');
  const system = next();
  if (system instanceof Map && system.get('little_endian') === false) {
    throw new PickleDamaged('its numbers are stored in another byte order');
  }
  const root = next();
  const keys = next();
  if (!Array.isArray(keys) || keys.length > torchLimits.storages) {
    throw new PickleDamaged('it has no list of its storages');
  }
  const places = await legacyPlaces(handle, keys, { storages, begin: at, end: sizeBytes });
  return {
    root,
    storage(storage) {
      const place = places.get(storage);
      if (!place) throw new PickleDamaged('the numbers of a storage are missing');
      return place;
    },
  };
}

/** The storages lie one after the other, each behind its number of elements. */
async function legacyPlaces(
  handle: FileHandle,
  keys: readonly PickleValue[],
  area: ByteRange & { readonly storages: ReadonlyMap<string, TorchStorage> },
): Promise<ReadonlyMap<TorchStorage, ByteRange>> {
  const places = new Map<TorchStorage, ByteRange>();
  let at = area.begin;
  for (const key of keys) {
    const storage = typeof key === 'string' ? area.storages.get(key) : undefined;
    if (!storage) throw new PickleDamaged('it lists a storage that no tensor uses');
    const begin = at + 8;
    at = begin + storage.length * bytesOfType(storage.dtype ?? 'U8');
    if (at > area.end) throw new PickleDamaged('it is cut off');
    const count = new Uint8Array(8);
    await readExactly(handle, count, begin - 8);
    if (new DataView(count.buffer).getBigInt64(0, true) !== BigInt(storage.length)) {
      throw new PickleDamaged('a storage has another length than its tensors say');
    }
    places.set(storage, { begin, end: at });
  }
  return places;
}
