/** Preprocessors that draw lines from a picture (sd-webui-controlnet 1.1.455), without any model. */
import { canny8 } from '../opencv/canny8.ts';
import { blurFloat } from '../opencv/gaussianBlurImage.ts';
import { maskImage, newImage8, type Image8 } from '../pillow/image8.ts';
import { resizeWithPad, withoutPadding } from './preprocessorSize.ts';

/** White edges on black, one channel; thresholds 1..255 of the gradient. RGB in. */
export function cannyMap(image: Image8, resolution: number, low: number, high: number): Image8 {
  const { padded, size } = resizeWithPad(image, resolution);
  return withoutPadding(maskImage(canny8(padded, low, high)), size);
}

/**
 * A scribble by the difference of two blurs (Winnemoeller 2011), white on black, RGB. `threshold` 1..64;
 * doubled differences run over at 256, as they do in the original's bytes.
 */
export function scribbleXdog(image: Image8, resolution: number, threshold: number): Image8 {
  const { padded, size } = resizeWithPad(image, resolution);
  const fine = blurFloat(padded, 0.5).data;
  const coarse = blurFloat(padded, 5).data;
  const out = newImage8(padded.width, padded.height, 3);
  for (let i = 0; i < out.data.length; i += 3) {
    const least = leastOfThree(i, (k) => Math.fround(coarse[k] - fine[k]));
    const kept = Math.trunc(Math.min(255, Math.max(0, 255 - least)));
    const doubled = (2 * (255 - kept)) % 256;
    out.data.fill(doubled > threshold ? 255 : 0, i, i + 3);
  }
  return withoutPadding(out, size);
}

/** Differences below this are paper, not lines. */
const faintestLine = 8;
const leastMedian = 16;
const medianLevel = 127;

/** Dark lines of a drawing as white ones on black, one channel, the usual line at about half. */
export function lineartStandard(image: Image8, resolution: number): Image8 {
  const { padded, size } = resizeWithPad(image, resolution);
  const blurred = blurFloat(padded, 6).data;
  const depth = Float32Array.from({ length: padded.width * padded.height }, (_, p) => {
    const least = leastOfThree(3 * p, (k) => Math.fround(blurred[k] - padded.data[k]));
    return Math.min(255, Math.max(0, least));
  });
  const lines = depth.filter((v) => v > faintestLine).toSorted();
  const scale = Math.max(leastMedian, lines.length === 0 ? 0 : medianOf(lines));
  const out = newImage8(padded.width, padded.height, 1);
  for (let i = 0; i < depth.length; i++) {
    const level = Math.fround(Math.fround(depth[i] / scale) * medianLevel);
    out.data[i] = Math.min(255, Math.trunc(level));
  }
  return withoutPadding(out, size);
}

function leastOfThree(at: number, value: (index: number) => number): number {
  return Math.min(value(at), value(at + 1), value(at + 2));
}

function medianOf(sorted: Float32Array): number {
  const half = sorted.length / 2;
  return sorted.length % 2 === 1
    ? sorted[Math.floor(half)]
    : Math.fround(Math.fround(sorted[half - 1] + sorted[half]) / 2);
}
