/** What a UNet or ControlNet is told besides the picture, as its graph takes it. */
import type { TextContext } from '../diffusion.ts';
import { timestepEmbedding } from '../graph/timestepEmbedding.ts';
import { tensor, type Tensor } from '../tensor.ts';
import type { UNetConfig } from '../weights/types.ts';
import { itemsOf } from './batch.ts';

/** Fourier features of each size number (Podell et al. 2023). */
const sizeFeatures = 256;

/**
 * Inputs `time`, `context` and, where the network has it, `added`: the pooled text and the features of
 * the sizes. Throws a RangeError when the text lacks what the network needs.
 */
export function conditionFeeds(
  config: UNetConfig,
  timesteps: Float32Array,
  text: TextContext,
): Record<string, Tensor> {
  const [batch, sinusoids] = [text.shape[0], config.blockOutChannels[0]];
  const time = tensor(timestepEmbedding(timesteps, sinusoids), [batch, sinusoids]);
  const context: Tensor = { data: text.data, shape: text.shape };
  if (config.addedWidth === 0) return { time, context };
  return { time, context, added: addedOf(config, text) };
}

function addedOf({ addedWidth }: UNetConfig, { pooled, sizes }: TextContext): Tensor {
  if (!pooled || !sizes) throw new RangeError('Expected a pooled text and sizes for this UNet');
  const [batch, width] = pooled.shape;
  const features = timestepEmbedding(sizes.data, sizeFeatures);
  const own = features.length / batch;
  const added = new Float32Array(batch * (width + own));
  for (let item = 0; item < batch; item++) {
    const at = item * (width + own);
    added.set(pooled.data.subarray(item * width, (item + 1) * width), at);
    added.set(features.subarray(item * own, (item + 1) * own), at + width);
  }
  return tensor(added, [batch, addedWidth]);
}

/** Size numbers that a UNet of this configuration takes beside a pooled vector of that width. */
export function sizeNumbersOf({ addedWidth }: UNetConfig, pooledWidth: number): number {
  return (addedWidth - pooledWidth) / sizeFeatures;
}

/** Views of the single items of a batch of contexts. */
export function contextItems({ pooled, sizes, ...states }: TextContext): TextContext[] {
  const pooledItems = pooled && itemsOf(pooled);
  const sizeItems = sizes && itemsOf(sizes);
  return itemsOf(states).map((item, i) => ({
    ...item,
    ...(pooledItems ? { pooled: pooledItems[i] } : {}),
    ...(sizeItems ? { sizes: sizeItems[i] } : {}),
  }));
}
