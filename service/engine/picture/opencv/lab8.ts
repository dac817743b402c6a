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

interface Tables {
  readonly gamma: Uint16Array;
  readonly root: Uint16Array;
  readonly inverseGamma: Uint8Array;
  /** For every L: Y and f(Y), 14 fractional bits. */
  readonly y: Int32Array;
  readonly fy: Int32Array;
  readonly fToXz: Int32Array;
  readonly xyz: Int32Array;
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

function buildTables(): Tables {
  const steps = 255 << gammaBits;
  const white = [whiteX, 1, whiteZ];
  return {
    gamma: Uint16Array.from({ length: 256 }, (_, i) => roundEven(steps * decodeGamma(i / 255))),
    root: Uint16Array.from({ length: 256 * 1.5 * (1 << gammaBits) }, (_, i) =>
      roundEven((1 << rootBits) * labRoot(i / steps)),
    ),
    inverseGamma: Uint8Array.from({ length: inverseGammaSize }, (_, i) =>
      roundEven(255 * encodeGamma(i / inverseGammaSize)),
    ),
    ...lightnessTables(),
    fToXz: inverseRootTable(),
    xyz: Int32Array.from(toXyz, (v, i) =>
      roundEven(((1 << matrixBits) * v) / white[Math.floor(i / 3)]),
    ),
    rgb: Int32Array.from(toRgb, (v, i) => roundEven((1 << matrixBits) * v * white[i % 3])),
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
export function rgbToLab8(rgb: Image8): Image8 {
  const { gamma, root, xyz: m } = tables();
  const out = newImage8(rgb.width, rgb.height, 3);
  const half = 128 << rootBits;
  const lightnessScale = 296;
  const lightnessShift = -Math.trunc((16 * 255 * (1 << rootBits) + 50) / 100);
  for (let i = 0; i < out.data.length; i += 3) {
    const r = gamma[rgb.data[i]];
    const g = gamma[rgb.data[i + 1]];
    const b = gamma[rgb.data[i + 2]];
    const fx = root[descale(r * m[0] + g * m[1] + b * m[2], matrixBits)];
    const fy = root[descale(r * m[3] + g * m[4] + b * m[5], matrixBits)];
    const fz = root[descale(r * m[6] + g * m[7] + b * m[8], matrixBits)];
    out.data[i] = clamp(descale(lightnessScale * fy + lightnessShift, rootBits), 255);
    out.data[i + 1] = clamp(descale(500 * (fx - fy) + half, rootBits), 255);
    out.data[i + 2] = clamp(descale(200 * (fy - fz) + half, rootBits), 255);
  }
  return out;
}

/** 8-bit Lab to 8-bit sRGB, equal to OpenCV's COLOR_LAB2RGB; colours outside sRGB are clipped per channel. */
export function lab8ToRgb(lab: Image8): Image8 {
  const { y: yOf, fy: fyOf, fToXz, rgb: m, inverseGamma } = tables();
  const out = newImage8(lab.width, lab.height, 3);
  const bits = baseBits;
  const largest = inverseGammaSize - 1;
  const aOffset = Math.trunc((128 * base) / 500);
  const bOffset = Math.trunc((128 * base) / 200) - 1;
  for (let i = 0; i < out.data.length; i += 3) {
    const y = yOf[lab.data[i]];
    const fy = fyOf[lab.data[i]];
    // a / 500 and b / 200 by multiplication with the inverse.
    const da = ((5 * lab.data[i + 1] * 53687 + (1 << 7)) >> 13) - aOffset;
    const db = ((lab.data[i + 2] * 41943 + (1 << 4)) >> 9) - bOffset;
    const x = fToXz[fy + da - smallestF];
    const z = fToXz[fy - db - smallestF];
    for (let c = 0; c < 3; c++) {
      const linear = descale(m[c * 3] * x + m[c * 3 + 1] * y + m[c * 3 + 2] * z, bits);
      out.data[i + c] = inverseGamma[clamp(linear, largest)];
    }
  }
  return out;
}
