import type { DiffusionModel } from '../diffusion.ts';
import { tinyVaeDecoderGraph } from '../graph/tinyVae.ts';
import { vaeDecoderGraph, vaeEncoderGraph, type PictureSize } from '../graph/vae.ts';
import { tensor, type Tensor } from '../tensor.ts';
import type { NetworkWeights, OpenedCheckpoint } from '../weights/types.ts';
import { decodeInBands, encodeInBands, type BandTools } from './bandedVae.ts';
import { itemsOf, joinBatches } from './batch.ts';
import { makeNetworkPart, type NetworkPart, type PartContext } from './networkPart.ts';
import { makeSafePrecision } from './safePrecision.ts';
import { wholeOrBands } from './wholeOrBands.ts';

type Outputs = Record<string, Tensor>;

export interface Autoencoder {
  readonly encode: DiffusionModel['encode'];
  readonly decode: DiffusionModel['decode'];
  dispose(): Promise<void>;
}

export interface AutoencoderOptions {
  /** Bytes that one picture's intermediate results may take now; Infinity: what the device gives. */
  readonly workBytes: () => number;
  /** Bytes they take when a picture of so many pixels is computed whole. */
  readonly wholeBytes: (work: 'encode' | 'decode', pixels: number) => number;
  /** Computes in float16 where the device does, until its numbers overflow. */
  readonly half?: boolean;
}

/**
 * The VAE, picture by picture: at full size, a few of its intermediate results fill the memory.
 * Pictures that do not fit, or for which the device has no memory left, are computed in bands.
 */
export function makeAutoencoder(
  context: PartContext,
  { config, weights }: OpenedCheckpoint['vae'],
  options: AutoencoderOptions,
): Autoencoder {
  // Some published autoencoders overflow in 16 bits.
  const common = { name: 'VAE', weights, kept: 2, tuning: { frugal: true } };
  const parts = makeSafePrecision(context, common, options.half ?? false);
  const downscale = 2 ** (config.blockOutChannels.length - 1);

  function compute({ name, inParts, pixels, whole, bands }: Work): Promise<Outputs> {
    const onBand = (done: number, count: number) =>
      context.onStage?.(`${inParts}, part ${done + 1} of ${count}`);
    return parts.run((part) =>
      wholeOrBands(options.wholeBytes(name, pixels), options.workBytes(), {
        whole: () => whole(part),
        free: () => part.dispose(),
        bands: (bandBytes) => bands({ part, config, bandBytes, onBand }),
      }),
    );
  }

  async function encodeOne(picture: Tensor) {
    const size = sizeOf(picture);
    const build = (w: NetworkWeights) => vaeEncoderGraph(w, config, size);
    return compute({
      name: 'encode',
      inParts: 'looking at the picture',
      pixels: size.height * size.width,
      whole: (part) => part.run(`encode ${size.height}x${size.width}`, build, { picture }),
      bands: (tools) => encodeInBands(picture, tools),
    });
  }

  async function decodeOne(latents: Tensor): Promise<Tensor> {
    const size = sizeOf(latents);
    const build = (w: NetworkWeights) => vaeDecoderGraph(w, config, size);
    const outputs = await compute({
      name: 'decode',
      inParts: 'finishing',
      pixels: size.height * size.width * downscale * downscale,
      whole: (part) => part.run(`decode ${size.height}x${size.width}`, build, { latents }),
      bands: async (tools) => ({ picture: await decodeInBands(latents, tools) }),
    });
    return outputs['picture'];
  }

  return {
    async encode(pictures) {
      const means: Tensor[] = [];
      const logVariances: Tensor[] = [];
      for (const picture of itemsOf(pictures)) {
        const outputs = await encodeOne(picture);
        means.push(outputs['mean']);
        logVariances.push(outputs['logVariance']);
      }
      return { mean: joinBatches(means), logVariance: joinBatches(logVariances) };
    },
    async decode(batch) {
      const pictures: Tensor[] = [];
      for (const latents of itemsOf(batch)) pictures.push(await decodeOne(latents));
      return joinBatches(pictures);
    },
    dispose: () => parts.dispose(),
  };
}

/** One picture through one half of the network. */
interface Work {
  readonly name: 'encode' | 'decode';
  /** What is said while it goes on in bands. */
  readonly inParts: string;
  readonly pixels: number;
  readonly whole: (part: NetworkPart) => Promise<Outputs>;
  readonly bands: (tools: BandTools) => Promise<Outputs>;
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
