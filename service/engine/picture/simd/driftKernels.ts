/** Takes a drift of colours off pixels of three float32; what it works with lies at the beginning of the memory. */
import { f32x4, i32, SimdFunction, v128, type Code } from '../../simdModule.ts';

/**
 * Where it lies, bytes: ten coefficients of the colour's polynomial (three channels and a free one each), the
 * strength and the largest shift (each four times), and then places in the field (four numbers each).
 */
export const driftAt = { coefficients: 0, strength: 160, largest: 176, field: 192 } as const;
export const fieldPlaceBytes = 16;
/** A column: the byte of the place on its left (int32) and how near it is to the next one (float32, 0..1). */
export const driftColumnBytes = 8;
export const driftPixelBytes = 12;

export function driftKernels(): SimdFunction[] {
  return [takeOffKernel()];
}

/**
 * `(from, to, end, columns)`: pixels `from` with the drift taken off are written `to` .. `end` and to the four
 * bytes after them, cut to 0..1; what is no number becomes 0.
 */
function takeOffKernel(): SimdFunction {
  const fn = new SimdFunction('takeOffDrift', 4);
  const from = fn.variable(fn.param(0), 'i32');
  const to = fn.variable(fn.param(1), 'i32');
  const column = fn.variable(fn.param(3), 'i32');
  const always = i32.of(0);
  const k = Array.from({ length: 10 }, (_, n) =>
    fn.keep(v128.load(always, driftAt.coefficients + 16 * n)),
  );
  const strength = fn.keep(v128.load(always, driftAt.strength));
  const most = fn.keep(v128.load(always, driftAt.largest));
  const least = fn.keep(f32x4.sub(v128.zero, most));
  fn.repeat(to, fn.param(2), driftPixelBytes, () => {
    const place = fn.keep(i32.load(fn.value(column), 0), 'i32');
    const left = fn.keep(v128.load(place, 0));
    const step = f32x4.sub(v128.load(place, fieldPlaceBytes), left);
    const field = f32x4.add(left, f32x4.mul(step, v128.spread32(fn.value(column), 4)));
    const [r, g, b] = [0, 4, 8].map((at) =>
      fn.keep(f32x4.sub(v128.spread32(fn.value(from), at), f32x4.splat(0.5))),
    );
    const shift = f32x4.add(f32x4.add(field, k[0]), polynomial(k, [r, g, b]));
    const bounded = f32x4.max(f32x4.min(shift, most), least);
    const value = f32x4.add(v128.load(fn.value(from), 0), f32x4.mul(bounded, strength));
    fn.store(fn.value(to), 0, f32x4.min(f32x4.splat(1), f32x4.max(v128.zero, value)));
    fn.set(from, i32.add(fn.value(from), i32.of(driftPixelBytes)));
    fn.set(column, i32.add(fn.value(column), i32.of(driftColumnBytes)));
  });
  return fn;
}

/** Without the constant: the terms are r, g, b, r r, g g, b b, r g, g b, b r. */
function polynomial(k: readonly Code[], [r, g, b]: readonly Code[]): Code {
  const inner = (own: Code, ownSquare: Code, value: Code, mixed: Code, other: Code): Code =>
    f32x4.add(own, f32x4.add(f32x4.mul(ownSquare, value), f32x4.mul(mixed, other)));
  const red = f32x4.mul(r, inner(k[1], k[4], r, k[7], g));
  const green = f32x4.mul(g, inner(k[2], k[5], g, k[8], b));
  const blue = f32x4.mul(b, inner(k[3], k[6], b, k[9], r));
  return f32x4.add(red, f32x4.add(green, blue));
}
