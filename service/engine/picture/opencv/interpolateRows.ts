/** OpenCV's 8-bit interpolation of pictures with 3 or 4 channels, in bands of rows on vectors. */
import { type Image8, newImage8 } from '../pillow/image8.ts';
import { bandOutput, copyIn, marginBytes, unwritten } from '../simd/bandMemory.ts';
import { runBands, type BandPhase, type Call, type Room } from '../simd/bands.ts';
import { sumsName, tapBytes } from '../simd/interpolateKernels.ts';
import type { KernelMemory } from '../simd/pictureKernels.ts';
import type { Taps } from './areaAverage8.ts';

/** Bytes of the picture read and the picture made that a band has, or a little more. */
const wantedBytes = 192 * 1024;
/** Fewer rows of a picture would be read for more than one band too often. */
const leastRows = 8;

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64 + 64;

/** Sizes of a band's parts, one after the other: rows of the source, their sums, taps, rows made. */
interface Plan {
  readonly image: Image8;
  readonly out: Image8;
  readonly xs: Taps;
  readonly ys: Taps;
  readonly channels: 3 | 4;
  /** Of a band. */
  readonly rows: number;
  readonly sourceBytes: number;
  readonly rowBytes: number;
  readonly sumBytes: number;
  readonly tapBytes: number;
  readonly bandBytes: number;
}

function planOf(image: Image8, xs: Taps, ys: Taps): Plan {
  const channels = image.channels === 4 ? 4 : 3;
  const [width, height] = [xs, ys].map(({ index, count }) => index.length / count);
  const out = newImage8(width, height, channels, unwritten(width * height * channels));
  const [inBytes, outBytes] = [image.width * channels, width * channels];
  const perRow = outBytes + (inBytes * image.height) / height;
  const rows = Math.max(leastRows, Math.round(wantedBytes / perRow));
  const mostRows = mostSourceRows(ys, rows);
  // Each of the runs may be moved by up to seven bytes.
  const sourceBytes = align(mostRows * inBytes + 8 * rows + marginBytes);
  const rowBytes = align(bytesOfSums(xs) * outBytes);
  const sumBytes = mostRows * rowBytes;
  const tapBytes = align(rows * ys.count * 8);
  const bandBytes = sourceBytes + sumBytes + tapBytes + rows * outBytes + marginBytes;
  const sizes = { rows, sourceBytes, rowBytes, sumBytes, tapBytes, bandBytes };
  return { image, out, xs, ys, channels, ...sizes };
}

/** Those of two taps need 16 bits, of more 32. */
function bytesOfSums(xs: Taps): number {
  return xs.count === 2 ? 2 : 4;
}

type Rows = readonly [from: number, end: number];

/** The rows of the source that these are made of, those that are neighbours together. */
function sourceRows({ index, count }: Taps, from: number, end: number): Rows[] {
  const runs: [number, number][] = [];
  for (let k = from * count; k < end * count; k += count) {
    const run = runs.at(-1);
    const after = index[k + count - 1] + 1;
    if (run && index[k] <= run[1]) run[1] = Math.max(run[1], after);
    else runs.push([index[k], after]);
  }
  return runs;
}

function mostSourceRows(ys: Taps, rows: number): number {
  const height = ys.index.length / ys.count;
  let most = 1;
  for (let y = 0; y < height; y += rows) {
    const runs = sourceRows(ys, y, Math.min(y + rows, height));
    const sum = runs.reduce((total, [from, end]) => total + end - from, 0);
    most = Math.max(most, sum);
  }
  return most;
}

/**
 * For every position the byte offset of its first tap and the weights in pairs. Taps are neighbours: where
 * some were clamped to the picture, those inside have their weights.
 */
function writeAcross({ words }: KernelMemory, at: number, plan: Plan): void {
  const { xs, channels } = plan;
  const { count, index, weight } = xs;
  const last = Math.max(0, plan.image.width - count);
  const inside = new Int32Array(count);
  let o = at / 4;
  for (let tap = 0; tap < index.length; tap += count) {
    const first = Math.min(index[tap], last);
    words[o++] = first * channels;
    const areAll = index[tap + count - 1] - index[tap] === count - 1;
    const weights = areAll ? weight : inside;
    const from = areAll ? tap : 0;
    if (!areAll) {
      inside.fill(0);
      for (let k = tap; k < tap + count; k++) inside[index[k] - first] += weight[k];
    }
    for (let k = from; k < from + count; k += 2)
      words[o++] = (weights[k] & 0xffff) | (weights[k + 1] << 16);
  }
  // Two positions are made at a time.
  words.fill(0, o, o + 1 + count / 2);
}

/** `xs`, `ys`: 2, 4 or 8 neighbours for every position with weights in 2048ths, clamped to the picture. */
export function interpolateRows(image: Image8, xs: Taps, ys: Taps): Image8 {
  const plan = planOf(image, xs, ys);
  const { out, bandBytes } = plan;
  const places = xs.index.length / xs.count + 1;
  runBands({
    commonBytes: places * tapBytes(xs.count / 2),
    bandBytes,
    pictureBytes: image.data.length + out.data.length,
    begin: ({ kernels, common }) => writeAcross(kernels, common, plan),
    phases: [phaseOf(plan)],
  });
  return out;
}

function phaseOf(plan: Plan): BandPhase {
  const { out, rows, sourceBytes, sumBytes, tapBytes } = plan;
  const made = sourceBytes + sumBytes + tapBytes;
  const { place, take } = bandOutput(out.data, rows * out.width * out.channels, made);
  return {
    count: Math.ceil(out.height / rows),
    mostCalls: rows + 1,
    fill(band, room, call) {
      const from = band * rows;
      const end = Math.min(from + rows, out.height);
      fillRows(plan, { from, end, to: place(band, room) }, room, call);
    },
    take,
  };
}

function fillRows(
  plan: Plan,
  { from, end, to }: { readonly from: number; readonly end: number; readonly to: number },
  { kernels, common, own }: Room,
  call: Call,
): void {
  const { image, out, xs, ys, channels, rowBytes } = plan;
  const { count, index, weight } = ys;
  const [inBytes, outBytes] = [image.width * channels, out.width * channels];
  const across = sumsName(channels, xs.count / 2);
  const length = bytesOfSums(xs) * outBytes;
  const { words } = kernels;
  let at = own;
  let sums = own + plan.sourceBytes;
  let taps = sums + plan.sumBytes;
  const list = taps;
  let k = from * count;
  for (const [first, after] of sourceRows(ys, from, end)) {
    const range = { from: first * inBytes, end: after * inBytes, at };
    const source = copyIn(kernels, image.data, range);
    const sumsEnd = sums + (after - first) * rowBytes;
    call(across, source, inBytes, common, sums, rowBytes, sumsEnd, length);
    for (; k < end * count && index[k] < after; k++, taps += 8) {
      words[taps / 4] = sums + (index[k] - first) * rowBytes;
      words[taps / 4 + 1] = weight[k];
    }
    at = source + range.end - range.from;
    sums = sumsEnd;
  }
  const down = count === 2 ? 'downLinear' : 'downSums';
  call(down, list, 8 * count, to, outBytes, to + (end - from) * outBytes);
}
