/**
 * CIE L* a* b* of D50 (CIE 15; ICC.1:2022) as Photoshop stores it, and sRGB: L 0..100 over all values, a
 * and b -128..127 with 0 in the middle. The sRGB matrix is adapted to D50 by Bradford.
 */
import { toLinear, fromLinear } from '../resize.ts';

type Triple = [number, number, number];

/** White of the profile connection space. */
const whiteX = 0.9642;
const whiteZ = 0.8249;
const bend = 216 / 24389;
const slope = 24389 / 27;

/** sRGB code values 0..1 to stored shares 0..1 of the three channels, not rounded. */
export function storedLabOf(red: number, green: number, blue: number): Triple {
  const [r, g, b] = [toLinear(red), toLinear(green), toLinear(blue)];
  const x = curve((0.4360747 * r + 0.3850649 * g + 0.1430804 * b) / whiteX);
  const y = curve(0.2225045 * r + 0.7168786 * g + 0.0606169 * b);
  const z = curve((0.0139322 * r + 0.0971045 * g + 0.7141733 * b) / whiteZ);
  return [(116 * y - 16) / 100, (500 * (x - y) + 128) / 255, (200 * (y - z) + 128) / 255];
}

/** The way back; colours that sRGB does not have are cut off at its edges. */
export function srgbOfStoredLab(l: number, a: number, b: number): Triple {
  const y = (l * 100 + 16) / 116;
  const x = whiteX * straight(y + (a * 255 - 128) / 500);
  const z = whiteZ * straight(y - (b * 255 - 128) / 200);
  const level = straight(y);
  return [
    code(3.1338561 * x - 1.6168667 * level - 0.4906146 * z),
    code(-0.9787684 * x + 1.9161415 * level + 0.033454 * z),
    code(0.0719453 * x - 0.2289914 * level + 1.4052427 * z),
  ];
}

function curve(t: number): number {
  return t > bend ? Math.cbrt(t) : (slope * t + 16) / 116;
}

function straight(t: number): number {
  return t ** 3 > bend ? t ** 3 : (116 * t - 16) / slope;
}

function code(linear: number): number {
  return linear > 0 ? fromLinear(Math.min(1, linear)) : 0;
}
