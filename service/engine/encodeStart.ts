/** The picture's way into latents: VAE encoding, masked content, conditioning of inpainting models. */
import type { MaskedContent } from '../../shared/request.ts';
import type { DiffusionModel } from './diffusion.ts';
import type { KnownPicture } from './diffuse.ts';
import type { Prepared } from './picture/prepare.ts';
import type { Tensor } from './tensor.ts';

/** A VAE posterior; a run takes its mean or draws from it. */
export interface EncodedStart {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
  readonly mask: Float32Array | undefined;
  readonly paintMask: Float32Array | undefined;
  readonly content: MaskedContent;
  /** The same for what an inpainting model is shown. */
  readonly shown: { readonly mean: Float32Array; readonly deviation: Float32Array } | undefined;
}

/** Runs the VAE encoder once per picture; variants share the answer. Latents are scaled. */
export async function encodeStart(
  model: DiffusionModel,
  prepared: Prepared,
  content: MaskedContent,
): Promise<EncodedStart | undefined> {
  if (!prepared.start) return undefined;
  const posterior = await encodeScaled(model, prepared.start);
  const paints = model.facts.inChannels === 9;
  const shown = paints
    ? await encodeScaled(model, prepared.shown ?? grayLike(prepared.start))
    : undefined;
  return { ...posterior, mask: prepared.latentMask, paintMask: prepared.paintMask, content, shown };
}

async function encodeScaled(model: DiffusionModel, picture: Tensor) {
  const { mean, logVariance } = await model.encode(picture);
  const scale = model.facts.scalingFactor;
  return {
    mean: mean.data.map((v) => v * scale),
    deviation: logVariance.data.map((v) => Math.exp(v / 2) * scale),
  };
}

function grayLike(picture: Tensor): Tensor {
  return { data: new Float32Array(picture.data.length), shape: picture.shape };
}

/**
 * Draws from the posterior: as many normals as asked for, or a whole multiple of them (one latent
 * each). Undefined takes the mean.
 */
export type PosteriorNoise = (count: number) => Float32Array;

const contents = {
  original: 'picture',
  fill: 'picture',
  'latent-noise': 'noise',
  'latent-nothing': 'nothing',
} as const;

export function knownPicture(
  encoded: EncodedStart,
  draw: PosteriorNoise | undefined,
): KnownPicture {
  return {
    latent: sampleOf(encoded, draw),
    mask: encoded.mask,
    content: encoded.mask ? contents[encoded.content] : 'picture',
  };
}

function sampleOf(
  posterior: { readonly mean: Float32Array; readonly deviation: Float32Array },
  draw: PosteriorNoise | undefined,
): Float32Array {
  const { mean, deviation } = posterior;
  const count = mean.length;
  return draw?.(count).map((z, i) => mean[i % count] + deviation[i % count] * z) ?? mean;
}

/**
 * The further channels of an inpainting UNet: mask (1 = paint) and the masked picture's latent,
 * `[1,5,h,w]`. With nothing masked everything is to be painted; with no picture mid gray is shown.
 */
export function paintChannels(
  encoded: Pick<EncodedStart, 'paintMask' | 'shown'>,
  size: { readonly height: number; readonly width: number },
  draw: PosteriorNoise | undefined,
): Tensor {
  const plane = size.height * size.width;
  const data = new Float32Array(5 * plane);
  for (let i = 0; i < plane; i++) data[i] = encoded.paintMask?.[i] ?? 1;
  if (encoded.shown) data.set(sampleOf(encoded.shown, draw), plane);
  return { data, shape: [1, 5, size.height, size.width] };
}
