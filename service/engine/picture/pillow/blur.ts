/** Pillow's extended box blur and its Gaussian approximation by three of them, in integer arithmetic. */
import { blurPicture, type BoxWeights } from './boxRows.ts';
import { type Image8, newImage8 } from './image8.ts';

function boxWeights(radius: number): BoxWeights {
  const whole = Math.trunc(radius);
  const span = Math.fround(Math.fround(radius * 2) + 1);
  const inner = Math.trunc(Math.fround((1 << 24) / span));
  return { radius: whole, inner, edge: Math.trunc(((1 << 24) - (whole * 2 + 1) * inner) / 2) };
}

/**
 * Box radius whose `passes`-fold blur has the deviation `sigma`: Gwosdek, Grewenig, Bruhn, Weickert 2011,
 * "Theoretical foundations of Gaussian convolution by extended box filtering"; single precision as in Pillow.
 */
function extendedBoxRadius(sigma: number, passes: number): number {
  const f = Math.fround;
  const variance = f(f(f(sigma) * f(sigma)) / passes);
  const length = f(Math.sqrt(12 * variance + 1));
  const l = f(Math.floor((length - 1) / 2));
  const rise = f(f(l * f(l + 1)) - f(3 * variance));
  const a = f(f(2 * l + 1) * rise);
  const fall = f(6 * f(variance - f(f(l + 1) * f(l + 1))));
  return f(l + f(a / fall));
}

/** Swaps rows and columns of pixels, in blocks that fit the cache. */
function transposePixels(
  from: Uint8Array,
  to: Uint8Array,
  width: number,
  height: number,
): Uint8Array {
  const block = 32;
  for (let y0 = 0; y0 < height; y0 += block) {
    const yEnd = Math.min(height, y0 + block);
    for (let x0 = 0; x0 < width; x0 += block) {
      const xEnd = Math.min(width, x0 + block);
      for (let y = y0; y < yEnd; y++) {
        for (let x = x0; x < xEnd; x++) to[x * height + y] = from[y * width + x];
      }
    }
  }
  return to;
}

function transposeChannels(
  data: Uint8Array,
  width: number,
  height: number,
  channels: number,
): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const o = (x * height + y) * channels;
      for (let c = 0; c < channels; c++) out[o + c] = data[i++];
    }
  }
  return out;
}

function transpose(data: Uint8Array, width: number, height: number, channels: number): Uint8Array {
  if (channels !== 1) return transposeChannels(data, width, height, channels);
  return transposePixels(data, new Uint8Array(data.length), width, height);
}

/** `passes` box blurs of the given radius (fractions allowed) along rows, then along columns. */
export function boxBlur(image: Image8, radius: number, passes = 1): Image8 {
  const { width, height, channels } = image;
  const data = image.data.slice();
  if (!(radius > 0)) return newImage8(width, height, channels, data);
  const blur = { weights: boxWeights(radius), passes };
  const alongRows = channels >= 3;
  if (!alongRows) {
    const turned = transpose(data, width, height, channels);
    blurPicture({ width: height, height: width, channels, data: turned }, blur, false);
    data.set(transpose(turned, height, width, channels));
  }
  blurPicture({ width, height, channels, data }, blur, alongRows);
  return newImage8(width, height, channels, data);
}

/**
 * Pillow's GaussianBlur(radius), `radius` being the standard deviation in pixels: three box blurs. Every
 * channel alike; pictures with alpha should be premultiplied first. Radius 0 answers a copy.
 */
export function gaussianBlurPillow(image: Image8, radius: number): Image8 {
  return boxBlur(image, radius > 0 ? extendedBoxRadius(radius, 3) : 0, 3);
}
