/** Noise put back before a step (Karras et al. 2022, algorithm 2). */
import type { Latent, LatentData, NoiseSource, SamplerOptions } from '../types.ts';
import { addNoise } from './arithmetic.ts';

export interface ChurnStep {
  readonly sigma: number;
  readonly sigmaNext: number;
  /** Steps of the whole run, over which sChurn is spread. */
  readonly steps: number;
}

/**
 * The latent raised from sigma to sigmaHat. Noise is drawn at every step, used or not, as k-diffusion
 * does: what is drawn later from the same generator depends on it.
 */
export function churned<A extends LatentData>(
  x: Latent<A>,
  step: ChurnStep,
  noise: NoiseSource,
  options: SamplerOptions,
): { x: Latent<A>; sigmaHat: number } {
  const { sChurn = 0, sTmin = 0, sTmax = Infinity, sNoise = 1 } = options;
  const { sigma, sigmaNext, steps } = step;
  const inside = sigma >= sTmin && sigma <= sTmax;
  const gamma = inside ? Math.min(sChurn / steps, Math.SQRT2 - 1) : 0;
  const sigmaHat = sigma * (gamma + 1);
  const eps = noise.next(sigma, sigmaNext);
  if (gamma <= 0) return { x, sigmaHat: sigma };
  return { x: addNoise(x, eps, sNoise * Math.sqrt(sigmaHat ** 2 - sigma ** 2)), sigmaHat };
}
