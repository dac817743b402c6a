/** In which blocks of channels onnxruntime's convolutions work on this processor, found by trying. */
import { PentimentoError } from '../../../shared/errors.ts';
import { blocksDomain, encodeModel } from '../graph/onnx/model.ts';
import { loadNetwork } from '../runtime/network.ts';
import { tensor } from '../tensor.ts';

/** Channels of the picture that is tried: two blocks of the largest kind. */
const channels = 32;
const pixels = 4;

let found: Promise<number | undefined> | undefined;

/** 8 or 16; undefined where onnxruntime has no such convolutions. */
export function channelBlockOfCpu(): Promise<number | undefined> {
  found ??= tryReordering();
  return found;
}

/** Numbers that count up, brought into blocks: where the first pixel's second channel stands tells their size. */
async function tryReordering(): Promise<number | undefined> {
  const shape = [1, channels, 1, pixels];
  const counting = Float32Array.from({ length: channels * pixels }, (_, i) => i);
  const bytes = encodeModel({
    name: 'blocks',
    inputs: [{ name: 'x', type: 'float32', shape }],
    outputs: [{ name: 'y', type: 'float32', shape }],
    initializers: [],
    nodes: [
      { type: 'ReorderInput', domain: blocksDomain, inputs: ['x'], outputs: ['y'], attributes: {} },
    ],
  });
  try {
    const network = await loadNetwork(bytes, { device: 'cpu', silent: true });
    try {
      const { y } = await network.run({ x: tensor(counting, shape) });
      return [16, 8].find((size) => isInBlocks(y.data, size));
    } finally {
      await network.dispose();
    }
  } catch (error) {
    if (error instanceof PentimentoError) return undefined;
    throw error;
  }
}

/** [blocks, pixels, b of the channels], of a picture whose numbers are their own places. */
function isInBlocks(data: Float32Array, size: number): boolean {
  return data.every((value, at) => {
    const inBlock = at % (size * pixels);
    const channel = Math.floor(at / (size * pixels)) * size + (inBlock % size);
    return value === channel * pixels + Math.floor(inBlock / size);
  });
}
