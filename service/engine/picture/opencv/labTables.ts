/**
 * The integer arithmetic of OpenCV's 8-bit CIE Lab (L * 255 / 100, a + 128, b + 128): 12-bit matrices,
 * gamma and cube-root tables.
 */
import { roundEven } from './roundEven.ts';

export const matrixBits = 12;
const gammaBits = 3;
export const rootBits = matrixBits + gammaBits;
export const inverseGammaSize = 4096;
export const baseBits = 14;
const base = 1 << baseBits;
/** Smallest f(x), f(z) in 14 fractional bits for which the table below has an entry. */
const smallestF = -8145;

const whiteX = 0.950456;
const whiteZ = 1.088754;
// sRGB to XYZ for D65 and back (ITU-R BT.709 primaries), rows X, Y, Z and R, G, B.
const toXyz = [
  0.412453, 0.35758, 0.180423, 0.212671, 0.71516, 0.072169, 0.019334, 0.119193, 0.950227,
];
const toRgb = [
  3.240479, -1.53715, -0.498535, -0.969256, 1.875991, 0.041556, 0.055648, -0.204043, 1.057311,
];

export interface LabTables {
  /** For red, green and blue, for each value: what it adds to X, Y and Z (12 + 3 fractional bits), and 0. */
  readonly toXyz: readonly Int32Array[];
  readonly root: Uint16Array;
  readonly inverseGamma: Uint8Array;
  /** For every L: what Y adds to red, green and blue, and the place of f(Y) in `fToXz` in bytes. */
  readonly lightness: Int32Array;
  readonly fToXz: Int32Array;
}

function decodeGamma(x: number): number {
  return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
}

function encodeGamma(x: number): number {
  return x <= 0.0031308 ? x * 12.92 : 1.055 * x ** (1 / 2.4) - 0.055;
}

/** f of CIE Lab. Single precision decides: some entries lie so near to a half that double rounds otherwise. */
function labRoot(x: number): number {
  return Math.fround(x < 216 / 24389 ? (x * 841) / 108 + 16 / 116 : Math.cbrt(x));
}

function lightnessTables(): { y: Int32Array; fy: Int32Array } {
  const y = new Int32Array(256);
  const fy = new Int32Array(256);
  for (let i = 0; i < 256; i++) {
    if (i <= 20) {
      y[i] = roundEven((i * base * 180) / (17 * 29 ** 3));
      fy[i] = roundEven(base * (16 / 116 + (i * 5) / (3 * 17 * 29)));
    } else {
      const f = (i * 100 * base) / (255 * 116) + (16 * base) / 116;
      fy[i] = roundEven(f);
      y[i] = roundEven((f * f * f) / (base * base));
    }
  }
  return { y, fy };
}

/** f(x) to x in 14 fractional bits, with the truncating integer divisions of the original. */
function inverseRootTable(): Int32Array {
  const table = new Int32Array((base * 9) / 4);
  const offset = Math.trunc((Math.trunc((base * 16) / 116) * 108) / 841);
  for (let k = 0; k < table.length; k++) {
    const f = k + smallestF;
    table[k] =
      f <= 3390
        ? Math.trunc((f * 108) / 841) - offset
        : Math.trunc((Math.trunc((f * f) / base) * f) / base);
  }
  return table;
}

export const lightnessScale = 296;
export const lightnessShift = -Math.trunc((16 * 255 * (1 << rootBits) + 50) / 100);

const white = [whiteX, 1, whiteZ];
export const fromXyz = toRgb.map((v, i) => roundEven((1 << matrixBits) * v * white[i % 3]));

function xyzTables(): Int32Array[] {
  const steps = 255 << gammaBits;
  const gamma = Uint16Array.from({ length: 256 }, (_, i) =>
    roundEven(steps * decodeGamma(i / 255)),
  );
  const xyz = toXyz.map((v, i) => roundEven(((1 << matrixBits) * v) / white[Math.floor(i / 3)]));
  return [0, 1, 2].map((channel) => {
    const table = new Int32Array(256 * 4);
    // What rounds the sum is in the first one.
    const up = channel === 0 ? 1 << (matrixBits - 1) : 0;
    for (let v = 0; v < 256; v++)
      for (let i = 0; i < 3; i++) table[v * 4 + i] = gamma[v] * xyz[i * 3 + channel] + up;
    return table;
  });
}

function lightnessToRgb(): Int32Array {
  const { y, fy } = lightnessTables();
  const up = 1 << (baseBits - 1);
  return Int32Array.from({ length: 256 * 4 }, (_, i) => {
    const l = i >> 2;
    const channel = i & 3;
    return channel === 3 ? 4 * (fy[l] - smallestF) : y[l] * fromXyz[channel * 3 + 1] + up;
  });
}

export function labTables(): LabTables {
  const steps = 255 << gammaBits;
  return {
    toXyz: xyzTables(),
    root: Uint16Array.from({ length: 256 * 1.5 * (1 << gammaBits) }, (_, i) =>
      roundEven((1 << rootBits) * labRoot(i / steps)),
    ),
    inverseGamma: Uint8Array.from({ length: inverseGammaSize }, (_, i) =>
      roundEven(255 * encodeGamma(i / inverseGammaSize)),
    ),
    lightness: lightnessToRgb(),
    fToXz: inverseRootTable(),
  };
}

/** What each a adds to f, and each b takes off, 14 fractional bits: a / 500, b / 200 by multiplication with the inverse. */
export const aToF = Int32Array.from(
  { length: 256 },
  (_, a) => ((5 * a * 53687 + (1 << 7)) >> 13) - Math.trunc((128 * base) / 500),
);
export const bToF = Int32Array.from(
  { length: 256 },
  (_, b) => ((b * 41943 + (1 << 4)) >> 9) - Math.trunc((128 * base) / 200) + 1,
);
