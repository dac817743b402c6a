/**
 * AUTOMATIC1111's option "colour correction": Lab histogram match to the picture before sampling, then the
 * luminosity of the generated picture back (modules/processing.py; reference version 1.10.1).
 */
import { lab8ToRgb, rgbToLab8 } from '../opencv/lab8.ts';
import { type Image8, newImage8 } from '../pillow/image8.ts';
import { withHistogramsOf } from './matchHistogram.ts';

/** The colours to return to: 8-bit Lab of the picture that is about to be encoded (after resize, crop, fill). */
export function rememberColors(image: Image8): Image8 {
  return rgbToLab8(image);
}

/** `generated` with each Lab channel's histogram matched to `target` (from rememberColors), cut to 8 bits. RGB. */
export function matchColors(generated: Image8, target: Image8): Image8 {
  return lab8ToRgb(withHistogramsOf(rgbToLab8(generated), target));
}

const scaled = new Float64Array(3);
/** Levels as 0..1. */
const shares = Float64Array.from({ length: 256 }, (_, v) => v / 255);

function luminosity(r: number, g: number, b: number): number {
  return 0.299 * r + 0.587 * g + 0.114 * b;
}

/**
 * Hue and saturation of `lower`, luminosity of `upper` (both RGB, 0..1 inside): the "luminosity" of the W3C's
 * Compositing and Blending Level 1, with ITU-R 601 weights. A colour out of range is drawn towards its luminosity;
 * the result is cut to 8 bits, not rounded.
 */
export function blendLuminosity(lower: Image8, upper: Image8): Image8 {
  const out = newImage8(lower.width, lower.height, 3);
  const a = lower.data;
  const b = upper.data;
  for (let i = 0; i < out.data.length; i += 3) {
    const r = shares[a[i]];
    const g = shares[a[i + 1]];
    const bl = shares[a[i + 2]];
    const wanted = luminosity(shares[b[i]], shares[b[i + 1]], shares[b[i + 2]]);
    const shift = wanted - luminosity(r, g, bl);
    scaled[0] = r + shift;
    scaled[1] = g + shift;
    scaled[2] = bl + shift;
    if (!(isShare(scaled[0]) && isShare(scaled[1]) && isShare(scaled[2]))) pullIntoRange(scaled);
    out.data[i] = scaled[0] * 255;
    out.data[i + 1] = scaled[1] * 255;
    out.data[i + 2] = scaled[2] * 255;
  }
  return out;
}

function isShare(value: number): boolean {
  return value >= 0 && value <= 1;
}

function pullIntoRange(color: Float64Array): void {
  const lum = luminosity(color[0], color[1], color[2]);
  const least = Math.min(color[0], color[1], color[2]);
  const most = Math.max(color[0], color[1], color[2]);
  if (least < 0) {
    for (let c = 0; c < 3; c++) color[c] = lum + ((color[c] - lum) * lum) / (lum - least);
  }
  if (most > 1) {
    for (let c = 0; c < 3; c++) color[c] = lum + ((color[c] - lum) * (1 - lum)) / (most - lum);
  }
}

/** The whole correction: RGB in, RGB out; `target` from rememberColors (any size). */
export function correctColors(generated: Image8, target: Image8): Image8 {
  return blendLuminosity(matchColors(generated, target), generated);
}
