/** Exact Euclidean distances on the pixel grid. */
import type { Size } from '../geometry.ts';

/** Squared distance where nothing is inside within reach. */
const farAway = 1e12;

/**
 * For every pixel the squared distance in pixels, centre to centre, to the nearest pixel for which
 * `inside` is not 0; `farAway` (1e12) when there is none within `reachPx` (Infinity: anywhere). Linear
 * time (Felzenszwalb and Huttenlocher, Distance Transforms of Sampled Functions, 2012).
 */
export function squaredDistance(inside: Uint8Array, size: Size, reachPx: number): Float32Array {
  const { width, height } = size;
  const limit = Math.min(reachPx * reachPx, farAway);
  const distance = columnDistances(inside, size, limit);
  const envelope = {
    row: new Float64Array(width),
    vertex: new Int32Array(width),
    border: new Float64Array(width + 1),
  };
  for (let y = 0; y < height; y++) {
    const row = distance.subarray(y * width, (y + 1) * width);
    let x = 0;
    while (x < width) {
      while (x < width && row[x] === 0) x++;
      const start = x;
      while (x < width && row[x] !== 0) x++;
      if (x > start) crossGap(row, { start, end: x, limit }, envelope);
    }
  }
  return distance;
}

interface Gap {
  /** First pixel that is not inside; the one before it is, if there is one. */
  readonly start: number;
  readonly end: number;
  readonly limit: number;
}

interface Envelope {
  readonly row: Float64Array;
  readonly vertex: Int32Array;
  readonly border: Float64Array;
}

/** From distances along columns to distances in the plane: nothing beyond the gap's two ends is nearer. */
function crossGap(distance: Float32Array, gap: Gap, envelope: Envelope): void {
  const { row, vertex, border } = envelope;
  const last = Math.min(distance.length - 1, gap.end);
  let k = -1;
  for (let x = Math.max(0, gap.start - 1); x <= last; x++) {
    row[x] = distance[x];
    if (row[x] < farAway) k = pushParabola(envelope, k, x);
  }
  if (k < 0) return;
  border[k + 1] = Infinity;
  let j = 0;
  for (let x = gap.start; x < gap.end; x++) {
    while (border[j + 1] < x) j++;
    const d = x - vertex[j];
    const square = d * d + row[vertex[j]];
    distance[x] = square <= gap.limit ? square : farAway;
  }
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

function columnDistances(inside: Uint8Array, size: Size, limit: number): Float32Array {
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
      const d = steps[x] < distance[i] ? steps[x] : distance[i];
      const square = d * d;
      distance[i] = square <= limit ? square : farAway;
    }
  }
  return distance;
}
