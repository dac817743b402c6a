/** Large files out of pieces: several parts are read and written at the same time. */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { sizeOf, type Piece } from '../engine/picture/psd/bytes.ts';
import { fillWindow, windowBytes, windowsOf, type Window } from './bulkWindows.ts';

/** The part of the global that is used here: the compiler's settings for Node have no DOM library. */
declare const WebAssembly: {
  Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer };
};

/** Parts under way: one is read while others are written. */
const lanes = 4;
/** Of what is written beside other work, which keeps this thread from beginning the next part. */
const earlyWindowBytes = 4 * windowBytes;
/** What files without the system's cache are written in: their places, lengths and memory are multiples of it. */
const blockBytes = 4096;
/** Smaller files are best left in the system's cache. */
const leastDirectBytes = 64 * 1024 * 1024;
const pageBytes = 65_536;

/** Pieces that follow one another from byte `at` of a file on. */
export interface PlacedPieces {
  readonly at: number;
  readonly pieces: readonly Piece[];
}

/** A new file that is not complete yet. */
export interface BulkFile {
  /** Writes the whole windows of pieces that are known before the rest, until it is stopped. */
  writeEarly(part: PlacedPieces, stop: AbortSignal): Promise<void>;
  /** Writes the rest of all its pieces; complete on the disk when it is done. */
  complete(pieces: readonly Piece[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Writes a new file, complete on the disk when it is done. Throws what the system and the pieces throw; the file
 * may then be there in part.
 */
export async function writeBulk(path: string, pieces: readonly Piece[]): Promise<void> {
  const file = await createBulk(path, sizeOf(pieces));
  try {
    await file.complete(pieces);
  } finally {
    await file.close();
  }
}

/**
 * A new file of at least so many bytes. Large ones go around the system's cache where it can be done (Linux): a
 * gigabyte of fresh cache costs seconds and drives out model files. Everything throws what the system and the
 * pieces throw.
 */
export async function createBulk(path: string, leastBytes: number): Promise<BulkFile> {
  const { file, isDirect } = await openTarget(path, leastBytes);
  const early = new Set<number>();
  const target = { file, block: isDirect ? blockBytes : 1 };
  return {
    async writeEarly({ at, pieces }, stop) {
      const windows = windowsOf(pieces, { start: at, mostBytes: earlyWindowBytes });
      await writeWindows({ ...target, windowBytes: earlyWindowBytes }, wholeOf(windows), {
        onWritten: ({ at: first }) => {
          for (let n = 0; n < earlyWindowBytes; n += windowBytes) early.add(first + n);
        },
        isStopped: () => stop.aborted,
      });
    },
    async complete(pieces) {
      await writeWindows({ ...target, windowBytes }, without(early, windowsOf(pieces)));
      if (isDirect) await file.truncate(sizeOf(pieces));
      await file.sync();
    },
    close: () => file.close(),
  };
}

interface Target {
  readonly file: FileHandle;
  readonly isDirect: boolean;
}

/** File systems that cannot do without the cache refuse to open, or the first block. */
async function openTarget(path: string, leastBytes: number): Promise<Target> {
  const isLarge = leastBytes >= leastDirectBytes && 'O_DIRECT' in constants;
  const direct = isLarge ? await openDirect(path).catch(() => undefined) : undefined;
  return direct
    ? { file: direct, isDirect: true }
    : { file: await open(path, 'w'), isDirect: false };
}

async function openDirect(path: string): Promise<FileHandle> {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_DIRECT } = constants;
  const file = await open(path, O_WRONLY | O_CREAT | O_TRUNC | O_DIRECT);
  try {
    await file.write(alignedMemory(pageBytes), 0, blockBytes, 0);
    return file;
  } catch (cause) {
    await file.close();
    throw cause;
  }
}

/** The memory of WebAssembly begins at a page, which that of arrays need not. */
function alignedMemory(bytes: number): Uint8Array {
  return new Uint8Array(new WebAssembly.Memory({ initial: bytes / pageBytes }).buffer);
}

function* wholeOf(windows: Iterable<Window>): Generator<Window> {
  for (const window of windows) if (window.length === earlyWindowBytes) yield window;
}

function* without(written: ReadonlySet<number>, windows: Iterable<Window>): Generator<Window> {
  for (const window of windows) if (!written.has(window.at)) yield window;
}

interface WindowTarget {
  readonly file: FileHandle;
  /** The last window is filled up to a multiple of so many bytes. */
  readonly block: number;
  /** Of the largest. */
  readonly windowBytes: number;
}

interface Watcher {
  onWritten(window: Window): void;
  isStopped(): boolean;
}

/** Throws what fails first, when nothing is under way any more. */
async function writeWindows(
  target: WindowTarget,
  windows: Iterator<Window>,
  watcher?: Watcher,
): Promise<void> {
  const memory = alignedMemory(lanes * target.windowBytes);
  const failures: unknown[] = [];
  const lane = async (buffer: Uint8Array) => {
    for (let next = windows.next(); next.done !== true; next = windows.next()) {
      await writeWindow(target, next.value, buffer);
      watcher?.onWritten(next.value);
      if (failures.length > 0 || watcher?.isStopped() === true) return;
    }
  };
  await Promise.all(
    Array.from({ length: lanes }, (_, i) =>
      lane(memory.subarray(i * target.windowBytes, (i + 1) * target.windowBytes)).catch(
        (error: unknown) => {
          failures.push(error);
        },
      ),
    ),
  );
  if (failures.length > 0) throw failures[0];
}

async function writeWindow(
  { file, block }: WindowTarget,
  window: Window,
  buffer: Uint8Array,
): Promise<void> {
  await fillWindow(window, buffer);
  const { at, length } = window;
  const end = Math.ceil(length / block) * block;
  buffer.fill(0, length, end);
  for (let done = 0; done < end;)
    done += (await file.write(buffer, done, end - done, at + done)).bytesWritten;
}
