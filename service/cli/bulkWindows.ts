/** The pieces of a large file, in windows at round places. */
import type { Piece } from '../engine/picture/psd/bytes.ts';

/** So few bytes that they stay in the processor's cache between reading and writing. */
export const windowBytes = 1024 * 1024;

/** A part of the file and what it is made of. */
export interface Window {
  readonly at: number;
  readonly length: number;
  readonly parts: ReadonlyArray<{
    readonly piece: Piece;
    readonly from: number;
    readonly to: number;
    readonly length: number;
  }>;
}

/**
 * Pieces that lie in the file one after another from `start` on; every window but the first and the last begins
 * and ends at a multiple of `mostBytes`.
 */
export function* windowsOf(
  pieces: readonly Piece[],
  { start = 0, mostBytes = windowBytes } = {},
): Generator<Window> {
  let at = start;
  let length = 0;
  let parts: Array<Window['parts'][number]> = [];
  for (const piece of pieces) {
    for (let from = 0; from < piece.length;) {
      const room = mostBytes - (at % mostBytes);
      const count = Math.min(piece.length - from, room - length);
      parts.push({ piece, from, to: length, length: count });
      from += count;
      length += count;
      if (length < room) continue;
      yield { at, length, parts };
      at += length;
      length = 0;
      parts = [];
    }
  }
  if (length > 0) yield { at, length, parts };
}

/** Fills `buffer` with what the window is made of. */
export async function fillWindow({ parts }: Window, buffer: Uint8Array): Promise<void> {
  for (const { piece, from, to, length } of parts) {
    if (piece instanceof Uint8Array) buffer.set(piece.subarray(from, from + length), to);
    else await piece.readInto(from, buffer.subarray(to, to + length));
  }
}
