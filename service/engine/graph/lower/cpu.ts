/**
 * The CPU: the fused form, with a doubling and the convolution after it in four ninths of the
 * multiplications. Each of the four pixels that a pixel becomes sees only 2x2 different neighbours, so
 * it has a 2x2 kernel of its own whose entries are sums of the 3x3 kernel's.
 */
import type { Emitter } from './emitter.ts';
import { fused } from './fused.ts';
import type { Lowering } from './lowering.ts';
import { reshape } from './plain.ts';

export const cpu: Lowering = {
  ...fused,

  doubledConv(emit, { x, weight, bias }) {
    const [outChannels, inChannels] = weight.shape;
    // onnxruntime computes the sums once, while it loads the network.
    const kernels = reshape(emit, emit.weight(weight), [outChannels * inChannels, 9]);
    const phases = bothHalves.flatMap((down) =>
      bothHalves.map((right) => {
        const sums = emit.node('MatMul', [kernels, emit.reals(tapSums(down, right), [9, 4])]);
        const kernel = reshape(emit, sums, [outChannels, inChannels, 2, 2]);
        return phase(emit, [emit.value(x), kernel, ...(bias ? [emit.weight(bias)] : [])], {
          down,
          right,
        });
      }),
    );
    const stacked = emit.node('Concat', phases, { axis: 1 });
    return emit.node('DepthToSpace', [stacked], { blocksize: 2 });
  },
};

/** Of the two pixels that one becomes along an axis: 0 the first, 1 the second. */
type Half = 0 | 1;
const bothHalves: readonly Half[] = [0, 1];

/** Along one axis, the taps of the 3x3 kernel that fall on each of the two pixels seen. */
const tapsSeen: Record<Half, readonly (readonly number[])[]> = {
  0: [[0], [1, 2]],
  1: [[0, 1], [2]],
};

/** [9,4]: which entries of a 3x3 kernel add up to each entry of this phase's 2x2 kernel. */
function tapSums(down: Half, right: Half): readonly number[] {
  const sums = Array<number>(36).fill(0);
  tapsSeen[down].forEach((rows, y) => {
    tapsSeen[right].forEach((columns, x) => {
      for (const row of rows) {
        for (const column of columns) sums[(3 * row + column) * 4 + 2 * y + x] = 1;
      }
    });
  });
  return sums;
}

/** The first pixel sees one neighbour before it, the second one after it. */
function phase(
  emit: Emitter,
  inputs: readonly string[],
  { down, right }: { readonly down: Half; readonly right: Half },
): string {
  return emit.node('Conv', inputs, {
    kernel_shape: [2, 2],
    pads: [1 - down, 1 - right, down, right],
  });
}
