import type { DiffusionModel, OddSizes } from '../diffusion.ts';
import { timestepEmbedding } from '../graph/timestepEmbedding.ts';
import { unetGraph } from '../graph/unet.ts';
import { tensor, type Tensor } from '../tensor.ts';
import type { OpenedCheckpoint } from '../weights/types.ts';
import { itemsOf, joinBatches } from './batch.ts';
import { makeNetworkPart, type PartContext } from './networkPart.ts';

export interface UNetRunner {
  readonly predict: DiffusionModel['predict'];
  dispose(): Promise<void>;
}

/** The UNet: a batch at once, or item by item where the device gains nothing from batches. */
export function makeUNet(
  context: PartContext,
  { config, weights }: OpenedCheckpoint['unet'],
  oddSizes: OddSizes,
): UNetRunner {
  const { batches } = context.device;
  // Each size has repacked weights of its own: on the CPU that is all of them once more.
  const part = makeNetworkPart(context, { name: 'UNet', weights, kept: batches ? 2 : 1 });

  async function predictBatch(
    latents: Tensor,
    timesteps: Float32Array,
    text: Tensor,
  ): Promise<Tensor> {
    const [batch, , height, width] = latents.shape;
    const [sinusoids, tokens] = [config.blockOutChannels[0], text.shape[1]];
    const time = tensor(timestepEmbedding(timesteps, sinusoids), [batch, sinusoids]);
    const outputs = await part.run(
      [batch, height, width, tokens].join('x'),
      (w) => unetGraph(w, config, { batch, height, width, tokens, oddSizes }),
      { latents, time, context: text },
    );
    return outputs['prediction'];
  }

  return {
    async predict(latents, timesteps, text) {
      if (batches) return predictBatch(latents, timesteps, text);
      const texts = itemsOf(text);
      const predictions: Tensor[] = [];
      for (const [i, item] of itemsOf(latents).entries()) {
        predictions.push(await predictBatch(item, timesteps.subarray(i, i + 1), texts[i]));
      }
      return joinBatches(predictions);
    },
    dispose: () => part.dispose(),
  };
}
