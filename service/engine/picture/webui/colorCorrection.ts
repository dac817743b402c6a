/**
 * AUTOMATIC1111's option "colour correction": Lab histogram match to the picture before sampling, then the
 * luminosity of the generated picture back (modules/processing.py; reference version 1.10.1).
 */
import { lab8ToRgb, rgbToLab8 } from '../opencv/lab8.ts';
import { type Image8, newImage8 } from '../pillow/image8.ts';
import { matchHistogram8 } from './matchHistogram.ts';

/** The colours to return to: 8-bit Lab of the picture that is about to be encoded (after resize, crop, fill). */
export function rememberColors(image: Image8): Image8 {
  return rgbToLab8(image);
}

/** `generated` with each Lab channel's histogram matched to `target` (from rememberColors), cut to 8 bits. RGB. */
export function matchColors(generated: Image8, target: Image8): Image8 {
  const lab = rgbToLab8(generated);
  for (let channel = 0; channel < 3; channel++) {
    const table = Uint8Array.from(matchHistogram8(lab.data, target.data, { channel, channels: 3 }));
    for (let i = channel; i < lab.data.length; i += 3) lab.data[i] = table[lab.data[i]];
  }
  return lab8ToRgb(lab);
}

const scaled = new Float64Array(3);

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
    const r = a[i] / 255;
    const g = a[i + 1] / 255;
    const bl = a[i + 2] / 255;
    const shift = luminosity(b[i] / 255, b[i + 1] / 255, b[i + 2] / 255) - luminosity(r, g, bl);
    scaled[0] = r + shift;
    scaled[1] = g + shift;
    scaled[2] = bl + shift;
    pullIntoRange(scaled);
    for (let c = 0; c < 3; c++) out.data[i + c] = scaled[c] * 255;
  }
  return out;
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
