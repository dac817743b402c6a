/** OpenCV's 8-bit area averages of pictures with 3 or 4 channels, in bands of rows on vectors. */
import { type Image8, newImage8 } from '../pillow/image8.ts';
import { bandOutput, copyIn, marginBytes, unwritten } from '../simd/bandMemory.ts';
import { runBands, type BandPhase, type Call, type Room } from '../simd/bands.ts';
import type { Taps } from './areaAverage8.ts';

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64 + 64;

/** Bytes of the source that a band has, or a little more. */
const wantedBytes = 128 * 1024;

/** Each pixel the average of two by two, halves up; both sides are even. */
export function halveRows(image: Image8): Image8 {
  const { channels, data } = image;
  const [width, height] = [image.width / 2, image.height / 2];
  const out = newImage8(width, height, channels, unwritten(width * height * channels));
  const inBytes = image.width * channels;
  const outBytes = width * channels;
  const rows = Math.max(1, Math.round(wantedBytes / (2 * inBytes)));
  const made = align(rows * 2 * inBytes + marginBytes);
  const { range, place, take } = bandOutput(out.data, rows * outBytes, made);
  const phase: BandPhase = {
    count: Math.ceil(height / rows),
    mostCalls: 1,
    fill(band, room, call) {
      const { from, end } = range(band);
      const source = { from: 4 * from, end: 4 * end, at: room.own };
      const at = copyIn(room.kernels, data, source);
      const to = place(band, room);
      call(`halve${channels}`, at, inBytes, to, outBytes, to + end - from);
    },
    take,
  };
  runBands({
    commonBytes: 0,
    bandBytes: made + rows * outBytes + marginBytes,
    // To hand a band over takes as long as to do it.
    pictureBytes: 0,
    phases: [phase],
  });
  return out;
}

/** The average of what each pixel covers, in single precision as the original has it. */
export function areaRows(image: Image8, xs: Taps, ys: Taps): Image8 {
  const [width, height] = [xs, ys].map(({ index, count }) => index.length / count);
  const { channels, data } = image;
  const out = newImage8(width, height, channels, unwritten(width * height * channels));
  const plan = planOf(image, out, xs, ys);
  runBands({
    commonBytes: width * 4 * (1 + xs.count),
    bandBytes: plan.made + plan.rows * width * channels + marginBytes,
    pictureBytes: data.length + out.data.length,
    begin: ({ kernels, common }) =>
      writeAcross(new DataView(kernels.words.buffer), common, { xs, channels }),
    phases: [phaseOf(plan)],
  });
  return out;
}

interface Plan {
  readonly image: Image8;
  readonly out: Image8;
  readonly xs: Taps;
  readonly ys: Taps;
  /** Of a band. */
  readonly rows: number;
  /** Where in a band the ring of rows of sums, the taps and the rows made begin. */
  readonly ring: number;
  readonly slotBytes: number;
  readonly taps: number;
  readonly made: number;
}

function planOf(image: Image8, out: Image8, xs: Taps, ys: Taps): Plan {
  const inBytes = image.width * image.channels;
  const outBytes = out.width * image.channels;
  const rows = Math.max(4, Math.round((wantedBytes * out.height) / (inBytes * image.height)));
  const ring = align(mostSourceRows(ys, rows) * inBytes + marginBytes);
  const slotBytes = align(4 * outBytes);
  const taps = ring + ys.count * slotBytes;
  const made = taps + align(8 * rows * ys.count);
  return { image, out, xs, ys, rows, ring, slotBytes, taps, made };
}

function phaseOf(plan: Plan): BandPhase {
  const { out, ys, rows, made } = plan;
  const { place, take } = bandOutput(out.data, rows * out.width * out.channels, made);
  return {
    count: Math.ceil(out.height / rows),
    mostCalls: rows + mostSourceRows(ys, rows),
    fill(band, room, call) {
      const from = band * rows;
      const end = Math.min(from + rows, out.height);
      fillRows(plan, { from, end, to: place(band, room) }, room, call);
    },
    take,
  };
}

/** The rows of the source that these are made of; those without a weight are none of them. */
function sourceRows({ index, weight, count }: Taps, from: number, end: number): [number, number] {
  let last = end * count - 1;
  while (weight[last] === 0) last--;
  return [index[from * count], index[last] + 1];
}

function mostSourceRows(ys: Taps, rows: number): number {
  const height = ys.index.length / ys.count;
  let most = 1;
  for (let y = 0; y < height; y += rows) {
    const [from, end] = sourceRows(ys, y, Math.min(y + rows, height));
    most = Math.max(most, end - from);
  }
  return most;
}

function fillRows(
  plan: Plan,
  { from, end, to }: { readonly from: number; readonly end: number; readonly to: number },
  { kernels, common, own }: Room,
  call: Call,
): void {
  const { image, out, xs, ys, ring, slotBytes } = plan;
  const { channels, data } = image;
  const [inBytes, outBytes] = [image.width * channels, out.width * channels];
  const [first, last] = sourceRows(ys, from, end);
  const source = copyIn(kernels, data, { from: first * inBytes, end: last * inBytes, at: own });
  const slotOf = (y: number): number => own + ring + (y % ys.count) * slotBytes;
  let taps = own + plan.taps;
  for (let y = from, next = first; y < end; y++) {
    const [low, high] = sourceRows(ys, y, y + 1);
    for (next = Math.max(next, low); next < high; next++) {
      const row = source + (next - first) * inBytes;
      const slot = slotOf(next);
      call(`area${channels}`, row, common, slot, slot + 4 * outBytes, 4 * xs.count);
    }
    const tapsEnd = taps + 8 * (high - low);
    for (let k = 0; k < high - low; k++) {
      kernels.words[taps / 4 + 2 * k] = slotOf(low + k);
      kernels.singles[taps / 4 + 2 * k + 1] = ys.weight[y * ys.count + k];
    }
    const row = to + (y - from) * outBytes;
    call('downAreas', taps, tapsEnd, row, row + outBytes);
    taps = tapsEnd;
  }
}

/** Taps are neighbours; those without a weight add nothing wherever they are. */
function writeAcross(
  view: DataView,
  at: number,
  { xs, channels }: { readonly xs: Taps; readonly channels: number },
): void {
  const { count, index, weight } = xs;
  for (let tap = 0, o = at; tap < index.length; tap += count) {
    view.setInt32(o, index[tap] * channels, true);
    o += 4;
    for (let k = tap; k < tap + count; k++, o += 4) view.setFloat32(o, weight[k], true);
  }
}
