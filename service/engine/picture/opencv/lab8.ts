/**
 * OpenCV's 8-bit CIE Lab (L * 255 / 100, a + 128, b + 128) in its integer arithmetic: 12-bit matrices,
 * gamma and cube-root tables. Not the rounded formula: 5 to 14 % of the values differ from that by one.
 */
import { type Image8, newImage8 } from '../pillow/image8.ts';
import { roundEven } from './roundEven.ts';

const matrixBits = 12;
const gammaBits = 3;
const rootBits = matrixBits + gammaBits;
const inverseGammaSize = 4096;
const baseBits = 14;
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

/** Where the values of green and blue begin. */
const greenAt = 256 * 3;
const blueAt = 2 * greenAt;

interface Tables {
  /** What each value of red, then of green, then of blue adds to X, Y and Z: 12 + 3 fractional bits. */
  readonly toXyz: Int32Array;
  readonly root: Uint16Array;
  /** L of every place in `root`. */
  readonly lightness: Uint8Array;
  readonly inverseGamma: Uint8Array;
  /** For every L: f(Y), 14 fractional bits, and what Y adds to red, green and blue. */
  readonly fy: Int32Array;
  readonly yToRgb: readonly Int32Array[];
  readonly fToXz: Int32Array;
  readonly rgb: Int32Array;
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

const lightnessScale = 296;
const lightnessShift = -Math.trunc((16 * 255 * (1 << rootBits) + 50) / 100);

function buildTables(): Tables {
  const steps = 255 << gammaBits;
  const white = [whiteX, 1, whiteZ];
  const gamma = Uint16Array.from({ length: 256 }, (_, i) =>
    roundEven(steps * decodeGamma(i / 255)),
  );
  const root = Uint16Array.from({ length: 256 * 1.5 * (1 << gammaBits) }, (_, i) =>
    roundEven((1 << rootBits) * labRoot(i / steps)),
  );
  const xyz = toXyz.map((v, i) => roundEven(((1 << matrixBits) * v) / white[Math.floor(i / 3)]));
  const rgb = Int32Array.from(toRgb, (v, i) => roundEven((1 << matrixBits) * v * white[i % 3]));
  const { y, fy } = lightnessTables();
  return {
    toXyz: Int32Array.from({ length: 3 * 256 * 3 }, (_, i) => {
      const channel = Math.floor(i / greenAt);
      return gamma[Math.floor(i / 3) % 256] * xyz[(i % 3) * 3 + channel];
    }),
    root,
    lightness: Uint8Array.from(root, (f) =>
      clamp(descale(lightnessScale * f + lightnessShift, rootBits), 255),
    ),
    inverseGamma: Uint8Array.from({ length: inverseGammaSize }, (_, i) =>
      roundEven(255 * encodeGamma(i / inverseGammaSize)),
    ),
    fy,
    yToRgb: [1, 4, 7].map((i) => y.map((v) => v * rgb[i])),
    fToXz: inverseRootTable(),
    rgb,
  };
}

let built: Tables | undefined;
function tables(): Tables {
  return (built ??= buildTables());
}

function clamp(value: number, largest: number): number {
  return value < 0 ? 0 : value > largest ? largest : value;
}

function descale(value: number, bits: number): number {
  return (value + (1 << (bits - 1))) >> bits;
}

/** 8-bit sRGB to 8-bit Lab (three channels L, a, b), equal to OpenCV's COLOR_RGB2LAB. */
export function rgbToLab8({ width, height, data }: Image8): Image8 {
  const { root, lightness, toXyz } = tables();
  const out = newImage8(width, height, 3);
  // Writing cuts to 0..255.
  const lab = new Uint8ClampedArray(out.data.buffer);
  const half = (128 << rootBits) + (1 << (rootBits - 1));
  const up = 1 << (matrixBits - 1);
  for (let i = 0; i < lab.length; i += 3) {
    const r = data[i] * 3;
    const g = greenAt + data[i + 1] * 3;
    const b = blueAt + data[i + 2] * 3;
    const x = (toXyz[r] + toXyz[g] + toXyz[b] + up) >> matrixBits;
    const y = (toXyz[r + 1] + toXyz[g + 1] + toXyz[b + 1] + up) >> matrixBits;
    const z = (toXyz[r + 2] + toXyz[g + 2] + toXyz[b + 2] + up) >> matrixBits;
    const fy = root[y];
    lab[i] = lightness[y];
    lab[i + 1] = (500 * (root[x] - fy) + half) >> rootBits;
    lab[i + 2] = (200 * (fy - root[z]) + half) >> rootBits;
  }
  return out;
}

/** What each b and a adds to f, 14 fractional bits: b / 200 and a / 500 by multiplication with the inverse. */
const aToF = Int32Array.from(
  { length: 256 },
  (_, a) => ((5 * a * 53687 + (1 << 7)) >> 13) - Math.trunc((128 * base) / 500),
);
const bToF = Int32Array.from(
  { length: 256 },
  (_, b) => ((b * 41943 + (1 << 4)) >> 9) - Math.trunc((128 * base) / 200) + 1,
);

/** 8-bit Lab to 8-bit sRGB, equal to OpenCV's COLOR_LAB2RGB; colours outside sRGB are clipped per channel. */
export function lab8ToRgb({ width, height, data }: Image8): Image8 {
  const { fy: fyOf, yToRgb, fToXz, rgb: m, inverseGamma } = tables();
  const [yr, yg, yb] = yToRgb;
  const [xr, , zr, xg, , zg, xb, , zb] = m;
  const out = newImage8(width, height, 3);
  const rgb = out.data;
  const most = inverseGammaSize - 1;
  const up = 1 << (baseBits - 1);
  for (let i = 0; i < rgb.length; i += 3) {
    const l = data[i];
    const f = fyOf[l] - smallestF;
    const x = fToXz[f + aToF[data[i + 1]]];
    const z = fToXz[f - bToF[data[i + 2]]];
    const r = (Math.imul(xr, x) + yr[l] + Math.imul(zr, z) + up) >> baseBits;
    const g = (Math.imul(xg, x) + yg[l] + Math.imul(zg, z) + up) >> baseBits;
    const b = (Math.imul(xb, x) + yb[l] + Math.imul(zb, z) + up) >> baseBits;
    rgb[i] = inverseGamma[r < 0 ? 0 : r > most ? most : r];
    rgb[i + 1] = inverseGamma[g < 0 ? 0 : g > most ? most : g];
    rgb[i + 2] = inverseGamma[b < 0 ? 0 : b > most ? most : b];
  }
  return out;
}
