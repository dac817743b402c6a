/** OpenCV's 8-bit CIE Lab, four pixels of three bytes at a time; its tables lie at the beginning of the memory. */
import { i16x8, i32, i32x4, SimdFunction, u8x16, v128, type Code } from '../../simdModule.ts';
import {
  baseBits,
  fromXyz,
  inverseGammaSize,
  lightnessScale,
  lightnessShift,
  matrixBits,
  rootBits,
} from '../opencv/labTables.ts';

/** Bytes of four pixels. */
const groupBytes = 12;

/** Where the tables of the way to Lab lie: 256 x 4 sums (int32) for red, green and blue, then roots (uint16). */
export const toLabAt = { colours: [0, 4096, 8192], roots: 12_288, end: 12_288 + 8192 } as const;

/**
 * Where those of the way back lie: 256 x 4 (int32) for L, the last one a place in `values` as bytes; what
 * a and b add to it (int32); X and Z (int32); 4096 bytes of encoded colours.
 */
export const fromLabAt = {
  lightness: 0,
  a: 4096,
  b: 5120,
  encoded: 6144,
  values: 10_240,
  end: 10_240 + 4 * 36_864,
} as const;

export function labKernels(): SimdFunction[] {
  return [rgbToLabKernel(), labToRgbKernel()];
}

/** `(from, to, end)`: RGB to Lab. */
function rgbToLabKernel(): SimdFunction {
  const fn = new SimdFunction('rgbToLab', 3);
  const from = fn.variable(fn.param(0), 'i32');
  const to = fn.variable(fn.param(1), 'i32');
  const roots = [0, 1, 2].map(() => fn.variable(v128.zero));
  fn.repeat(to, fn.param(2), groupBytes, () => {
    for (const root of roots) fn.set(root, v128.zero);
    for (let pixel = 0; pixel < 4; pixel++) {
      const [r, g, b] = toLabAt.colours.map((table, c) =>
        v128.load(i32.shiftLeft(i32.load8(fn.value(from), 3 * pixel + c), 4), table),
      );
      const sum = i32x4.add(i32x4.add(r, g), b);
      const xyz = fn.keep(i32x4.shiftLeft(i32x4.shiftRight(sum, matrixBits), 1));
      for (const [c, root] of roots.entries()) {
        const entry = i32x4.lane(xyz, c);
        fn.set(root, v128.load16Lane(entry, toLabAt.roots, fn.value(root), 2 * pixel));
      }
    }
    fn.store(fn.value(to), 0, labBytes(roots.map((root) => fn.value(root))));
    fn.set(from, i32.add(fn.value(from), i32.of(groupBytes)));
  });
  return fn;
}

/** Planes of four to pixels of three bytes. */
const interleaved = [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, 12, 12, 12, 12];

function labBytes([fx, fy, fz]: readonly Code[]): Code {
  const up = 1 << (rootBits - 1);
  const scaled = (value: Code, by: number, shift: number): Code =>
    i32x4.shiftRightSigned(
      i32x4.add(i32x4.mul(value, i32x4.splat(by)), i32x4.splat(shift + up)),
      rootBits,
    );
  const l = scaled(fy, lightnessScale, lightnessShift);
  const a = scaled(i32x4.sub(fx, fy), 500, 128 << rootBits);
  const b = scaled(i32x4.sub(fy, fz), 200, 128 << rootBits);
  const bytes = u8x16.narrow(i16x8.narrow(l, a), i16x8.narrow(b, v128.zero));
  return u8x16.lanes(bytes, v128.zero, interleaved);
}

/** `(from, to, end)`: Lab to RGB, every channel cut to what it can hold. */
function labToRgbKernel(): SimdFunction {
  const fn = new SimdFunction('labToRgb', 3);
  const from = fn.variable(fn.param(0), 'i32');
  const to = fn.variable(fn.param(1), 'i32');
  const bytes = fn.variable(v128.zero);
  const [xr, , zr, xg, , zg, xb, , zb] = fromXyz;
  const byte = (at: number): Code => i32.load8(fn.value(from), at);
  fn.repeat(to, fn.param(2), groupBytes, () => {
    fn.set(bytes, v128.zero);
    for (let at = 0; at < groupBytes; at += 3) {
      const base = fn.keep(v128.load(i32.shiftLeft(byte(at), 4), fromLabAt.lightness));
      const place = fn.keep(i32x4.lane(base, 3), 'i32');
      const added = (n: number, table: number): Code =>
        i32.add(place, i32.load(i32.shiftLeft(byte(at + n), 2), table));
      const x = v128.spread32(added(1, fromLabAt.a), fromLabAt.values);
      const z = v128.spread32(added(2, fromLabAt.b), fromLabAt.values);
      const sums = i32x4.add(
        i32x4.add(base, i32x4.mul(x, i32x4.of(xr, xg, xb, 0))),
        i32x4.mul(z, i32x4.of(zr, zg, zb, 0)),
      );
      const linear = i32x4.shiftRightSigned(sums, baseBits);
      const rgb = fn.keep(
        i32x4.min(i32x4.max(linear, v128.zero), i32x4.splat(inverseGammaSize - 1)),
      );
      for (let c = 0; c < 3; c++) {
        const entry = i32x4.lane(rgb, c);
        fn.set(bytes, v128.load8Lane(entry, fromLabAt.encoded, fn.value(bytes), at + c));
      }
    }
    fn.store(fn.value(to), 0, fn.value(bytes));
    fn.set(from, i32.add(fn.value(from), i32.of(groupBytes)));
  });
  return fn;
}
