import { emptyLike } from '../samplers/arithmetic.ts';
import type { Latent, LatentData } from '../types.ts';

/**
 * A latent at one level as the same variance-preserving latent at another: what a scheduler hands to a
 * call whose timestep is not where its step ended.
 */
export function atLevel<A extends LatentData>(
  latent: Latent<A>,
  from: number,
  to: number,
): Latent<A> {
  if (from === to) return latent;
  const scale = Math.hypot(1, to) / Math.hypot(1, from);
  const out = emptyLike(latent);
  for (let i = 0; i < out.data.length; i++) out.data[i] = latent.data[i]! * scale;
  return out;
}
