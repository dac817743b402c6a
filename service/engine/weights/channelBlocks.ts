/**
 * The order in which the CPU's convolutions read their kernels: onnxruntime's blocked layout
 * (`OIHWBiBo` in its mlas/lib/reorder.cpp). Stored so, kernels are read where they lie.
 */
import type { StoredTensor } from './types.ts';

/** Kernels that are stored in blocks. */
export interface ChannelBlocks {
  /** Channels of a block: as many numbers as a vector of the processor holds, 8 or 16. */
  readonly size: number;
  /** Names of the weights that convolutions use and nothing else. */
  readonly names: ReadonlySet<string>;
}

/** Numbers of one row of blocks that are turned at once; larger kernels stay as they are. */
const mostNumbers = 4 * 1024 * 1024;

/** The blocks that a kernel [O,I,h,w] goes into; undefined when channels would be left over. */
export function blockSizeFor(
  name: string,
  { shape }: Pick<StoredTensor, 'shape'>,
  blocks: ChannelBlocks | undefined,
): number | undefined {
  if (!blocks?.names.has(name) || shape.length !== 4) return undefined;
  const [out, inputs, height, width] = shape;
  const { size } = blocks;
  if (out % size !== 0 || inputs % size !== 0) return undefined;
  return size * inputs * height * width <= mostNumbers ? size : undefined;
}

/** [O,I,h,w] as it is stored: [O/b, I/b, h, w, b of I, b of O]. */
export function blockedShape(shape: readonly number[], size: number): number[] {
  const [out, inputs, height, width] = shape;
  return [out / size, inputs / size, height, width, size, size];
}

/** From the axes of `blockedShape` to [O/b, b of O, I/b, b of I, h, w], which is [O,I,h,w]. */
export const unblockingOrder: readonly number[] = [0, 5, 1, 4, 2, 3];

/**
 * One row of blocks: the kernels [b,I,taps] of b output channels as [I/b, taps, b of I, b of O].
 * Both lists hold b * I * taps numbers.
 */
export function blockRow(
  kernels: Uint32Array,
  out: Uint32Array,
  { size, inputs, taps }: { readonly size: number; readonly inputs: number; readonly taps: number },
): void {
  const perOutput = inputs * taps;
  let at = 0;
  for (let first = 0; first < inputs; first += size) {
    for (let tap = 0; tap < taps; tap++) {
      for (let input = first; input < first + size; input++) {
        let from = input * taps + tap;
        for (let output = 0; output < size; output++, from += perOutput) out[at++] = kernels[from];
      }
    }
  }
}
