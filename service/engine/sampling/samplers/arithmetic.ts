/** The few vector operations that samplers are made of. Each answers a new latent. */
import type { Latent, LatentData } from '../types.ts';

/** An empty latent of the same shape and precision. */
export function emptyLike<A extends LatentData>(latent: Latent<A>): Latent<A> {
  const length = latent.data.length;
  const data =
    latent.data instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
  return { data: data as A, shape: latent.shape };
}

/** a * x + b * y. */
export function mix<A extends LatentData>(
  a: number,
  x: Latent<A>,
  b: number,
  y: Latent<A>,
): Latent<A> {
  const out = emptyLike(x);
  const to = out.data;
  const p = x.data;
  const q = y.data;
  for (let i = 0; i < to.length; i++) to[i] = a * p[i]! + b * q[i]!;
  return out;
}

/** The sum of weighted latents, at least one. */
export function weightedSum<A extends LatentData>(
  terms: readonly (readonly [number, Latent<A>])[],
): Latent<A> {
  const out = emptyLike(terms[0]![1]);
  const to = out.data;
  for (let i = 0; i < to.length; i++) {
    let sum = 0;
    for (const [weight, latent] of terms) sum += weight * latent.data[i]!;
    to[i] = sum;
  }
  return out;
}

/** x + amount * noise; x itself when the amount is 0. */
export function addNoise<A extends LatentData>(
  x: Latent<A>,
  noise: Float32Array,
  amount: number,
): Latent<A> {
  if (amount === 0) return x;
  const out = emptyLike(x);
  const to = out.data;
  const from = x.data;
  for (let i = 0; i < to.length; i++) to[i] = from[i]! + amount * noise[i]!;
  return out;
}

/**
 * A step along the straight line through x (at sigma) and its clean prediction, to sigmaNext:
 * x + (x - denoised) / sigma * (sigmaNext - sigma). At 0 it is the prediction itself.
 */
export function eulerStep<A extends LatentData>(
  x: Latent<A>,
  denoised: Latent<A>,
  sigma: number,
  sigmaNext: number,
): Latent<A> {
  if (sigmaNext === 0) return denoised;
  const share = sigmaNext / sigma;
  return mix(share, x, 1 - share, denoised);
}
