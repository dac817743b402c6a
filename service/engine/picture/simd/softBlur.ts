/** A separable symmetric filter over a float32 plane, along rows and then along columns, edges repeated. */
import type { Rect } from '../../../../shared/geometry.ts';
import type { Mask, SoftMask } from '../raster.ts';
import { copyIn, marginBytes } from './bandMemory.ts';
import { runBands, type BandPhase, type Call, type Room } from './bands.ts';
import type { KernelMemory } from './pictureKernels.ts';
import { positionBytes, softLines } from './softBlurKernels.ts';

export type SoftFilter =
  | {
      readonly kind: 'box';
      /** Of one pass, to either side. */
      readonly reach: number;
      readonly passes: number;
      /** Weight of both end samples against 1 inside, and what everything is multiplied by. */
      readonly end: number;
      readonly norm: number;
    }
  | {
      readonly kind: 'sampled';
      readonly reach: number;
      /** From the middle's on. */
      readonly weights: Float64Array;
    };

const multipleOf4 = (count: number): number => Math.ceil(count / softLines) * softLines;
/** Groups of lines that a band has. */
const groups = 4;
/** Rows that are read back at a time. */
const backRows = 32;

/** What is blurred, row by row into memory, and where it goes. */
interface Work {
  readonly width: number;
  readonly height: number;
  readonly filter: SoftFilter;
  /** Puts row `y` at `at` in single precision; `own` is free for it. */
  write(memory: KernelMemory, row: { y: number; at: number; own: number }, call: Call): void;
  /** Values of rows from `y` on, `stride` singles apart. */
  read(y: number, values: Float32Array, stride: number): void;
  /** Bytes from `own` on that a row needs. */
  readonly ownBytes: number;
  /** Of the largest value, where the result is to be tidied. */
  readonly peak?: (values: Float32Array) => void;
}

/** Where things lie: the weights and the plane for all, two lines of positions for each. */
interface Places {
  readonly plane: number;
  /** Bytes from row to row. */
  readonly stride: number;
  readonly lineBytes: number;
}

function placesOf({ width, height, filter }: Work): Places {
  const weightBytes = filter.kind === 'box' ? 16 : filter.weights.length * 8;
  const longest = multipleOf4(Math.max(width, height)) + 2 * filter.reach + 4;
  const plane = Math.ceil(weightBytes / 16) * 16;
  return { plane, stride: multipleOf4(width) * 4, lineBytes: longest * positionBytes };
}

/** Computed in double precision, rounded to single after either direction. */
export function blurSoftPlane(source: SoftMask, filter: SoftFilter): Float32Array {
  const { width, height, data } = source;
  const out = new Float32Array(width * height);
  run({
    width,
    height,
    filter,
    ownBytes: 0,
    write: ({ singles }, { y, at }) =>
      singles.set(data.subarray(y * width, (y + 1) * width), at / 4),
    read: (y, values, stride) => {
      for (let from = 0, to = y * width; from < values.length; from += stride, to += width)
        out.set(values.subarray(from, from + width), to);
    },
  });
  return out;
}

/**
 * The same of a mask's `area` as parts of 255, written into `out`, which is as large as the mask, without values
 * below 1e-5 and above 1. Answers the largest there was.
 */
export function blurMaskArea(
  mask: Mask,
  area: Rect,
  filter: SoftFilter,
  out: Float32Array,
): number {
  let peak = 0;
  run({
    width: area.width,
    height: area.height,
    filter,
    ownBytes: area.width + marginBytes,
    write(memory, { y, at, own }, call) {
      const from = (area.y + y) * mask.width + area.x;
      const bytes = copyIn(memory, mask.data, { from, end: from + area.width, at: own });
      call('softBytes', bytes, at, at + multipleOf4(area.width) * 4);
    },
    read(y, values, stride) {
      let to = (area.y + y) * mask.width + area.x;
      for (let from = 0; from < values.length; from += stride, to += mask.width)
        out.set(values.subarray(from, from + area.width), to);
    },
    peak: (values) => (peak = Math.max(peak, ...values)),
  });
  return peak;
}

function run(work: Work): void {
  const { width, height, filter } = work;
  const places = placesOf(work);
  const weights = filter.kind === 'box' ? [filter.end, filter.norm] : filter.weights;
  runBands({
    commonBytes: places.plane + places.stride * multipleOf4(height),
    bandBytes: 2 * places.lineBytes + groups * softLines * work.ownBytes,
    pictureBytes: width * height * 8,
    begin: ({ kernels, common }) => kernels.doubles.set(weights, common / 8),
    phases: [rowPhase(work, places), columnPhase(work, places), backPhase(work, places)],
  });
}

/** Of a group: there, three for each of at most four passes, back, and what writing its rows needs. */
const callsOfGroup = 2 + 3 * 4 + softLines;

function rowPhase(work: Work, { plane, stride, lineBytes }: Places): BandPhase {
  const { width, height, filter, ownBytes } = work;
  const rows = groups * softLines;
  const rounded = multipleOf4(width) * positionBytes;
  return {
    count: Math.ceil(height / rows),
    mostCalls: groups * callsOfGroup,
    fill(band, room, call) {
      const end = Math.min((band + 1) * rows, height);
      for (let y = band * rows; y < end; y += softLines) {
        const at = room.common + plane + y * stride;
        for (let k = 0; k < Math.min(softLines, height - y); k++) {
          const own = room.own + 2 * lineBytes + (y + k - band * rows) * ownBytes;
          work.write(room.kernels, { y: y + k, at: at + k * stride, own }, call);
        }
        const start = room.own + filter.reach * positionBytes;
        call('unpackRows', at, start, start + rounded, stride);
        const done = blurLine({ filter, lineBytes, count: width }, room, call);
        call('packRows', done, done + rounded, at, stride);
      }
    },
  };
}

function columnPhase({ width, height, filter }: Work, places: Places): BandPhase {
  const { plane, stride, lineBytes } = places;
  const columns = groups * softLines;
  const length = height * positionBytes;
  return {
    count: Math.ceil(width / columns),
    mostCalls: groups * callsOfGroup,
    fill(band, room, call) {
      const end = Math.min((band + 1) * columns, width);
      for (let x = band * columns; x < end; x += softLines) {
        const at = room.common + plane + x * 4;
        const start = room.own + filter.reach * positionBytes;
        call('unpackColumns', at, start, start + length, stride);
        const done = blurLine({ filter, lineBytes, count: height }, room, call);
        call('packColumns', done, done + length, at, stride);
      }
    },
  };
}

function backPhase(work: Work, { plane, stride }: Places): BandPhase {
  const { height, peak } = work;
  const endOf = (band: number): number => Math.min((band + 1) * backRows, height);
  return {
    count: Math.ceil(height / backRows),
    mostCalls: 1,
    fill(band, { common, own }, call) {
      const [from, end] = [band * backRows, endOf(band)].map((y) => common + plane + y * stride);
      if (peak) call('tidySoft', from, end, own);
    },
    take(band, { kernels: { singles }, common, own }) {
      const [from, end] = [band * backRows, endOf(band)].map((y) => common + plane + y * stride);
      work.read(band * backRows, singles.subarray(from / 4, end / 4), stride / 4);
      peak?.(singles.subarray(own / 4, own / 4 + 4));
    },
  };
}

/** Of `count` positions in the first line; answers where the result begins. */
function blurLine(
  line: { readonly filter: SoftFilter; readonly lineBytes: number; readonly count: number },
  { common, own }: Room,
  call: Call,
): number {
  const { filter, lineBytes, count } = line;
  const pad = filter.reach * positionBytes;
  const length = count * positionBytes;
  let [from, to] = [own, own + lineBytes];
  for (let pass = 0; pass < (filter.kind === 'box' ? filter.passes : 1); pass++) {
    const first = from + pad;
    const end = first + length;
    call('spreadSoft', first, from, first);
    call('spreadSoft', end - positionBytes, end, end + pad);
    const out = to + pad;
    if (filter.kind === 'box') {
      call('boxSoft', from, out, out + length, (2 * filter.reach - 1) * positionBytes, common);
    } else {
      call('sampledSoft', first, out, out + length, common, common + filter.weights.length * 8);
    }
    [from, to] = [to, from];
  }
  return from + pad;
}
