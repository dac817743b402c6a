type Values =
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Int32Array
  | Float32Array
  | Float64Array;

/**
 * Fills `out` with what `value` makes of each value of `from`, and answers it. The arrays' own `from` with a function takes 250 ns
 * a value, because it asks an iterator: 0.8 s for the samples of a megapixel.
 */
export function mapInto<T extends Values>(
  out: T,
  from: ArrayLike<number>,
  value: (value: number, index: number) => number,
): T {
  for (let i = 0; i < out.length; i++) out[i] = value(from[i], i);
  return out;
}
