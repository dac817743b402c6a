/**
 * The CPU: the fused form, with two kinds of convolution in fewer multiplications where the picture is
 * large and the kernels are small. After a doubling, each of the four pixels that a pixel becomes sees
 * only 2x2 different neighbours: it has a 2x2 kernel of its own whose entries are sums of the 3x3
 * kernel's. Others go by Winograd's way. Kernels that are stored in blocks of channels are used as they lie.
 */
import type { ConvStep } from '../ir.ts';
import { blockedConv, blockedSum } from './blockedConv.ts';
import type { Emitter } from './emitter.ts';
import { fused } from './fused.ts';
import type { Lowering } from './lowering.ts';
import { reshape } from './plain.ts';
import { winograd } from './winograd.ts';

export const cpu: Lowering = {
  ...fused,

  conv: (emit, step) =>
    emit.repeated && gainsByWinograd(step)
      ? winograd(emit, step.x, step.weight, step.bias)
      : (blockedConv(emit, step) ?? fused.conv(emit, step)),

  add: (emit, step) => blockedSum(emit, step) ?? fused.add(emit, step),

  doubledConv(emit, step) {
    const { x, weight, bias } = step;
    const [outChannels, inChannels] = weight.shape;
    // At the smallest pictures the larger kernels cost more memory than they save time.
    if (x.shape[2] * x.shape[3] < 256) return fused.doubledConv(emit, step);
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

/** Fewer channels do not fill the processor; kernels of small pictures would take more memory than time they save. */
const [leastChannels, leastPixels] = [256, 4096];
/** Above this the transformed picture and kernels take more memory than the step is worth, numbers. */
const mostNumbers = 1_500_000;

function gainsByWinograd({ x, weight, stride, padding }: ConvStep): boolean {
  const [batch, channels, height, width] = x.shape;
  const [outChannels, , kernel] = weight.shape;
  const pixels = height * width;
  return (
    kernel === 3 &&
    stride === 1 &&
    padding.every((side) => side === 1) &&
    batch === 1 &&
    height % 4 === 0 &&
    width % 4 === 0 &&
    Math.min(channels, outChannels) >= leastChannels &&
    pixels >= leastPixels &&
    channels * pixels <= mostNumbers
  );
}

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
