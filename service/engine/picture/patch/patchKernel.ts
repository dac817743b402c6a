/** The inner loops of matching and voting, on vectors of 128 bits, and the memory they work in. */
import { f32x4, i32, i32x4, SimdFunction, simdModule, v128, type Code } from '../../simdModule.ts';
import { patchChannels, patchRadius } from './patchLevel.ts';

/** What is used of the global; its types belong to no runtime in particular. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: unknown };
};

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly difference: (a: number, b: number, stride: number) => void;
  readonly vote: (
    from: number,
    sums: number,
    totals: number,
    stride: number,
    totalStride: number,
  ) => void;
}

const rows = 2 * patchRadius + 1;
const rowValues = rows * patchChannels;
const pageBytes = 65_536;
/** 3 GiB. */
const mostPages = 49_152;
/** The answer lies at 0, pixels begin here. */
const dataAt = 64;
/** The weight of a vote. */
const weightAt = 16;

/**
 * A row of values in vectors of four: `each` is told the first value of every vector. The last one begins
 * where it just fits, and `kept` makes 0 of its lanes that were in the one before.
 */
function inVectors(values: number, each: (first: number, kept: (v: Code) => Code) => void): void {
  let first = 0;
  for (; first + 4 <= values; first += 4) each(first, (v) => v);
  const over = first + 4 - values;
  if (over === 4) return;
  const [x, y, z, w] = [0, 1, 2, 3].map((lane) => (lane < over ? 0 : -1));
  each(values - 4, (v) => v128.and(v, i32x4.of(x, y, z, w)));
}

/** `(a, b, stride)`: bytes of two patches' first values and of a row of the level; the answer is written to 0. */
function differenceKernel(): SimdFunction {
  const fn = new SimdFunction('difference', 3);
  const a = fn.variable(fn.param(0), 'i32');
  const b = fn.variable(fn.param(1), 'i32');
  const row = fn.variable(i32.of(0), 'i32');
  const sum = fn.variable(v128.zero);
  fn.repeat(row, i32.of(rows), 1, () => {
    inVectors(rowValues, (first, kept) => {
      const load = (from: number) => v128.load(fn.value(from), first * 4);
      const d = fn.keep(kept(f32x4.sub(load(a), load(b))));
      fn.set(sum, f32x4.add(fn.value(sum), f32x4.mul(d, d)));
    });
    for (const from of [a, b]) fn.set(from, i32.add(fn.value(from), fn.param(2)));
  });
  const halves = v128.lanes(fn.value(sum), v128.zero, [2, 3, 0, 1]);
  const pairs = fn.keep(f32x4.add(fn.value(sum), halves));
  const all = f32x4.add(pairs, v128.lanes(pairs, v128.zero, [1, 0, 3, 2]));
  fn.store32(i32.of(0), 0, all);
  return fn;
}

/**
 * `(from, sums, totals, stride, totalStride)`: adds a patch times the weight, which lies at 16, to sums of the
 * same layout, and the weight to one total a pixel. All are bytes, of first values and of rows.
 */
function voteKernel(): SimdFunction {
  const fn = new SimdFunction('vote', 5);
  const [from, sums, totals] = [0, 1, 2].map((n) => fn.variable(fn.param(n), 'i32'));
  const row = fn.variable(i32.of(0), 'i32');
  const weight = fn.keep(v128.spread32(i32.of(weightAt), 0));
  const add = (to: number, value: Code, offset: number) =>
    fn.store(fn.value(to), offset, f32x4.add(v128.load(fn.value(to), offset), value));
  fn.repeat(row, i32.of(rows), 1, () => {
    inVectors(rowValues, (first, kept) => {
      const product = f32x4.mul(v128.load(fn.value(from), first * 4), weight);
      add(sums, kept(product), first * 4);
    });
    inVectors(rows, (first, kept) => add(totals, kept(weight), first * 4));
    for (const at of [from, sums]) fn.set(at, i32.add(fn.value(at), fn.param(3)));
    fn.set(totals, i32.add(fn.value(totals), fn.param(4)));
  });
  return fn;
}

let compiled: object | undefined;

/** Room for one level's pixels at a time, and for what is voted there. */
export interface PatchKernel {
  /** The pixels' store, with these values to begin with; what lay there before is overwritten. */
  place(data: Float32Array): Float32Array;
  /** Squared difference of two patches of what was placed last, by the indices of their first values. */
  difference(a: number, b: number, strideValues: number): number;
  /** Sums and totals, all 0 again. */
  readonly clear: () => { readonly sums: Float32Array; readonly total: Float32Array };
  /** Adds the patch whose first pixel is `from` to the sums from pixel `to` on; rows of `width` pixels. */
  addVote(
    vote: { readonly from: number; readonly to: number; readonly weight: number },
    width: number,
  ): void;
}

/** Throws a RangeError when there is no memory for levels of so many pixels. */
export function patchKernel(mostPixels: number): PatchKernel {
  compiled ??= new WebAssembly.Module(simdModule([differenceKernel(), voteKernel()], 1, mostPages));
  const { memory, difference, vote } = new WebAssembly.Instance(compiled).exports as Exports;
  const dataBytes = mostPixels * patchChannels * 4;
  const [sumsAt, totalsAt] = [dataAt + dataBytes, dataAt + 2 * dataBytes];
  memory.grow(Math.ceil((totalsAt + mostPixels * 4) / pageBytes));
  const answer = new Float32Array(memory.buffer, 0, 1);
  const weights = new Float32Array(memory.buffer, weightAt, 1);
  let pixels = 0;
  return {
    place(data) {
      pixels = data.length / patchChannels;
      const placed = new Float32Array(memory.buffer, dataAt, data.length);
      placed.set(data);
      return placed;
    },
    difference(a, b, strideValues) {
      difference(dataAt + a * 4, dataAt + b * 4, strideValues * 4);
      return answer[0];
    },
    clear() {
      const sums = new Float32Array(memory.buffer, sumsAt, pixels * patchChannels);
      const total = new Float32Array(memory.buffer, totalsAt, pixels);
      sums.fill(0);
      total.fill(0);
      return { sums, total };
    },
    addVote({ from, to, weight }, width) {
      weights[0] = weight;
      const pixelBytes = patchChannels * 4;
      const strides = [width * pixelBytes, width * 4] as const;
      vote(dataAt + from * pixelBytes, sumsAt + to * pixelBytes, totalsAt + to * 4, ...strides);
    },
  };
}
