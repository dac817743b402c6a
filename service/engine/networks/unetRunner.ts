import type { ControlResiduals, DiffusionModel, OddSizes, TextContext } from '../diffusion.ts';
import { unetGraph } from '../graph/unet.ts';
import type { Tensor } from '../tensor.ts';
import type { OpenedCheckpoint } from '../weights/types.ts';
import { itemsOf, joinBatches } from './batch.ts';
import { conditionFeeds, contextItems } from './conditionFeeds.ts';
import { residualFeeds, residualItems } from './controlResiduals.ts';
import type { PartContext } from './networkPart.ts';
import { makeSafePrecision } from './safePrecision.ts';

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
  const options = {
    name: 'UNet',
    weights,
    kept: batches ? 2 : 1,
    adapted: { network: 'unet', layers: config.layersPerBlock },
  } as const;
  // Those of some published models overflow in 16 bits.
  const parts = makeSafePrecision(context, options, true);

  async function predictBatch(
    latents: Tensor,
    timesteps: Float32Array,
    text: TextContext,
    control: ControlResiduals | undefined,
  ): Promise<Tensor> {
    const [batch, , height, width] = latents.shape;
    const tokens = text.shape[1];
    const controlled = control !== undefined;
    const outputs = await parts.run((part) =>
      part.run(
        [batch, height, width, tokens, ...(controlled ? ['controlled'] : [])].join('x'),
        (w) => unetGraph(w, config, { batch, height, width, tokens, oddSizes, controlled }),
        { latents, ...conditionFeeds(config, timesteps, text), ...residualFeeds(control) },
      ),
    );
    return outputs['prediction'];
  }

  return {
    async predict(latents, timesteps, text, control) {
      if (batches) return predictBatch(latents, timesteps, text, control);
      const texts = contextItems(text);
      const controls = control && residualItems(control);
      const predictions: Tensor[] = [];
      for (const [i, item] of itemsOf(latents).entries()) {
        const own = timesteps.subarray(i, i + 1);
        predictions.push(await predictBatch(item, own, texts[i], controls?.[i]));
      }
      return joinBatches(predictions);
    },
    dispose: () => parts.dispose(),
  };
}
