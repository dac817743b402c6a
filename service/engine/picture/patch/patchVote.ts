/** What a field of matches says about the hole: every patch votes for every hole pixel that it covers. */
import type { PatchField } from './patchMatch.ts';
import { patchChannels, patchRadius, type PatchLevel } from './patchLevel.ts';

/** A patch one pixel deeper in the hole is believed this much less (Wexler et al., 2007). */
const confidenceBase = 1.25;
/** So that far inside a large hole weights do not vanish altogether. */
const deepest = 40;

/**
 * Writes the weighted mean of all votes into the hole (Wexler, Shechtman and Irani, Space-Time
 * Completion of Video, 2007). `sharpness` is the share of the patches' distances that sets how much
 * better matches count more: 0.75 is soft, a small share nearly takes the best patch alone.
 */
export function vote(level: PatchLevel, field: PatchField, sharpness: number): void {
  const { hole, data } = level;
  const { sums, total } = votes(level, field, { sharpness, rim: false });
  for (let p = 0; p < hole.length; p++) {
    if (hole[p] === 0 || total[p] === 0) continue;
    for (let c = 0; c < patchChannels; c++) {
      data[p * patchChannels + c] = sums[p * patchChannels + c] / total[p];
    }
  }
}

/**
 * Sums of weighted votes and of weights, per pixel; also for known pixels that patches of the hole
 * cover (`rim`), where they tell how far the patches are off.
 */
export function votes(
  level: PatchLevel,
  field: PatchField,
  form: { readonly sharpness: number; readonly rim: boolean },
): { sums: Float32Array; total: Float32Array } {
  const { width, hole, data, targets, depth } = level;
  const { sharpness, rim } = form;
  const spread = Math.max(1e-5, quantile(field, targets, sharpness));
  const sums = new Float32Array(data.length);
  const total = new Float32Array(hole.length);
  for (const t of targets) {
    const confidence = confidenceBase ** -Math.min(deepest, depth[t]);
    const weight = confidence * Math.max(1e-6, Math.exp(-field.distance[t] / (2 * spread)));
    const shift = field.match[t] - t;
    for (let dy = -patchRadius; dy <= patchRadius; dy++) {
      const row = t + dy * width;
      for (let p = row - patchRadius; p <= row + patchRadius; p++) {
        if (hole[p] === 0 && !rim) continue;
        total[p] += weight;
        const to = p * patchChannels;
        const from = (p + shift) * patchChannels;
        for (let c = 0; c < patchChannels; c++) sums[to + c] += weight * data[from + c];
      }
    }
  }
  return { sums, total };
}

function quantile(field: PatchField, targets: Int32Array, share: number): number {
  const step = Math.max(1, Math.floor(targets.length / 2000));
  const sample: number[] = [];
  for (let i = 0; i < targets.length; i += step) sample.push(field.distance[targets[i]]);
  sample.sort((a, b) => a - b);
  return sample[Math.min(sample.length - 1, Math.floor(share * sample.length))] ?? 0;
}
