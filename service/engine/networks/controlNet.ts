import type { ControlResiduals, TextContext } from '../diffusion.ts';
import { controlNetGraph } from '../graph/controlNet.ts';
import type { Tensor } from '../tensor.ts';
import type { OpenedControlNet } from '../weights/openControlNet.ts';
import { itemsOf } from './batch.ts';
import { conditionFeeds, contextItems } from './conditionFeeds.ts';
import { joinResiduals, residualsOf } from './controlResiduals.ts';
import { makeNetworkPart, type PartContext } from './networkPart.ts';
import { placeIn, weightBytesOf } from './residentNetworks.ts';

/** A control picture `[1|B,3,8h,8w]` in 0..1, and what a UNet is given at the same time. */
export interface ControlQuestion {
  readonly hint: Tensor;
  /** `[B,4+,h,w]`: an inpainting model's further channels are left out. */
  readonly latents: Tensor;
  readonly timesteps: Float32Array;
  readonly text: TextContext;
}

export interface ControlNet {
  /** Of its weights when loaded, bytes; absent: nobody counted. */
  readonly weightBytes?: number;
  /** What it adds to the UNet at full strength. Throws what running a network throws. */
  residuals(question: ControlQuestion): Promise<ControlResiduals>;
  dispose(): Promise<void>;
}

/** A ControlNet on a device; the items of a batch run one by one. */
export function makeControlNet(
  context: Omit<PartContext, 'files'>,
  { config, weights, files }: OpenedControlNet,
): ControlNet {
  const part = makeNetworkPart({ ...context, files }, { name: 'ControlNet', weights, kept: 1 });
  const { memory, abilities } = context;
  const weightBytes = weightBytesOf(weights, abilities.precision);
  const place = placeIn(memory, {
    kind: 'controlnet',
    weightBytes,
    keepsWork: true,
    dispose: () => part.dispose(),
  });

  async function answer(question: ControlQuestion): Promise<ControlResiduals> {
    const { latents, hint, text, timesteps } = question;
    const [batch, , height, width] = latents.shape;
    const tokens = text.shape[1];
    const pixels = hint.shape[2] * hint.shape[3];
    const outputs = await place.run(memory?.limits.workBytes('control', pixels) ?? 0, () =>
      part.run(
        [batch, height, width, tokens].join('x'),
        (w) => controlNetGraph(w, config, { batch, height, width, tokens }),
        { latents, hint, ...conditionFeeds(config.trunk, timesteps, text) },
      ),
    );
    return residualsOf(outputs);
  }

  return {
    weightBytes,
    async residuals({ hint, latents, timesteps, text }) {
      const hints = itemsOf(hint);
      const texts = contextItems(text);
      const questions = itemsOf(latents).map((item, i) => ({
        hint: hints[i % hints.length],
        latents: firstChannels(item, config.trunk.inChannels),
        timesteps: timesteps.subarray(i, i + 1),
        text: texts[i],
      }));
      const answers: ControlResiduals[] = [];
      for (const question of questions) answers.push(await answer(question));
      return joinResiduals(answers);
    },
    dispose: () => place.leave(),
  };
}

function firstChannels({ data, shape }: Tensor, count: number): Tensor {
  const [, channels, height, width] = shape;
  if (channels === count) return { data, shape };
  return { data: data.subarray(0, count * height * width), shape: [1, count, height, width] };
}
