/** Stored numbers as float32: exact for every 16- and 8-bit format. */
import type { StoredType } from './types.ts';

/** Writes `source.length` values to `out`; both hold the same tensor's elements in order. */
type Convert = (source: Uint8Array, out: Uint32Array) => void;

/** IEEE 754 binary16 -> binary32, by moving exponent and fraction; the rare zeros, subnormals and infinities apart. */
function float16(source: Uint8Array, out: Uint32Array): void {
  const half = new Uint16Array(source.buffer, source.byteOffset, out.length);
  for (let i = 0; i < out.length; i++) {
    const h = half[i];
    const exponent = h & 0x7c00;
    if (exponent !== 0 && exponent !== 0x7c00) {
      // 112: difference of the two formats' exponent biases.
      out[i] = ((h & 0x8000) << 16) | (((h & 0x7fff) << 13) + (112 << 23));
    } else {
      out[i] = unusualHalf(h);
    }
  }
}

function unusualHalf(h: number): number {
  const sign = (h & 0x8000) << 16;
  const fraction = h & 0x3ff;
  if ((h & 0x7c00) !== 0) return sign | 0x7f800000 | (fraction << 13);
  if (fraction === 0) return sign;
  // Subnormal: shift the leading one into the implied place.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}

function bfloat16(source: Uint8Array, out: Uint32Array): void {
  const brain = new Uint16Array(source.buffer, source.byteOffset, out.length);
  for (let i = 0; i < out.length; i++) out[i] = brain[i] << 16;
}

/** E5M2 is the upper half of a binary16. */
function float8e5m2(source: Uint8Array, out: Uint32Array): void {
  const table = new Uint32Array(256);
  float16(new Uint8Array(Uint16Array.from({ length: 256 }, (_, i) => i << 8).buffer), table);
  for (let i = 0; i < out.length; i++) out[i] = table[source[i]];
}

/** E4M3 without infinities ("fn"): bias 7, only 0x7f and 0xff are not numbers. */
function float8e4m3(source: Uint8Array, out: Uint32Array): void {
  const table = new Float32Array(256);
  for (let i = 0; i < 256; i++) {
    const exponent = (i >> 3) & 15;
    const fraction = (i & 7) / 8;
    const size = exponent === 0 ? fraction * 2 ** -6 : (1 + fraction) * 2 ** (exponent - 7);
    table[i] = (i & 0x7f) === 0x7f ? NaN : i & 0x80 ? -size : size;
  }
  const bits = new Uint32Array(table.buffer);
  for (let i = 0; i < out.length; i++) out[i] = bits[source[i]];
}

function float64(source: Uint8Array, out: Uint32Array): void {
  const values = new Float64Array(source.buffer, source.byteOffset, out.length);
  new Float32Array(out.buffer, out.byteOffset, out.length).set(values);
}

const converters: Readonly<Partial<Record<StoredType, Convert>>> = {
  F16: float16,
  BF16: bfloat16,
  F8_E5M2: float8e5m2,
  F8_E4M3: float8e4m3,
  F64: float64,
};

/** True for the types that toFloat32 converts. */
export function isConvertible(dtype: StoredType): boolean {
  return converters[dtype] !== undefined;
}

/**
 * The bits of `out.length` values as float32. `source` holds them as `dtype`, little-endian, and starts
 * at a multiple of eight bytes in its buffer; each value is multiplied by `scale`. Throws a RangeError for integer types.
 */
export function toFloat32(
  dtype: StoredType,
  source: Uint8Array,
  out: Uint32Array,
  scale = 1,
): void {
  const convert = converters[dtype];
  if (!convert) throw new RangeError(`${dtype} holds no floating-point numbers`);
  convert(source, out);
  if (scale === 1) return;
  const values = new Float32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < values.length; i++) values[i] *= scale;
}
