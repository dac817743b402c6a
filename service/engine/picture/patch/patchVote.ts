/** What a field of matches says about the hole: every patch votes for every hole pixel that it covers. */
import { inParts, type Sliced } from '../sliced.ts';
import { patchChannels, patchRadius } from './patchLevel.ts';
import type { PatchField, PlacedLevel } from './patchMatch.ts';

/** A patch one pixel deeper in the hole is believed this much less (Wexler et al., 2007). */
const confidenceBase = 1.25;
/** So that far inside a large hole weights do not vanish altogether. */
const deepest = 40;

/** Of one patch's vote. */
export const visitsPerVote = 12;

/**
 * Writes the weighted mean of all votes into the hole (Wexler, Shechtman and Irani, Space-Time
 * Completion of Video, 2007). `sharpness` is the share of the patches' distances that sets how much
 * better matches count more: 0.75 is soft, a small share nearly takes the best patch alone.
 */
export function* vote(level: PlacedLevel, field: PatchField, sharpness: number): Sliced<void> {
  const { width, height, hole, data } = level;
  const { sums, total } = yield* votes(level, field, sharpness);
  yield* inParts(height, width * 2, (from, to) => {
    for (let p = from * width; p < to * width; p++) {
      if (hole[p] === 0 || total[p] === 0) continue;
      for (let k = p * patchChannels; k < (p + 1) * patchChannels; k++)
        data[k] = sums[k] / total[p];
    }
  });
}

/**
 * Sums of weighted votes and of weights, per pixel, until the next vote; also for known pixels that patches
 * of the hole cover, where they tell how far the patches are off.
 */
export function* votes(
  level: PlacedLevel,
  field: PatchField,
  sharpness: number,
): Sliced<{ readonly sums: Float32Array; readonly total: Float32Array }> {
  const { width, kernel, targets, depth } = level;
  const spread = Math.max(1e-5, quantile(field, targets, sharpness));
  const corner = patchRadius * width + patchRadius;
  const result = kernel.clear();
  yield* inParts(targets.length, visitsPerVote, (first, end) => {
    for (let n = first; n < end; n++) {
      const t = targets[n];
      const confidence = confidenceBase ** -Math.min(deepest, depth[t]);
      const weight = confidence * Math.max(1e-6, Math.exp(-field.distance[t] / (2 * spread)));
      kernel.addVote({ from: field.match[t] - corner, to: t - corner, weight }, width);
    }
  });
  return result;
}

function quantile(field: PatchField, targets: Int32Array, share: number): number {
  const step = Math.max(1, Math.floor(targets.length / 2000));
  const sample: number[] = [];
  for (let i = 0; i < targets.length; i += step) sample.push(field.distance[targets[i]]);
  sample.sort((a, b) => a - b);
  return sample[Math.min(sample.length - 1, Math.floor(share * sample.length))] ?? 0;
}
