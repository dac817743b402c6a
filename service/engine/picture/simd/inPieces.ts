/** Kernels from bytes to as many others, piece by piece: what they work on stays near the processor. */
import type { PictureKernels } from './pictureKernels.ts';

/** Whole groups of four pixels of three bytes. */
const pieceBytes = 12 * 2048;
/** A piece, and what vectors touch after it. */
const roomBytes = pieceBytes + 64;
/** What pieces need after the tables. */
export const piecesBytes = 2 * roomBytes;

/** Runs the kernel `(from, to, end)` named `name` over `data`; memory from `at` on is free for it. */
export function inPieces(
  { run, bytes }: PictureKernels,
  name: string,
  work: { readonly data: Uint8Array; readonly out: Uint8Array; readonly at: number },
): void {
  const { data, out, at } = work;
  const kernel = run[name];
  const to = at + roomBytes;
  for (let i = 0; i < out.length; i += pieceBytes) {
    const piece = data.subarray(i, Math.min(i + pieceBytes, out.length));
    bytes.set(piece, at);
    kernel(at, to, to + piece.length);
    out.set(bytes.subarray(to, to + piece.length), i);
  }
}

/** Runs the kernel `(from, end)` over the whole groups of `groupBytes` in `data`; answers how many bytes that were. */
export function overPieces(
  { run, bytes }: PictureKernels,
  name: string,
  work: { readonly data: Uint8Array; readonly at: number; readonly groupBytes: number },
): number {
  const { data, at, groupBytes } = work;
  const whole = data.length - (data.length % groupBytes);
  for (let i = 0; i < whole; i += pieceBytes) {
    const piece = data.subarray(i, Math.min(i + pieceBytes, whole));
    bytes.set(piece, at);
    run[name](at, at + piece.length);
  }
  return whole;
}
