/**
 * Noise that looks like the picture beside it: what outpainting mk2 starts from (AUTOMATIC1111's
 * scripts/outpainting_mk_2.py; reference version 1.10.1). Amplitudes of the known part's spectrum shape
 * the noise, its histogram gives the colours.
 */
import type { Size } from '../../../../shared/geometry.ts';
import { centeredTransform, realPlane, type Spectrum } from '../fourier.ts';
import type { Image8 } from '../pillow/image8.ts';
import { newImage8 } from '../pillow/image8.ts';
import type { Mask } from '../raster.ts';
import { matchHistogram } from './matchHistogram.ts';
import { mapInto } from '../mapInto.ts';

export interface MatchedNoiseOptions {
  /** Power of the known part's amplitudes, 0..4 (1): higher is smoother. */
  readonly falloff: number;
  /** 0..1 (0.05): how far the noise's channels differ. */
  readonly colorVariation: number;
}

/** Three planes of values, mostly 0..1. */
type Planes = readonly [Float64Array, Float64Array, Float64Array];

/**
 * The RGB picture with noise wherever the mask is above 0, mixed by it; interleaved, 0..1. `uniform` gives
 * uniforms in 0..1; the original's are `default_rng(0)` whatever the seed.
 */
export function matchedNoise(
  image: Image8,
  mask: Mask,
  options: MatchedNoiseOptions,
  uniform: () => number,
): Float64Array {
  const source = planesOf(image);
  const m = mapInto(new Float64Array(mask.data.length), mask.data, (v) => v / 255);
  const shaped = shapedNoise(source, m, noisePlanes(image, options.colorVariation, uniform), {
    size: image,
    falloff: options.falloff,
  });
  const out = new Float64Array(m.length * 3);
  const isPainted = m.map((v) => (v > 1e-6 ? 1 : 0));
  const isKnown = m.map((v) => (v < 1e-3 ? 1 : 0));
  for (let c = 0; c < 3; c++) {
    const matched = matchHistogram(picked(shaped[c], isPainted), picked(source[c], isKnown));
    for (let i = 0, next = 0; i < m.length; i++) {
      const noise = isPainted[i] === 1 ? matched[next++] : shaped[c][i];
      const v = source[c][i] * (1 - m[i]) + noise * m[i];
      out[i * 3 + c] = Math.min(1, Math.max(0, v));
    }
  }
  return out;
}

/** In 8 bits, cut off. */
export function noisedImage({ width, height }: Size, noised: Float64Array): Image8 {
  return newImage8(
    width,
    height,
    3,
    mapInto(new Uint8Array(noised.length), noised, (v) => Math.trunc(v * 255)),
  );
}

function planesOf(image: Image8): Planes {
  const count = image.width * image.height;
  const plane = (c: number) =>
    Float64Array.from({ length: count }, (_, i) => image.data[i * image.channels + c] / 255);
  return [plane(0), plane(1), plane(2)];
}

function picked(values: Float64Array, wanted: Float64Array): Float64Array {
  return values.filter((_, i) => wanted[i] === 1);
}

/** Uniform noise of each channel, drawn towards their mean. */
function noisePlanes({ width, height }: Size, variation: number, uniform: () => number): Planes {
  const plane = () => new Float64Array(width * height);
  const planes: Planes = [plane(), plane(), plane()];
  for (let i = 0; i < width * height; i++) {
    const drawn = [uniform(), uniform(), uniform()];
    const gray = (drawn[0] + drawn[1] + drawn[2]) / 3;
    for (let c = 0; c < 3; c++) planes[c][i] = drawn[c] * variation + (1 - variation) * gray;
  }
  return planes;
}

function shapedNoise(
  source: Planes,
  mask: Float64Array,
  noise: Planes,
  form: { readonly size: Size; readonly falloff: number },
): Planes {
  const windowed = windowedSource(source, mask);
  const falling = fallingWindow(form.size);
  const shape = (c: 0 | 1 | 2): Float64Array => {
    const first = centeredTransform(realPlane(form.size, noise[c]), false);
    for (let i = 0; i < falling.length; i++) {
      first.re[i] *= falling[i];
      first.im[i] *= falling[i];
    }
    const smooth = realPlane(form.size, centeredTransform(first, true).re);
    const spectrum = centeredTransform(realPlane(form.size, windowed[c]), false);
    const shaped = withAmplitudes(spectrum, centeredTransform(smooth, false), form.falloff);
    return centeredTransform(shaped, true).re;
  };
  return stretched([shape(0), shape(1), shape(2)]);
}

/** The known part, brightest value 1, and the whole canvas's mean where it is to be painted. */
function windowedSource(source: Planes, mask: Float64Array): Planes {
  let most = 0;
  let sum = 0;
  for (const plane of source) {
    for (let i = 0; i < plane.length; i++) {
      most = Math.max(most, plane[i] * (1 - mask[i]));
      sum += plane[i];
    }
  }
  const mean = sum / (3 * mask.length);
  const windowed = (plane: Float64Array) =>
    plane.map((v, i) => (v * (1 - mask[i])) / (most || 1) + mean * mask[i]);
  return [windowed(source[0]), windowed(source[1]), windowed(source[2])];
}

/** 1 / ((x^2 + 1)(y^2 + 1)) around the middle, in halves of the shorter side. */
function fallingWindow({ width, height }: Size): Float64Array {
  const shorter = Math.min(width, height);
  const along = (n: number) =>
    Float64Array.from({ length: n }, (_, i) => 1 / ((((i / n) * 2 - 1) * (n / shorter)) ** 2 + 1));
  const across = along(width);
  const down = along(height);
  return Float64Array.from(
    { length: width * height },
    (_, i) => across[i % width] * down[Math.floor(i / width)],
  );
}

/** Power of the noise, amplitudes of the source raised to the fall-off, phases of the source. */
function withAmplitudes(source: Spectrum, noise: Spectrum, falloff: number): Spectrum {
  const { width, height } = source;
  const re = new Float64Array(source.re.length);
  const im = new Float64Array(source.re.length);
  for (let i = 0; i < re.length; i++) {
    const amplitude = Math.hypot(source.re[i], source.im[i]);
    const power = noise.re[i] ** 2 + noise.im[i] ** 2;
    // Nothing has no phase.
    const factor = amplitude === 0 ? 0 : (power * amplitude ** falloff) / amplitude;
    re[i] = source.re[i] * factor;
    im[i] = source.im[i] * factor;
  }
  return { width, height, re, im };
}

/** All three together to 0..1. */
function stretched(planes: Planes): Planes {
  let least = Infinity;
  let most = -Infinity;
  for (const plane of planes) {
    for (const v of plane) {
      least = Math.min(least, v);
      most = Math.max(most, v);
    }
  }
  const to = (plane: Float64Array) => plane.map((v) => (v - least) / (most - least || 1));
  return [to(planes[0]), to(planes[1]), to(planes[2])];
}
