/** Which blocks of a picture show nothing but its noise, by how bright they are. */
import type { BlockSpectra } from './blockSpectra.ts';

/** Noise differs between shadows and lights: each of so many steps of brightness for itself. */
export const lightSteps = 6;
/** The flattest blocks of all, with which the search begins. */
const flattestShare = 0.05;
const leastFlattest = 3;
/** Blocks of the same noise differ by less than this factor from their mean. */
const noiseSpread = 2;
const rounds = 30;

export function lightStep(light: number): number {
  return Math.min(lightSteps - 1, Math.max(0, Math.floor(light * lightSteps)));
}

/**
 * The lowest cluster of variances in each step of brightness (indices of blocks; empty where it has fewer than
 * `least`): blocks with detail have more variance than noise alone, which has nearly the same everywhere.
 */
export function flatBlocks(spectra: BlockSpectra, least: number): ReadonlyArray<readonly number[]> {
  const steps: number[][] = Array.from({ length: lightSteps }, () => []);
  for (let n = 0; n < spectra.count; n++) steps[lightStep(spectra.light[n])].push(n);
  return steps.map((blocks) => {
    const flat = blocks.length < least ? [] : lowest(blocks, spectra.variance);
    return flat.length < least ? [] : flat;
  });
}

function lowest(blocks: readonly number[], variance: Float32Array): number[] {
  const sorted = blocks.toSorted((a, b) => variance[a] - variance[b]);
  const first = Math.max(leastFlattest, Math.round(sorted.length * flattestShare));
  let count = Math.min(sorted.length, first);
  for (let round = 0; round < rounds; round++) {
    const limit = noiseSpread * meanOf(sorted.slice(0, count), variance);
    let next = count;
    while (next < sorted.length && variance[sorted[next]] <= limit) next++;
    if (next === count) break;
    count = next;
  }
  return sorted.slice(0, count);
}

export function meanOf(blocks: readonly number[], values: Float32Array): number {
  return blocks.reduce((sum, n) => sum + values[n], 0) / blocks.length;
}
