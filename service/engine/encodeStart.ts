/** The picture's way into latents: VAE encoding, masked content, conditioning of inpainting and edit models. */
import type { Size } from '../../shared/geometry.ts';
import type { MaskedContent } from '../../shared/request.ts';
import type { DiffusionModel } from './diffusion.ts';
import type { KnownPicture } from './diffuse.ts';
import type { Prepared } from './picture/prepare.ts';
import { resizeLatent } from './picture/webui/latentResize.ts';
import type { Tensor } from './tensor.ts';

/** A VAE posterior in scaled latents; a run takes its mean or draws from it. */
export interface Posterior {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

export interface EncodedStart {
  /** Absent for text to image. */
  readonly posterior: Posterior | undefined;
  readonly mask: Float32Array | undefined;
  readonly paintMask: Float32Array | undefined;
  readonly content: MaskedContent;
  /** What an inpainting model is shown; absent for others. */
  readonly shown: Posterior | undefined;
  /** What an edit model is shown: the picture's latent, not scaled; zeros without one; absent for others. */
  readonly edited: Float32Array | undefined;
}

export interface EncodeOptions {
  readonly content: MaskedContent;
  /** In latents. A picture of another size is encoded as it is and its latents are resized. */
  readonly size: Size;
  /** How far an inpainting model's picture is masked: 1 gray in the hole, 0 not at all. */
  readonly maskedPictureWeight: number;
}

/** Runs the VAE encoder once per picture; variants share the answer. */
export async function encodeStart(
  model: DiffusionModel,
  prepared: Prepared,
  options: EncodeOptions,
): Promise<EncodedStart> {
  const { size, content } = options;
  const { inChannels, scalingFactor } = model.facts;
  const { start } = prepared;
  const posterior = start && (await encodeScaled(model, start, size));
  const shown =
    inChannels === 9
      ? await encodeScaled(model, shownPicture(model, prepared, options), size)
      : undefined;
  const latents = posterior?.mean ?? new Float32Array(4 * size.width * size.height);
  return {
    posterior,
    mask: prepared.latentMask,
    paintMask: prepared.paintMask,
    content,
    shown,
    edited: inChannels === 8 ? latents.map((v) => v / scalingFactor) : undefined,
  };
}

async function encodeScaled(
  model: DiffusionModel,
  picture: Tensor,
  size: Size,
): Promise<Posterior> {
  const { mean, logVariance } = await model.encode(picture);
  const scale = model.facts.scalingFactor;
  const [, , height, width] = mean.shape;
  const fitted = (data: Float32Array) =>
    width === size.width && height === size.height
      ? data
      : resizeLatent(data, { width, height }, size, { kernel: 'bilinear', antialias: false });
  return {
    mean: fitted(mean.data.map((v) => v * scale)),
    deviation: fitted(logVariance.data.map((v) => Math.exp(v / 2) * scale)),
  };
}

/** The picture towards its masked self by a weight; mid gray where nothing is known. */
function shownPicture(
  { facts }: DiffusionModel,
  { start, shown }: Prepared,
  { size, maskedPictureWeight: weight }: EncodeOptions,
): Tensor {
  if (!start) return gray([1, 3, size.height * facts.downscale, size.width * facts.downscale]);
  const masked = shown ?? gray(start.shape);
  if (weight === 1) return masked;
  const data = start.data.map((v, i) => v + weight * (masked.data[i] - v));
  return { data, shape: start.shape };
}

function gray(shape: readonly number[]): Tensor {
  return { data: new Float32Array(shape.reduce((product, side) => product * side, 1)), shape };
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

/** Undefined for text to image. */
export function knownPicture(
  encoded: EncodedStart,
  draw: PosteriorNoise | undefined,
): KnownPicture | undefined {
  if (!encoded.posterior) return undefined;
  return {
    latent: sampleOf(encoded.posterior, draw),
    mask: encoded.mask,
    content: encoded.mask ? contents[encoded.content] : 'picture',
  };
}

function sampleOf({ mean, deviation }: Posterior, draw: PosteriorNoise | undefined): Float32Array {
  const count = mean.length;
  return draw?.(count).map((z, i) => mean[i % count] + deviation[i % count] * z) ?? mean;
}

/**
 * The UNet's channels after the latent's own: for an inpainting model mask (1 = paint; everything where
 * there is none) and the masked picture's latent, `[1,5,h,w]`; for an edit model the picture, `[1,4,h,w]`.
 */
export function furtherChannels(
  encoded: Pick<EncodedStart, 'paintMask' | 'shown' | 'edited'>,
  size: Size,
  draw: PosteriorNoise | undefined,
): Tensor | undefined {
  const { shown, edited, paintMask } = encoded;
  const { width, height } = size;
  if (edited) return { data: edited, shape: [1, 4, height, width] };
  if (!shown) return undefined;
  const plane = height * width;
  const data = new Float32Array(5 * plane);
  for (let i = 0; i < plane; i++) data[i] = paintMask?.[i] ?? 1;
  data.set(sampleOf(shown, draw), plane);
  return { data, shape: [1, 5, height, width] };
}
