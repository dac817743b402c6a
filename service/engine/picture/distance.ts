/** Exact Euclidean distances on the pixel grid. */
import type { Size } from '../../../shared/geometry.ts';

/** Squared distance where nothing is inside at all. */
const farAway = 1e12;

/**
 * For every pixel the squared distance in pixels, centre to centre, to the nearest pixel for which
 * `inside` is not 0; `farAway` when there is none. Linear time (Felzenszwalb and Huttenlocher,
 * Distance Transforms of Sampled Functions, 2012).
 */
export function squaredDistance(inside: ArrayLike<number>, size: Size): Float32Array {
  const { width, height } = size;
  const distance = columnDistances(inside, size);
  const row = new Float64Array(width);
  const vertex = new Int32Array(width);
  const border = new Float64Array(width + 1);
  for (let y = 0; y < height; y++) {
    const at = y * width;
    let k = -1;
    for (let x = 0; x < width; x++) {
      const value = distance[at + x];
      row[x] = value;
      if (value >= farAway) continue;
      k = pushParabola({ row, vertex, border }, k, x);
    }
    if (k < 0) continue;
    border[k + 1] = Infinity;
    let j = 0;
    for (let x = 0; x < width; x++) {
      while (border[j + 1] < x) j++;
      const d = x - vertex[j];
      distance[at + x] = d * d + row[vertex[j]];
    }
  }
  return distance;
}

interface Envelope {
  readonly row: Float64Array;
  readonly vertex: Int32Array;
  readonly border: Float64Array;
}

function pushParabola(envelope: Envelope, last: number, x: number): number {
  const { row, vertex, border } = envelope;
  let k = last;
  let cut = -Infinity;
  while (k >= 0) {
    const v = vertex[k];
    cut = (row[x] + x * x - row[v] - v * v) / (2 * (x - v));
    if (cut > border[k]) break;
    k--;
  }
  k++;
  vertex[k] = x;
  border[k] = k === 0 ? -Infinity : cut;
  return k;
}

function columnDistances(inside: ArrayLike<number>, size: Size): Float32Array {
  const { width, height } = size;
  const distance = new Float32Array(width * height);
  const steps = new Float64Array(width).fill(Infinity);
  for (let y = 0; y < height; y++) {
    for (let x = 0, i = y * width; x < width; x++, i++) {
      steps[x] = inside[i] === 0 ? steps[x] + 1 : 0;
      distance[i] = steps[x];
    }
  }
  steps.fill(Infinity);
  for (let y = height - 1; y >= 0; y--) {
    for (let x = 0, i = y * width; x < width; x++, i++) {
      steps[x] = inside[i] === 0 ? steps[x] + 1 : 0;
      const d = Math.min(distance[i], steps[x]);
      distance[i] = d === Infinity ? farAway : d * d;
    }
  }
  return distance;
}
