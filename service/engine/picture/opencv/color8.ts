/** OpenCV's 8-bit gray and HSV. */
import { type Image8, newImage8 } from '../pillow/image8.ts';

/** 8-bit gray by 15-bit ITU-R 601 weights, equal to OpenCV's COLOR_RGB2GRAY. */
export function rgbToGray8(rgb: Image8): Image8 {
  const out = newImage8(rgb.width, rgb.height, 1);
  const { data } = rgb;
  for (let p = 0, i = 0; p < out.data.length; p++, i += 3) {
    out.data[p] = (data[i] * 9798 + data[i + 1] * 19235 + data[i + 2] * 3735 + (1 << 14)) >> 15;
  }
  return out;
}

const divisionBits = 12;
const half = 1 << (divisionBits - 1);
const inverseOf = (scale: number): Int32Array =>
  Int32Array.from({ length: 256 }, (_, i) =>
    i === 0 ? 0 : Math.round((scale * (1 << divisionBits)) / i),
  );
const saturationInverse = inverseOf(255);
const hueInverse = inverseOf(180 / 6);

/** Hue 0..179 (two degrees each), saturation and value 0..255, equal to OpenCV's COLOR_RGB2HSV on 8 bits. */
export function rgbToHsv8(rgb: Image8): Image8 {
  const out = newImage8(rgb.width, rgb.height, 3);
  for (let i = 0; i < out.data.length; i += 3) {
    const r = rgb.data[i];
    const g = rgb.data[i + 1];
    const b = rgb.data[i + 2];
    const value = Math.max(r, g, b);
    const range = value - Math.min(r, g, b);
    let sector = r - g + 4 * range;
    if (value === r) sector = g - b;
    else if (value === g) sector = b - r + 2 * range;
    const hue = (sector * hueInverse[range] + half) >> divisionBits;
    out.data[i] = hue < 0 ? hue + 180 : hue;
    out.data[i + 1] = (range * saturationInverse[value] + half) >> divisionBits;
    out.data[i + 2] = value;
  }
  return out;
}
