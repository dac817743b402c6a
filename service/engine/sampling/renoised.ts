/** Diffusers' way of keeping known latents: after each step they are noised again for the next one. */
import { emptyLike } from './samplers/arithmetic.ts';
import type { Latent, LatentData, Sampler } from './types.ts';

export interface RenoisedOptions {
  /** 1 where the picture is generated, 0 where it is kept; `[h,w]` or `[B,h,w]`. */
  readonly mask: Float32Array;
  /** Scaled clean latents, `[1|B,4,h,w]`. */
  readonly known: Float32Array;
  /** The noise the run started with, of the latent's shape. */
  readonly noise: Float32Array;
  /** The plan's: its result is scaled back if it ends above 0 (start.ts). */
  readonly preserving?: boolean;
}

/**
 * The sampler with its latent replaced after each step: latent x mask + (known + sigmaNext x noise) x
 * (1 - mask) (diffusers StableDiffusionInpaintPipeline).
 */
export function withRenoisedKnown(sampler: Sampler, options: RenoisedOptions): Sampler {
  return async function* (denoise, start, sigmas, noise, samplerOptions) {
    const run = sampler(denoise, start, sigmas, noise, samplerOptions);
    let result = await run.next();
    while (!result.done) {
      const step = result.value;
      const sigma = step.sigma ?? sigmas[step.step] ?? 0;
      const ended = step.step >= (step.steps ?? sigmas.length - 1);
      // After the last step known latents are clean, also where that step ends above 0.
      const scale = ended && options.preserving ? Math.hypot(1, sigma) : 1;
      const latent = renoised(step.latent, options, { scale, sigma: ended ? 0 : sigma });
      const sent = yield { ...step, latent };
      result = await run.next(sent ?? latent);
    }
  };
}

function renoised<A extends LatentData>(
  latent: Latent<A>,
  { mask, known, noise }: RenoisedOptions,
  { scale, sigma }: { readonly scale: number; readonly sigma: number },
): Latent<A> {
  const out = emptyLike(latent);
  const plane = latent.shape[2] * latent.shape[3];
  const image = latent.shape[1] * plane;
  for (let i = 0; i < out.data.length; i++) {
    const pixel = Math.floor(i / image) * plane + (i % plane);
    const weight = mask[pixel % mask.length]!;
    const clean = scale * known[i % known.length]! + sigma * noise[i]!;
    out.data[i] = latent.data[i]! * weight + clean * (1 - weight);
  }
  return out;
}
