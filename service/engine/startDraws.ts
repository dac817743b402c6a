/** What a run starts from, with its random numbers drawn in diffusers' order. */
import type { Size } from '../../shared/geometry.ts';
import type { KnownPicture } from './diffuse.ts';
import {
  furtherChannels,
  knownPicture,
  type EncodedStart,
  type PosteriorNoise,
} from './encodeStart.ts';
import { startsFromNoise, type PipelineOptions } from './plan/pipelineOptions.ts';
import type { Tensor } from './tensor.ts';

export interface RunNoise {
  /** The start noise first, then what each step asks for. */
  readonly noise: { next(): Float32Array };
  /** Draws for VAE posteriors, from the same generator; undefined takes their mean. */
  readonly posterior: PosteriorNoise | undefined;
}

export interface StartDraws {
  readonly encoded: EncodedStart;
  /** In latents. */
  readonly size: Size;
  /** 0..1; absent for text to image. */
  readonly strength: number | undefined;
  readonly fullStrengthStart: PipelineOptions['fullStrengthStart'];
  readonly source: RunNoise;
}

export interface DrawnStart {
  readonly known: KnownPicture | undefined;
  readonly extraChannels: Tensor | undefined;
  readonly noise: RunNoise['noise'];
}

/**
 * Draws the picture's posterior, the start noise, the masked picture's posterior, in this order; the
 * last one also where an ordinary model has no use for it, the first one not where an inpainting model
 * starts from noise alone (diffusers StableDiffusionInpaintPipeline prepare_latents,
 * prepare_mask_latents). Means draw nothing, so the order is then the only one there is.
 */
export function drawStart(draws: StartDraws): DrawnStart {
  const { encoded, source, size } = draws;
  const { posterior } = source;
  const known = knownPicture(encoded, usesPicture(draws) ? posterior : undefined);
  let first: Float32Array | undefined = source.noise.next();
  const extraChannels = furtherChannels(encoded, size, posterior);
  if (!encoded.shown && !encoded.edited && encoded.mask) posterior?.(encoded.mask.length * 4);
  const noise = {
    next() {
      const drawn = first ?? source.noise.next();
      first = undefined;
      return drawn;
    },
  };
  return { known, extraChannels, noise };
}

/** Ordinary models keep known latents even where the start is noise alone. */
function usesPicture({ encoded, strength, fullStrengthStart }: StartDraws): boolean {
  if (!encoded.shown && !encoded.edited) return true;
  const { mask, content = 'picture' } = knownPicture(encoded, undefined) ?? {};
  return !startsFromNoise(fullStrengthStart, { strength, masked: mask !== undefined, content });
}
