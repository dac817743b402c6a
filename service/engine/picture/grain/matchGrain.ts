/**
 * Grain match: what is painted into a photograph is cleaner than what lies around it. The noise of both is
 * measured where they are flat, and what is missing is added: to the painted pixels only, and never taken away.
 */
import {
  boundsOfMask,
  intersectRects,
  padRect,
  rectOfSize,
  type Rect,
} from '../../../../shared/geometry.ts';
import type { GrainReport } from '../../../../shared/recipe.ts';
import { fromFloatImage, toFloatImage } from '../convert.ts';
import { cropRaster } from '../crop.ts';
import { seededRandom } from '../patch/patchMatch.ts';
import type { FloatImage, Mask, Raster } from '../raster.ts';
import { inParts, type Sliced } from '../sliced.ts';
import { blockSpectra, blockValues, isNoiseFrequency } from './blockSpectra.ts';
import { lightSteps, lightStep } from './flatBlocks.ts';
import { grainField, tapsOf } from './grainField.ts';
import { measureGrain, measureOwnGrain, type Grain } from './grainModel.ts';

/** A painted layer: its colours and mask over `bounds`, in the picture's pixels. */
interface Layer {
  readonly color: Raster;
  readonly alpha: Mask;
  readonly bounds: Rect;
}

interface GrainOptions {
  /** 0..1: share of what is missing that is added. */
  readonly strength: number;
  /** The same seed gives the same grain. */
  readonly seed: number;
}

/** Known pixels around the painted ones that are looked at: a photograph's noise is the same all over. */
const ringPx = 512;
/** Flat blocks that a step of brightness must have, around and in what was painted. */
const leastAround = 80;
const leastInside = 4;
/** Less (code value) is not seen, and may be rounding. */
const leastMissing = 0.4 / 255;
/** Where both pictures show through each other their noise averages out: at most so much more variance is added. */
const mostForAlpha = 3;
/** Of cutting out, converting and marking the surroundings. */
const visitsPerPixel = 4;

/**
 * The layer with its grain, and what was measured. Where the noise of either cannot be told, and where nothing
 * is missing, the layer comes back as it is.
 */
export function* matchGrain(
  layer: Layer,
  picture: Raster,
  options: GrainOptions,
): Sliced<{ color: Raster; report?: GrainReport }> {
  if (options.strength <= 0) return { color: layer.color };
  const painted = toFloatImage(layer.color).image;
  const around = yield* grainAround(layer, picture);
  if (!around) return { color: layer.color };
  const inside = yield* grainInside(painted, layer.alpha, around);
  if (!inside) return { color: layer.color };
  const lights = lightsOf(painted, layer.alpha);
  const before = sigmaOf(inside, lights);
  const report = { around: sigmaOf(around, lights), before, after: before };
  const missing = missingGrain(around, inside, lights);
  if (!missing) return { color: layer.color, report };
  const noisy = yield* withGrain(painted, layer.alpha, {
    ...options,
    missing,
    basis: around.basis,
  });
  const after = yield* grainInside(noisy, layer.alpha, around);
  const { channels, depth } = layer.color;
  const color = fromFloatImage(noisy, { channels: channels === 1 ? 1 : 3, depth });
  return { color, report: { ...report, after: after ? sigmaOf(after, lights) : before } };
}

/** Of the pixels that the layer does not cover; of all where it leaves too few. */
function* grainAround(layer: Layer, picture: Raster): Sliced<Grain | undefined> {
  const area = intersectRects(padRect(layer.bounds, ringPx), rectOfSize(picture));
  const { image, alpha } = toFloatImage(cropRaster(picture, area));
  const opaque = new Uint8Array(area.width * area.height).fill(1);
  yield opaque.length * visitsPerPixel;
  if (alpha) alpha.data.forEach((v, i) => v < 1 && (opaque[i] = 0));
  const known = opaque.slice();
  const { bounds } = layer;
  for (let y = 0; y < bounds.height; y++) {
    for (let x = 0; x < bounds.width; x++) {
      const i = (bounds.y + y - area.y) * area.width + bounds.x + x - area.x;
      if (layer.alpha.data[y * bounds.width + x] > 0) known[i] = 0;
    }
  }
  const usable = boundsOfMask(known, area) ? known : opaque;
  return yield* measureGrain(yield* blockSpectra(image, usable), leastAround);
}

function* grainInside(painted: FloatImage, alpha: Mask, around: Grain): Sliced<Grain | undefined> {
  const usable = alpha.data.map((v) => (v >= 128 ? 1 : 0));
  const { basis } = around;
  return yield* measureOwnGrain(yield* blockSpectra(painted, usable), {
    least: leastInside,
    basis,
  });
}

/** Which share of what is painted lies in each step of brightness. */
function lightsOf({ data }: FloatImage, alpha: Mask): number[] {
  const counts = Array.from({ length: lightSteps }, () => 0);
  let all = 0;
  for (let i = 0; i < alpha.data.length; i++) {
    if (alpha.data[i] < 128) continue;
    counts[lightStep(lightAt(data, i))]++;
    all++;
  }
  return counts.map((v) => v / Math.max(1, all));
}

function lightAt(data: Float32Array, i: number): number {
  return 0.299 * data[i * 3] + 0.587 * data[i * 3 + 1] + 0.114 * data[i * 3 + 2];
}

function meanVariance(grain: Grain, lights: readonly number[]): number {
  return grain.variance.reduce((sum, v, i) => sum + v * lights[i], 0);
}

/** Levels of 255. */
function sigmaOf(grain: Grain, lights: readonly number[]): number {
  const all = grain.shape.reduce((sum, v) => sum + v, 0) / grain.shape.length;
  return 255 * Math.sqrt(meanVariance(grain, lights) * all);
}

interface MissingGrain {
  /** As Grain's shape: 1 on average at the frequencies of noise. */
  readonly shape: Float64Array;
  /** Standard deviation of a channel at each step of brightness, code values. */
  readonly sigma: readonly number[];
}

const noiseFrequencies = Array.from({ length: 3 * blockValues }, (_, i) => i).filter((i) =>
  isNoiseFrequency(i % blockValues),
);

/** Undefined where nothing that could be seen is missing. */
function missingGrain(
  around: Grain,
  inside: Grain,
  lights: readonly number[],
): MissingGrain | undefined {
  const [out, own] = [meanVariance(around, lights), meanVariance(inside, lights)];
  const shape = around.shape.map((v, i) => Math.max(0, out * v - own * inside.shape[i]));
  const mean = noiseFrequencies.reduce((sum, i) => sum + shape[i], 0) / noiseFrequencies.length;
  const lacks = around.variance.map((v, i) => Math.max(0, v - inside.variance[i]));
  const seen = lacks.reduce((sum, v, i) => sum + v * lights[i], 0);
  if (own >= out || mean === 0 || seen < leastMissing ** 2) return undefined;
  return { shape: shape.map((v) => v / mean), sigma: lacks.map(Math.sqrt) };
}

interface Addition extends GrainOptions {
  readonly missing: MissingGrain;
  readonly basis: readonly number[];
}

function* withGrain(painted: FloatImage, alpha: Mask, how: Addition): Sliced<FloatImage> {
  const { width, height } = painted;
  const { missing, basis, strength } = how;
  const random = seededRandom(how.seed);
  const data = painted.data.slice();
  for (let c = 0; c < 3; c++) {
    const taps = tapsOf(missing.shape.subarray(c * blockValues, (c + 1) * blockValues));
    const field = yield* grainField(painted, taps, random);
    yield* inParts(height, width * 3, (from, to) => {
      for (let i = from * width; i < to * width; i++) {
        const a = alpha.data[i] / 255;
        if (a === 0) continue;
        const sigma = sigmaAt(missing.sigma, lightAt(painted.data, i));
        const share = Math.sqrt(Math.min(mostForAlpha, (2 - a) / a));
        const v = field[i] * sigma * strength * share;
        for (let k = 0; k < 3; k++) data[i * 3 + k] += v * basis[c * 3 + k];
      }
    });
  }
  return { width, height, data };
}

/** Between the middles of two steps. */
function sigmaAt(sigma: readonly number[], light: number): number {
  const at = Math.min(lightSteps - 1, Math.max(0, light * lightSteps - 0.5));
  const low = Math.floor(at);
  const high = Math.min(lightSteps - 1, low + 1);
  return sigma[low] + (sigma[high] - sigma[low]) * (at - low);
}
