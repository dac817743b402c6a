import type { DiffusionModel } from '../diffusion.ts';
import { tinyVaeDecoderGraph } from '../graph/tinyVae.ts';
import { vaeDecoderGraph, vaeEncoderGraph, type PictureSize } from '../graph/vae.ts';
import { tensor, type Tensor } from '../tensor.ts';
import type { NetworkWeights, OpenedCheckpoint } from '../weights/types.ts';
import { itemsOf, joinBatches } from './batch.ts';
import { makeNetworkPart, type PartContext } from './networkPart.ts';

export interface Autoencoder {
  readonly encode: DiffusionModel['encode'];
  readonly decode: DiffusionModel['decode'];
  dispose(): Promise<void>;
}

/** The VAE, picture by picture: at full size, a few of its intermediate results fill the memory. */
export function makeAutoencoder(
  context: PartContext,
  { config, weights }: OpenedCheckpoint['vae'],
): Autoencoder {
  const part = makeNetworkPart(context, {
    name: 'VAE',
    weights,
    kept: 2,
    // Some published autoencoders overflow in float16.
    exact: true,
    tuning: { frugal: true },
  });
  return {
    async encode(pictures) {
      const means: Tensor[] = [];
      const logVariances: Tensor[] = [];
      for (const picture of itemsOf(pictures)) {
        const size = sizeOf(picture);
        const outputs = await part.run(
          `encode ${size.height}x${size.width}`,
          (w) => vaeEncoderGraph(w, config, size),
          { picture },
        );
        means.push(outputs['mean']);
        logVariances.push(outputs['logVariance']);
      }
      return { mean: joinBatches(means), logVariance: joinBatches(logVariances) };
    },
    async decode(batch) {
      const pictures: Tensor[] = [];
      for (const latents of itemsOf(batch)) {
        const size = sizeOf(latents);
        const outputs = await part.run(
          `decode ${size.height}x${size.width}`,
          (w) => vaeDecoderGraph(w, config, size),
          { latents },
        );
        pictures.push(outputs['picture']);
      }
      return joinBatches(pictures);
    },
    dispose: () => part.dispose(),
  };
}

export interface PreviewDecoder {
  readonly preview: DiffusionModel['preview'];
  dispose(): Promise<void>;
}

/** Previews by the tiny autoencoder: scaled latents [1,4,h,w] to [1,3,8h,8w] in 0..1. */
export function makePreviewDecoder(context: PartContext, weights: NetworkWeights): PreviewDecoder {
  const tuning = { frugal: true };
  const part = makeNetworkPart(context, { name: 'preview decoder', weights, kept: 1, tuning });
  return {
    async preview(latents) {
      const size = sizeOf(latents);
      const key = `${size.height}x${size.width}`;
      const outputs = await part.run(key, (w) => tinyVaeDecoderGraph(w, size), { latents });
      const { data, shape } = outputs['picture'];
      return tensor(
        data.map((value) => Math.min(1, Math.max(0, value))),
        shape,
      );
    },
    dispose: () => part.dispose(),
  };
}

function sizeOf(picture: Tensor): PictureSize {
  const [batch, , height, width] = picture.shape;
  return { batch, height, width };
}
