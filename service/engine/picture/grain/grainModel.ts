/** The noise of a picture as numbers: how strong at each brightness, how it is spread over frequencies and colours. */
import { blockValues, isNoiseFrequency, type BlockSpectra } from './blockSpectra.ts';
import { colorBasis, inBasis, type ColorBasis } from './colorBasis.ts';
import { isEvenNoise, visitsPerBlock } from './evenNoise.ts';
import { inParts, type Sliced } from '../sliced.ts';
import { flatBlocks, meanOf } from './flatBlocks.ts';

export interface Grain {
  /** Mean variance of a channel (code values squared) at each step of brightness. */
  readonly variance: readonly number[];
  /** Three directions of `basis` after one another: the share of each frequency; about 1 on average. */
  readonly shape: Float64Array;
  readonly basis: ColorBasis;
}

/** Of a photograph; undefined where nothing in it is flat enough to show noise alone. `least`: blocks a step. */
export function* measureGrain(spectra: BlockSpectra, least: number): Sliced<Grain | undefined> {
  const steps: Array<readonly number[]> = [];
  for (const blocks of flatBlocks(spectra, least)) {
    yield blocks.length * visitsPerBlock;
    const isNoise = blocks.length > 0 && (yield* isEvenNoise(spectra, blocks));
    steps.push(isNoise ? blocks : []);
  }
  const basisOf = (blocks: readonly number[]) => colorBasis(spectra, blocks);
  return yield* grainOf(spectra, steps, { basisOf, everyStep: leastElsewhere });
}

/**
 * Of what was painted, in the photograph's directions of colour. Fine texture counts as noise here: it hides as
 * much of it.
 */
export function* measureOwnGrain(
  spectra: BlockSpectra,
  { least, basis }: { readonly least: number; readonly basis: ColorBasis },
): Sliced<Grain | undefined> {
  const steps = flatBlocks(spectra, least);
  return yield* grainOf(spectra, steps, { basisOf: () => basis, everyStep: mostElsewhere });
}

interface Reading {
  readonly basisOf: (blocks: readonly number[]) => ColorBasis;
  /** Variances of all steps from those that are known. */
  readonly everyStep: (variance: ReadonlyArray<number | undefined>) => number[];
}

function* grainOf(
  spectra: BlockSpectra,
  steps: ReadonlyArray<readonly number[]>,
  { basisOf, everyStep }: Reading,
): Sliced<Grain | undefined> {
  const blocks = steps.flat();
  if (blocks.length === 0) return undefined;
  const known = steps.map((step) => (step.length > 0 ? meanOf(step, spectra.variance) : undefined));
  yield blocks.length * visitsPerBlock;
  const basis = basisOf(blocks);
  return { variance: everyStep(known), shape: yield* shapeOf(spectra, blocks, basis), basis };
}

function* shapeOf(
  spectra: BlockSpectra,
  blocks: readonly number[],
  basis: ColorBasis,
): Sliced<Float64Array> {
  const shape = new Float64Array(3 * blockValues);
  yield* inParts(blocks.length, visitsPerBlock, (from, to) => {
    for (const n of blocks.slice(from, to)) {
      const scale = 1 / Math.max(1e-12, spectra.variance[n]) / blocks.length;
      inBasis(spectra, n, basis).forEach((v, k) => (shape[k] += scale * v * v));
    }
  });
  for (let c = 0; c < 3; c++) {
    continueToSlopes(shape.subarray(c * blockValues, (c + 1) * blockValues));
  }
  return shape;
}

/** Frequencies next to those that slopes of brightness hide, and the next ones. */
const nearest = [3, 10, 17, 24];
const next = [4, 11, 18, 25, 32];
/** A spectrum that falls by more from 0 to the nearest ones is no grain's. */
const mostFall = 12;

/**
 * What slopes of brightness hide goes on as the spectrum does: as a Gaussian, which grain that was smoothed has
 * (the logarithm is linear in the square of the frequency).
 */
function continueToSlopes(shape: Float64Array): void {
  const [near, far] = [logMean(shape, nearest), logMean(shape, next)];
  const [nearSquare, farSquare] = [meanSquare(nearest), meanSquare(next)];
  const slope = Math.min(
    Math.log(mostFall) / nearSquare,
    Math.max(0, (near - far) / (farSquare - nearSquare)),
  );
  for (let k = 0; k < blockValues; k++) {
    if (!isNoiseFrequency(k)) shape[k] = Math.exp(near + slope * (nearSquare - square(k)));
  }
}

function square(k: number): number {
  return (k >> 3) ** 2 + (k & 7) ** 2;
}

function meanSquare(keys: readonly number[]): number {
  return keys.reduce((sum, k) => sum + square(k), 0) / keys.length;
}

function logMean(shape: Float64Array, keys: readonly number[]): number {
  return keys.reduce((sum, k) => sum + Math.log(shape[k] + 1e-12), 0) / keys.length;
}

/** Lights and shadows of one photograph do not differ by more in the variance of their noise. */
const mostBetweenSteps = 9;

/** Black and white without any noise are cut off: there it does not show (code values squared). */
const leastUncut = (0.3 / 255) ** 2;

/** Steps that nothing is known of have the least noise of the others, but for those that are cut off. */
function leastElsewhere(variance: ReadonlyArray<number | undefined>): number[] {
  const last = variance.length - 1;
  const telling = variance.filter(
    (v, i) => v !== undefined && (v > leastUncut || (i > 0 && i < last)),
  );
  const least = Math.min(...telling.filter((v) => v !== undefined));
  if (!Number.isFinite(least)) return variance.map((v) => v ?? 0);
  return variance.map((v) => Math.min(v ?? least, least * mostBetweenSteps));
}

/** What is not known of painted steps shall rather be too much: less is added then. */
function mostElsewhere(variance: ReadonlyArray<number | undefined>): number[] {
  const most = Math.max(...variance.filter((v) => v !== undefined));
  return variance.map((v) => v ?? most);
}
