/** CIE Lab of sRGB colours and the CIEDE2000 difference, in double precision. */

export type Lab = [l: number, a: number, b: number];

// D65, 2 degree observer.
const WHITE_X = 0.95047;
const WHITE_Z = 1.08883;
const DEGREE = Math.PI / 180;
const CHROMA_PIVOT = 25 ** 7;

/** sRGB code value 0..1 to linear light 0..1 (IEC 61966-2-1). */
function srgbToLinear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function labCurve(t: number): number {
  return t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116;
}

/** Linear-light sRGB primaries 0..1 to CIE Lab (D65, 2 degrees): L 0..100. Source: CIE 15, IEC 61966-2-1. */
function linearToLab(r: number, g: number, b: number): Lab {
  const x = labCurve((0.412453 * r + 0.35758 * g + 0.180423 * b) / WHITE_X);
  const y = labCurve(0.212671 * r + 0.71516 * g + 0.072169 * b);
  const z = labCurve((0.019334 * r + 0.119193 * g + 0.950227 * b) / WHITE_Z);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/** sRGB code values 0..1 to CIE Lab (D65, 2 degrees): L 0..100, a and b about -128..128. */
export function srgbToLab(r: number, g: number, b: number): Lab {
  return linearToLab(srgbToLinear(r), srgbToLinear(g), srgbToLinear(b));
}

function hueDegrees(a: number, b: number): number {
  if (a === 0 && b === 0) return 0;
  const hue = Math.atan2(b, a) / DEGREE;
  return hue < 0 ? hue + 360 : hue;
}

function hueDifference(h1: number, h2: number, chromaProduct: number): number {
  if (chromaProduct === 0) return 0;
  const difference = h2 - h1;
  if (difference > 180) return difference - 360;
  return difference < -180 ? difference + 360 : difference;
}

function meanHue(h1: number, h2: number, chromaProduct: number): number {
  if (chromaProduct === 0) return h1 + h2;
  if (Math.abs(h1 - h2) <= 180) return (h1 + h2) / 2;
  return h1 + h2 < 360 ? (h1 + h2 + 360) / 2 : (h1 + h2 - 360) / 2;
}

/** CIEDE2000 colour difference with kL = kC = kH = 1. Source: Sharma, Wu, Dalal 2005, equations 2-22. */
export function deltaE2000(lab1: Readonly<Lab>, lab2: Readonly<Lab>): number {
  const [l1, a1, b1] = lab1;
  const [l2, a2, b2] = lab2;
  const meanC7 = ((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2) ** 7;
  const g = 0.5 * (1 - Math.sqrt(meanC7 / (meanC7 + CHROMA_PIVOT)));
  const a1g = (1 + g) * a1;
  const a2g = (1 + g) * a2;
  const c1 = Math.hypot(a1g, b1);
  const c2 = Math.hypot(a2g, b2);
  const h1 = hueDegrees(a1g, b1);
  const h2 = hueDegrees(a2g, b2);
  const dH = 2 * Math.sqrt(c1 * c2) * Math.sin((hueDifference(h1, h2, c1 * c2) / 2) * DEGREE);
  const meanC = (c1 + c2) / 2;
  const meanH = meanHue(h1, h2, c1 * c2);
  const t =
    1 -
    0.17 * Math.cos((meanH - 30) * DEGREE) +
    0.24 * Math.cos(2 * meanH * DEGREE) +
    0.32 * Math.cos((3 * meanH + 6) * DEGREE) -
    0.2 * Math.cos((4 * meanH - 63) * DEGREE);
  const l50 = ((l1 + l2) / 2 - 50) ** 2;
  const sL = 1 + (0.015 * l50) / Math.sqrt(20 + l50);
  const sC = 1 + 0.045 * meanC;
  const sH = 1 + 0.015 * meanC * t;
  const meanCg7 = meanC ** 7;
  const rotation = 30 * Math.exp(-(((meanH - 275) / 25) ** 2));
  const rT = -2 * Math.sqrt(meanCg7 / (meanCg7 + CHROMA_PIVOT)) * Math.sin(2 * rotation * DEGREE);
  const dL = (l2 - l1) / sL;
  const dC = (c2 - c1) / sC;
  const dHs = dH / sH;
  return Math.sqrt(dL * dL + dC * dC + dHs * dHs + rT * dC * dHs);
}
