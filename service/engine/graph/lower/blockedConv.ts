/**
 * Convolutions on pictures in blocks of channels, as onnxruntime's optimiser writes them for the CPU
 * (`com.microsoft.nchwc`): with kernels that are stored in that order nothing has to be turned while
 * a network loads.
 */
import type { ConvStep, StepOf } from '../ir.ts';
import type { Emitter } from './emitter.ts';

/** Undefined when the kernel is not stored in blocks, or is changed. */
export function blockedConv(emit: Emitter, step: ConvStep): string | undefined {
  const { x, weight, bias, stride, padding } = step;
  const kernels = emit.blockedKernel(weight);
  if (kernels === undefined) return undefined;
  const [out, , height, width] = weight.shape;
  const picture = emit.value(x);
  const inputs = [inBlocks(emit, picture), kernels, ...(bias ? [emit.weight(bias)] : [])];
  const result = emit.onBlocks('Conv', inputs, {
    group: 1,
    kernel_shape: [height, width],
    strides: [stride, stride],
    pads: padding,
  });
  return inPlanes(emit, result, out);
}

/** The sum of two pictures that lie in blocks already; undefined when one does not. */
export function blockedSum(emit: Emitter, { a, b, out }: StepOf<'add'>): string | undefined {
  const terms = [a, b].map((value) => emit.inBlocks.get(emit.value(value)));
  if (terms.includes(undefined) || a.shape.join() !== b.shape.join()) return undefined;
  return inPlanes(emit, emit.node('Add', terms as string[]), out.shape[1]);
}

function inBlocks(emit: Emitter, picture: string): string {
  const known = emit.inBlocks.get(picture);
  if (known !== undefined) return known;
  const blocks = emit.onBlocks('ReorderInput', [picture]);
  emit.inBlocks.set(picture, blocks);
  return blocks;
}

/** The usual form, which is left out of the model when nothing asks for it. */
function inPlanes(emit: Emitter, blocks: string, channels: number): string {
  const picture = emit.onBlocks('ReorderOutput', [blocks], { channels });
  emit.inBlocks.set(picture, blocks);
  return picture;
}
