/** Large files out of pieces: several parts are read and written at the same time. */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { sizeOf, type Piece } from '../engine/picture/psd/bytes.ts';

/** The part of the global that is used here: the compiler's settings for Node have no DOM library. */
declare const WebAssembly: {
  Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer };
};

/** Of each part: so few that they stay in the processor's cache between reading and writing. */
const windowBytes = 1024 * 1024;
/** Parts under way: one is read while others are written. */
const lanes = 4;
/** What files without the system's cache are written in: their places, lengths and memory are multiples of it. */
const blockBytes = 4096;
/** Smaller files are best left in the system's cache. */
const leastDirectBytes = 64 * 1024 * 1024;
const pageBytes = 65_536;

/**
 * Writes a new file, complete on the disk when it is done. Large ones go around the system's cache where
 * it can be done (Linux): a gigabyte of fresh cache costs seconds and drives out model files. Throws what
 * the system and the pieces throw; the file may then be there in part.
 */
export async function writeBulk(path: string, pieces: readonly Piece[]): Promise<void> {
  const totalBytes = sizeOf(pieces);
  const { file, isDirect } = await openTarget(path, totalBytes);
  try {
    await writeWindows(file, windowsOf(pieces), isDirect ? blockBytes : 1);
    if (isDirect) await file.truncate(totalBytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

interface Target {
  readonly file: FileHandle;
  readonly isDirect: boolean;
}

/** File systems that cannot do without the cache refuse to open, or the first block. */
async function openTarget(path: string, totalBytes: number): Promise<Target> {
  const isLarge = totalBytes >= leastDirectBytes && 'O_DIRECT' in constants;
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

/** A part of the file and what it is made of. */
interface Window {
  readonly at: number;
  readonly length: number;
  readonly parts: ReadonlyArray<{
    readonly piece: Piece;
    readonly from: number;
    readonly to: number;
    readonly length: number;
  }>;
}

function* windowsOf(pieces: readonly Piece[]): Generator<Window> {
  let at = 0;
  let length = 0;
  let parts: Array<Window['parts'][number]> = [];
  for (const piece of pieces) {
    for (let from = 0; from < piece.length;) {
      const count = Math.min(piece.length - from, windowBytes - length);
      parts.push({ piece, from, to: length, length: count });
      from += count;
      length += count;
      if (length < windowBytes) continue;
      yield { at, length, parts };
      at += length;
      length = 0;
      parts = [];
    }
  }
  if (length > 0) yield { at, length, parts };
}

/** The last window is filled up to a multiple of `block` bytes. Throws what fails first, when nothing is under way any more. */
async function writeWindows(
  file: FileHandle,
  windows: Iterator<Window>,
  block: number,
): Promise<void> {
  const memory = alignedMemory(lanes * windowBytes);
  const failures: unknown[] = [];
  const lane = async (buffer: Uint8Array) => {
    for (let next = windows.next(); next.done !== true; next = windows.next()) {
      const { at, length } = next.value;
      await fillWindow(next.value, buffer);
      const end = Math.ceil(length / block) * block;
      buffer.fill(0, length, end);
      await writeAll(file, buffer.subarray(0, end), at);
      if (failures.length > 0) return;
    }
  };
  await Promise.all(
    Array.from({ length: lanes }, (_, i) =>
      lane(memory.subarray(i * windowBytes, (i + 1) * windowBytes)).catch((error: unknown) => {
        failures.push(error);
      }),
    ),
  );
  if (failures.length > 0) throw failures[0];
}

async function fillWindow({ parts }: Window, buffer: Uint8Array): Promise<void> {
  for (const { piece, from, to, length } of parts) {
    if (piece instanceof Uint8Array) buffer.set(piece.subarray(from, from + length), to);
    else await piece.readInto(from, buffer.subarray(to, to + length));
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, start: number): Promise<void> {
  for (let at = 0; at < bytes.length;)
    at += (await file.write(bytes, at, bytes.length - at, start + at)).bytesWritten;
}
