/** Kernels from bytes to as many others, piece by piece: what they work on stays near the processor. */
import { bandOutput, copyIn, marginBytes, unwritten } from './bandMemory.ts';
import { runBands } from './bands.ts';
import type { KernelMemory, PictureKernels } from './pictureKernels.ts';

/** Whole groups of four pixels of three bytes; room for one, and what vectors touch after it. */
const pieceBytes = 12 * 4096;
const roomBytes = pieceBytes + marginBytes;
/** What `overPieces` needs after the counts. */
export const piecesBytes = roomBytes;

/** The kernel `(from, to, end)` named `name` over all of `data`; `writeTables` fills the memory's first `tableBytes`. */
export function inPieces(
  name: string,
  data: Uint8Array,
  tableBytes: number,
  writeTables: (memory: KernelMemory) => void,
): Uint8Array {
  const out = unwritten(data.length);
  const { range, place, take } = bandOutput(out, pieceBytes, roomBytes);
  runBands({
    commonBytes: tableBytes,
    bandBytes: 2 * roomBytes,
    pictureBytes: 2 * data.length,
    begin: ({ kernels }) => writeTables(kernels),
    phases: [
      {
        count: Math.ceil(data.length / pieceBytes),
        mostCalls: 1,
        fill(band, room, call) {
          const { from, end } = range(band);
          const source = copyIn(room.kernels, data, { from, end, at: room.own });
          const to = place(band, room);
          call(name, source, to, to + end - from);
        },
        take,
      },
    ],
  });
  return out;
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
