/** Pillow's 8-bit resampling, bit for bit: separable convolution with 22-bit weights, horizontal pass first. */
import { maxPlanePixels } from '../../../../shared/limits.ts';
import { PentimentoError } from '../../../../shared/errors.ts';
import { type Box, type Image8, newImage8 } from './image8.ts';
import { premultiply, unpremultiply } from './alpha.ts';
import { convolveRows } from './resamplePasses.ts';
import { type Taps, weightBits } from './taps.ts';

export type Kernel = 'nearest' | 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos';

interface Filter {
  readonly support: number;
  readonly weight: (x: number) => number;
}

function sinc(x: number): number {
  if (x === 0) return 1;
  const t = x * Math.PI;
  return Math.sin(t) / t;
}

function hamming(x: number): number {
  const t = Math.abs(x);
  if (t === 0) return 1;
  return t >= 1 ? 0 : sinc(t) * (0.54 + 0.46 * Math.cos(t * Math.PI));
}

// Keys' cubic with a = -0.5.
function bicubic(x: number): number {
  const t = Math.abs(x);
  if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
  return t < 2 ? (((t - 5) * t + 8) * t - 4) * -0.5 : 0;
}

const filters: Readonly<Record<Exclude<Kernel, 'nearest'>, Filter>> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, weight: hamming },
  bicubic: { support: 2, weight: bicubic },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

function computeTaps(
  inSize: number,
  from: number,
  to: number,
  outSize: number,
  filter: Filter,
): Taps {
  const scale = Math.fround(to - from) / outSize;
  const filterScale = Math.max(1, scale);
  const support = filter.support * filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(outSize);
  const count = new Int32Array(outSize);
  const weights = new Int32Array(outSize * stride);
  const exact = new Float64Array(stride);
  const inverse = 1 / filterScale;
  for (let i = 0; i < outSize; i++) {
    const center = from + (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const n = Math.min(inSize, Math.trunc(center + support + 0.5)) - start;
    let sum = 0;
    for (let k = 0; k < n; k++) {
      exact[k] = filter.weight((k + start - center + 0.5) * inverse);
      sum += exact[k];
    }
    for (let k = 0; k < n; k++) {
      const w = (sum === 0 ? exact[k] : exact[k] / sum) * (1 << weightBits);
      weights[i * stride + k] = Math.trunc(w < 0 ? w - 0.5 : w + 0.5);
    }
    first[i] = start;
    count[i] = n;
  }
  return { first, count, weights, stride };
}

function nearestPositions(from: number, to: number, outSize: number, inSize: number): Int32Array {
  const positions = new Int32Array(outSize);
  const scale = Math.fround(to - from) / outSize;
  // The position is accumulated, not multiplied: that is where Pillow's rounding comes from.
  let position = from + scale * 0.5;
  for (let i = 0; i < outSize; i++) {
    positions[i] = position >= 0 && position < inSize ? Math.trunc(position) : -1;
    position += scale;
  }
  return positions;
}

function nearest(image: Image8, width: number, height: number, box: Box): Image8 {
  const out = newImage8(width, height, image.channels);
  const xs = nearestPositions(box[0], box[2], width, image.width);
  const ys = nearestPositions(box[1], box[3], height, image.height);
  const c = image.channels;
  for (let y = 0; y < height; y++) {
    if (ys[y] < 0) continue;
    for (let x = 0; x < width; x++) {
      if (xs[x] < 0) continue;
      const i = (ys[y] * image.width + xs[x]) * c;
      const o = (y * width + x) * c;
      for (let k = 0; k < c; k++) out.data[o + k] = image.data[i + k];
    }
  }
  return out;
}

function checkSize(image: Image8, width: number, height: number, box: Box): void {
  const whole = Number.isInteger(width) && Number.isInteger(height);
  if (!whole || width < 1 || height < 1) {
    throw new PentimentoError('E_PARAM', `A picture cannot have ${width} x ${height} pixels.`);
  }
  if (width * height > maxPlanePixels) {
    throw new PentimentoError(
      'E_IMAGE_PIXELS',
      `It would be resized to ${width} x ${height} pixels.`,
    );
  }
  const inside = box[0] >= 0 && box[1] >= 0 && box[2] <= image.width && box[3] <= image.height;
  if (!inside || box[2] < box[0] || box[3] < box[1]) {
    throw new PentimentoError('E_PARAM', 'The rectangle to resize lies outside the picture.');
  }
}

function convolve(image: Image8, width: number, height: number, filter: Filter, box: Box): Image8 {
  const across = width !== image.width || box[0] !== 0 || box[2] !== width;
  const down = height !== image.height || box[1] !== 0 || box[3] !== height;
  const xs = across ? computeTaps(image.width, box[0], box[2], width, filter) : undefined;
  const ys = down ? computeTaps(image.height, box[1], box[3], height, filter) : undefined;
  const data = xs || ys ? convolveRows(image, xs, ys) : image.data.slice();
  return newImage8(width, height, image.channels, data);
}

/**
 * Pillow's Image.resize on 8-bit pictures, equal byte for byte (versions up to 12.0: horizontal pass
 * first). `region` is the source rectangle, fractions allowed, by default the whole picture; pictures with
 * alpha are premultiplied for the work. The image itself is answered when nothing changes. Throws E_PARAM for
 * a size below 1 or a region outside the picture, E_IMAGE_PIXELS for a result above the largest plane.
 */
export function resizePillow(
  image: Image8,
  width: number,
  height: number,
  kernel: Kernel,
  region: Box = [0, 0, image.width, image.height],
): Image8 {
  // Pillow holds the box in single precision.
  const box: Box = [
    Math.fround(region[0]),
    Math.fround(region[1]),
    Math.fround(region[2]),
    Math.fround(region[3]),
  ];
  const whole = box[0] === 0 && box[1] === 0 && box[2] === image.width && box[3] === image.height;
  if (whole && width === image.width && height === image.height) return image;
  checkSize(image, width, height, box);
  if (kernel === 'nearest') return nearest(image, width, height, box);
  const filter = filters[kernel];
  if (image.channels === 1 || image.channels === 3)
    return convolve(image, width, height, filter, box);
  return unpremultiply(convolve(premultiply(image), width, height, filter, box));
}
