/** Whether blocks show noise or the texture of things. */
import { blockValues, isNoiseFrequency, type BlockSpectra } from './blockSpectra.ts';
import { colorBasis, inBasis } from './colorBasis.ts';
import { inParts, type Sliced } from '../sliced.ts';
import { meanOf } from './flatBlocks.ts';

/**
 * Over chance. Measured: made noise 0.9 to 1.1, faint grain that JPEG has worked over 1.0 to 2.6, textures
 * (grass, rock, cloth, wood) 1.8 to 7; JPEG does little to strong grain.
 */
const mostUneven = { faint: 3, strong: 1.6 };
/** Standard deviations, code values: from here on grain is strong, and from there on no photograph's. */
const strong = 3 / 255;
const strongest = 16 / 255;

/** Of each block once. */
export const visitsPerBlock = 400;

const across = (k: number): boolean => (k & 7) > k >> 3;
const along = (k: number): boolean => k >> 3 > (k & 7);
const fine = (k: number): boolean => (k >> 3) + (k & 7) >= 7;
const coarse = (k: number): boolean => !fine(k);

/**
 * Noise has the same spectrum everywhere, so that two halves of a block's energy (across and along, coarse and
 * fine) differ by chance alone; texture has a direction and a size here, and others there.
 */
export function* isEvenNoise(spectra: BlockSpectra, blocks: readonly number[]): Sliced<boolean> {
  const sigma = Math.sqrt(meanOf(blocks, spectra.variance));
  if (sigma > strongest) return false;
  const most = sigma < strong ? mostUneven.faint : mostUneven.strong;
  const halves = [
    [across, along],
    [coarse, fine],
  ] as const;
  const basis = colorBasis(spectra, blocks);
  const energies: Float64Array[] = [];
  const mean = new Float64Array(3 * blockValues);
  yield* inParts(blocks.length, visitsPerBlock, (from, to) => {
    for (const n of blocks.slice(from, to)) {
      const energy = inBasis(spectra, n, basis).map((v) => v * v);
      const scale = 1 / (spectra.variance[n] || 1);
      energy.forEach((v, k) => (mean[k] += v * scale));
      energies.push(energy);
    }
  });
  return halves.every(([a, b]) => unevenness(energies, mean, [a, b]) <= most);
}

/**
 * The variance over the blocks of log(half a / half b), over what chance makes of it: 2 / n for each half, n the
 * effective number of its independent coefficients.
 */
function unevenness(
  energies: readonly Float64Array[],
  mean: Float64Array,
  halves: readonly [(k: number) => boolean, (k: number) => boolean],
): number {
  const [a, b] = halves.map((isIn) =>
    Array.from(mean.keys()).filter(
      (k) => isNoiseFrequency(k % blockValues) && isIn(k % blockValues),
    ),
  );
  const ratios = energies.map((energy) =>
    Math.log((sumOf(energy, a) + 1e-14) / (sumOf(energy, b) + 1e-14)),
  );
  const middle = ratios.reduce((sum, v) => sum + v, 0) / ratios.length;
  const spread = ratios.reduce((sum, v) => sum + (v - middle) ** 2, 0) / ratios.length;
  const chance = 2 / effectiveNumber(mean, a) + 2 / effectiveNumber(mean, b);
  return spread / chance;
}

function sumOf(values: Float64Array, keys: readonly number[]): number {
  let sum = 0;
  for (const k of keys) sum += values[k];
  return sum;
}

function effectiveNumber(mean: Float64Array, keys: readonly number[]): number {
  const squares = keys.reduce((sum, k) => sum + mean[k] ** 2, 0);
  return squares > 0 ? sumOf(mean, keys) ** 2 / squares : 1;
}
