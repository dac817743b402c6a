/** Rounding of float32 values to the half types, ties to even, answered as float32 values. */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The nearest bfloat16. */
export function toBfloat16(value: number): number {
  float[0] = value;
  if (Number.isNaN(value)) return value;
  const raw = bits[0]!;
  bits[0] = (raw + 0x7fff + ((raw >>> 16) & 1)) & 0xffff0000;
  return float[0];
}

/** The nearest float16 (IEEE 754 binary16); beyond 65504 infinity. */
export function toFloat16(value: number): number {
  const size = Math.abs(value);
  if (!(size < Infinity) || size === 0) return value;
  // 11 significant bits down to 2^-14, then the fixed step of the subnormals.
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const step = 2 ** (exponent - 10);
  const rounded = roundHalfToEven(size / step) * step;
  return Math.sign(value) * (rounded > 65504 ? Infinity : rounded);
}

/** Nearest integer of a value >= 0, ties to even (numpy.rint). */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
