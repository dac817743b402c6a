import { mix } from '../samplers/arithmetic.ts';
import type { Latent, LatentData } from '../types.ts';

/** The noise in x at sigma, sigma above 0, that is the rest of a clean latent: (x - clean) / sigma. */
export function noiseSlope<A extends LatentData>(
  x: Latent<A>,
  clean: Latent<A>,
  sigma: number,
): Latent<A> {
  return mix(1 / sigma, x, -1 / sigma, clean);
}
