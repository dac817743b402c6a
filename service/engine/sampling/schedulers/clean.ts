/** How schedulers limit the clean latent they are predicted. */
import { emptyLike } from '../samplers/arithmetic.ts';
import type { Latent, LatentData } from '../types.ts';
import type { Clean } from './perCall.ts';

export type CleanRule =
  /** To -range..range. */
  | { readonly kind: 'clip'; readonly range: number }
  /** Dynamic thresholding (Saharia et al. 2022): to the image's quantile, at least 1 and at most `most`. */
  | { readonly kind: 'threshold'; readonly ratio: number; readonly most: number };

export function cleanBy(rule: CleanRule | undefined): Clean | undefined {
  if (!rule) return undefined;
  if (rule.kind === 'clip') return (latent) => clipped(latent, rule.range);
  return (latent) => thresholded(latent, rule);
}

function clipped<A extends LatentData>(latent: Latent<A>, range: number): Latent<A> {
  const out = emptyLike(latent);
  for (let i = 0; i < out.data.length; i++) {
    out.data[i] = Math.min(range, Math.max(-range, latent.data[i]!));
  }
  return out;
}

function thresholded<A extends LatentData>(
  latent: Latent<A>,
  { ratio, most }: { readonly ratio: number; readonly most: number },
): Latent<A> {
  const out = emptyLike(latent);
  const size = out.data.length / latent.shape[0];
  for (let from = 0; from < out.data.length; from += size) {
    const image = latent.data.subarray(from, from + size);
    const limit = Math.min(most, Math.max(1, quantile(image, ratio)));
    for (let i = 0; i < size; i++) {
      out.data[from + i] = Math.min(limit, Math.max(-limit, image[i]!)) / limit;
    }
  }
  return out;
}

/** Of the absolute values, linear between neighbours. */
function quantile(values: LatentData, share: number): number {
  const sorted = values.map(Math.abs).sort();
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const next = sorted[Math.min(low + 1, sorted.length - 1)]!;
  return sorted[low]! + (at - low) * (next - sorted[low]!);
}
