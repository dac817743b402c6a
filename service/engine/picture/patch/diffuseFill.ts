/** A smooth fill: the colours around a hole spread into it like heat (a membrane). */
import type { FloatImage, Mask } from '../raster.ts';
import { drain, inParts, type Sliced } from '../sliced.ts';

/** Relaxations per level, from coarse to fine; the coarse levels have done the far-reaching work. */
const relaxations = 12;

/**
 * The picture with all that is selected replaced by a smooth continuation of its surroundings
 * (Laplace's equation over a pyramid). Partly selected pixels are mixed by their level; pixels with
 * level 0 keep every bit. A picture that is selected altogether becomes mid gray. Throws a RangeError
 * when the sizes differ.
 */
export function diffuseFill(image: FloatImage, hole: Mask): FloatImage {
  if (hole.width !== image.width || hole.height !== image.height) {
    throw new RangeError(
      `Expected a mask of ${image.width}x${image.height} but received ${hole.width}x${hole.height}`,
    );
  }
  const { width, height } = image;
  const weights = new Float32Array(hole.data.length);
  for (let i = 0; i < weights.length; i++) weights[i] = hole.data[i] === 0 ? 1 : 0;
  const filled = drain(membrane({ width, height, data: image.data, weights }));
  const data = image.data.slice();
  for (let i = 0; i < hole.data.length; i++) {
    const level = hole.data[i];
    if (level === 0) continue;
    for (let k = i * 3; k < i * 3 + 3; k++) {
      data[k] = level === 255 ? filled[k] : data[k] + (filled[k] - data[k]) * (level / 255);
    }
  }
  return { width, height, data };
}

interface WeightedColors {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
  /** 1 where the colour is known, 0 where it is to be found, between at coarse cells that are partly known. */
  readonly weights: Float32Array;
}

/** RGB everywhere: what has a weight stays, the rest becomes a membrane between; any numbers, not only colours. */
export function* membrane(level: WeightedColors): Sliced<Float32Array> {
  const { width, height, weights } = level;
  const data = level.data.slice();
  if (!weights.includes(0)) return data;
  if (width <= 2 && height <= 2) {
    fillWithMean(data, weights);
    return data;
  }
  const coarse = yield* halved(level);
  const below = yield* membrane(coarse);
  const unknown = zerosOf(weights);
  yield* inParts(unknown.length, 4, (from, to) => {
    writeEnlarged(below, coarse, { data, unknown: unknown.subarray(from, to), width });
  });
  yield* relax(data, unknown, { width, height });
  return data;
}

function fillWithMean(data: Float32Array, weights: Float32Array): void {
  const sum = [0, 0, 0];
  let total = 0;
  for (let i = 0; i < weights.length; i++) {
    total += weights[i];
    for (let c = 0; c < 3; c++) sum[c] += weights[i] * data[i * 3 + c];
  }
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] > 0) continue;
    for (let c = 0; c < 3; c++) data[i * 3 + c] = total > 0 ? sum[c] / total : 0.5;
  }
}

/** Means over what is known of each 2 x 2 pixels. */
function* halved(level: WeightedColors): Sliced<WeightedColors> {
  const width = (level.width + 1) >> 1;
  const height = (level.height + 1) >> 1;
  const data = new Float32Array(width * height * 3);
  const weights = new Float32Array(width * height);
  yield* inParts(height, width * 5, (from, to) => {
    addRows(
      level,
      { from: 2 * from, to: Math.min(level.height, 2 * to) },
      { width, data, weights },
    );
    for (let i = from * width; i < to * width; i++) {
      if (weights[i] === 0) continue;
      for (let c = 0; c < 3; c++) data[i * 3 + c] /= weights[i];
      weights[i] = Math.min(1, weights[i]);
    }
  });
  return { width, height, data, weights };
}

function addRows(
  level: WeightedColors,
  rows: { readonly from: number; readonly to: number },
  out: { readonly width: number; readonly data: Float32Array; readonly weights: Float32Array },
): void {
  for (let y = rows.from; y < rows.to; y++) {
    for (let x = 0; x < level.width; x++) {
      const from = y * level.width + x;
      const w = level.weights[from];
      if (w === 0) continue;
      const to = (y >> 1) * out.width + (x >> 1);
      out.weights[to] += w;
      for (let c = 0; c < 3; c++) out.data[to * 3 + c] += w * level.data[from * 3 + c];
    }
  }
}

function zerosOf(weights: Float32Array): Int32Array {
  const places = new Int32Array(weights.length);
  let count = 0;
  for (let i = 0; i < weights.length; i++) if (weights[i] === 0) places[count++] = i;
  return places.subarray(0, count);
}

/** Unknown pixels from the level below, bilinear. */
function writeEnlarged(
  below: Float32Array,
  coarse: { readonly width: number; readonly height: number },
  to: { readonly data: Float32Array; readonly unknown: Int32Array; readonly width: number },
): void {
  const { data, unknown, width } = to;
  const lastX = coarse.width - 1;
  const lastY = coarse.height - 1;
  for (let n = 0; n < unknown.length; n++) {
    const i = unknown[n];
    const x = i % width;
    const fx = Math.min(lastX, Math.max(0, (x - 0.5) / 2));
    const fy = Math.min(lastY, Math.max(0, ((i - x) / width - 0.5) / 2));
    const x0 = Math.floor(fx);
    const y0 = Math.floor(fy);
    const tx = fx - x0;
    const ty = fy - y0;
    const top = y0 * coarse.width;
    const low = Math.min(lastY, y0 + 1) * coarse.width;
    const x1 = Math.min(lastX, x0 + 1);
    for (let c = 0; c < 3; c++) {
      const upper = below[(top + x0) * 3 + c] * (1 - tx) + below[(top + x1) * 3 + c] * tx;
      const lower = below[(low + x0) * 3 + c] * (1 - tx) + below[(low + x1) * 3 + c] * tx;
      data[i * 3 + c] = upper * (1 - ty) + lower * ty;
    }
  }
}

/** Gauss and Seidel's iteration: each unknown pixel becomes the mean of its neighbours, forth and back. */
function* relax(
  data: Float32Array,
  unknown: Int32Array,
  size: { readonly width: number; readonly height: number },
): Sliced<void> {
  for (let round = 0; round < relaxations; round++) {
    yield* inParts(unknown.length, 1, (from, to) => {
      for (let k = from; k < to; k++) {
        toMeanOfNeighbours(data, unknown[round % 2 === 0 ? k : unknown.length - 1 - k], size);
      }
    });
  }
}

function toMeanOfNeighbours(
  data: Float32Array,
  i: number,
  { width, height }: { readonly width: number; readonly height: number },
): void {
  const x = i % width;
  const left = (x > 0 ? i - 1 : i) * 3;
  const right = (x < width - 1 ? i + 1 : i) * 3;
  const up = (i >= width ? i - width : i) * 3;
  const down = (i < width * (height - 1) ? i + width : i) * 3;
  const at = i * 3;
  data[at] = (data[left] + data[right] + data[up] + data[down]) / 4;
  data[at + 1] = (data[left + 1] + data[right + 1] + data[up + 1] + data[down + 1]) / 4;
  data[at + 2] = (data[left + 2] + data[right + 2] + data[up + 2] + data[down + 2]) / 4;
}
