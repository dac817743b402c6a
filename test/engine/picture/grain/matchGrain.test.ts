/** Noise of known strength and spectrum, and what is painted into it without any. */
import { describe, expect, it } from 'vitest';
import { fromFloatImage, toFloatImage } from '../../../../service/engine/picture/convert.ts';
import { cropRaster } from '../../../../service/engine/picture/crop.ts';
import { decodePicture } from '../../../../service/engine/picture/decode.ts';
import { gaussianBlur } from '../../../../service/engine/picture/gaussian.ts';
import { matchGrain } from '../../../../service/engine/picture/grain/matchGrain.ts';
import { seededRandom } from '../../../../service/engine/picture/patch/patchMatch.ts';
import type { FloatImage, Mask, Raster } from '../../../../service/engine/picture/raster.ts';
import { drain } from '../../../../service/engine/picture/sliced.ts';
import type { PixelDepth } from '../../../../shared/frame.ts';
import type { Rect } from '../../../../shared/geometry.ts';

const size = { width: 260, height: 220 };
const box: Rect = { x: 80, y: 60, width: 100, height: 96 };

type Color = (x: number, y: number, c: number) => number;
const slope: Color = (x, y, c) => 0.35 + x / 1500 + y / 2000 + c * 0.04;

function clean(color: Color): FloatImage {
  const data = new Float32Array(size.width * size.height * 3);
  for (let i = 0; i < data.length; i++) {
    const p = Math.floor(i / 3);
    data[i] = color(p % size.width, Math.floor(p / size.width), i % 3);
  }
  return { ...size, data };
}

interface Noise {
  /** Levels of 255, by channel and by the colour itself. */
  readonly sigma: (c: number, value: number) => number;
  /** Smoothed by that many pixels, then as strong as before. */
  readonly blur?: number;
}

function noisy(image: FloatImage, { sigma, blur = 0 }: Noise): FloatImage {
  const random = seededRandom(11);
  const planes = [0, 1, 2].map(() => {
    const white = Float32Array.from({ length: size.width * size.height }, () => {
      return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    });
    const plane = gaussianBlur({ ...size, data: white }, blur).data;
    const deviation = Math.sqrt(plane.reduce((s, v) => s + v * v, 0) / plane.length);
    return plane.map((v) => v / deviation);
  });
  const data = image.data.map(
    (v, i) => v + (sigma(i % 3, v) / 255) * planes[i % 3][Math.floor(i / 3)],
  );
  return { ...size, data };
}

const opaque: Mask = { ...box, data: new Uint8Array(box.width * box.height).fill(255) };

function match(picture: Raster, painted: Raster, { strength = 1, seed = 3, alpha = opaque } = {}) {
  const layer = { color: cropRaster(painted, box), alpha, bounds: box };
  return { layer, ...drain(matchGrain(layer, picture, { strength, seed })) };
}

/** Of one channel against the clean picture: standard deviation in levels, correlation of neighbours. */
function noiseOf(color: Raster, truth: FloatImage, part: Rect, c = 1) {
  const { data } = toFloatImage(color).image;
  const at = (x: number, y: number) =>
    data[(y * color.width + x) * 3 + c] -
    truth.data[((y + box.y) * truth.width + x + box.x) * 3 + c];
  let square = 0;
  let product = 0;
  let count = 0;
  for (let y = part.y; y < part.y + part.height; y++) {
    for (let x = part.x; x < part.x + part.width - 1; x++) {
      square += at(x, y) ** 2;
      product += at(x, y) * at(x + 1, y);
      count++;
    }
  }
  return { sigma: 255 * Math.sqrt(square / count), correlation: product / square };
}

const whole: Rect = { x: 0, y: 0, width: box.width, height: box.height };
const store = (image: FloatImage, depth: PixelDepth = 8) =>
  fromFloatImage(image, { channels: 3, depth });
const flat = clean(slope);

describe('matchGrain', () => {
  it.each([
    { name: 'white noise of 6 levels', noise: { sigma: () => 6 }, depth: 8 as const },
    { name: 'faint noise of 16 bits', noise: { sigma: () => 1.5 }, depth: 16 as const },
    { name: 'noise that is smooth', noise: { sigma: () => 6, blur: 0.8 }, depth: 8 as const },
    {
      name: 'another strength in each channel',
      noise: { sigma: (c: number) => 4 + 2 * c },
      depth: 8 as const,
    },
  ])('gives a clean patch the strength and the spectrum of $name', ({ noise, depth }) => {
    const picture = store(noisy(flat, noise), depth);
    const { color, report } = match(picture, store(flat, depth));
    for (const c of [0, 1, 2]) {
      const wanted = noiseOf(cropRaster(picture, box), flat, whole, c);
      const made = noiseOf(color, flat, whole, c);
      expect(made.sigma / wanted.sigma).toBeGreaterThan(0.9);
      expect(made.sigma / wanted.sigma).toBeLessThan(1.1);
      expect(Math.abs(made.correlation - wanted.correlation)).toBeLessThan(0.08);
    }
    expect(report?.before).toBeLessThan(0.5);
    expect(Math.abs((report?.after ?? 0) - (report?.around ?? 0))).toBeLessThan(0.5);
  });

  it('follows noise that is stronger in the lights', () => {
    const ramp = clean((x) => 0.15 + (0.7 * x) / size.width);
    const picture = store(noisy(ramp, { sigma: (_c, v) => 2 + 9 * v }));
    const { color } = match(picture, store(ramp));
    for (const x of [0, 70]) {
      const part = { x, y: 0, width: 30, height: box.height };
      const wanted = noiseOf(cropRaster(picture, box), ramp, part).sigma;
      expect(noiseOf(color, ramp, part).sigma / wanted).toBeGreaterThan(0.8);
      expect(noiseOf(color, ramp, part).sigma / wanted).toBeLessThan(1.25);
    }
  });

  it('adds only what is missing', () => {
    const picture = store(noisy(flat, { sigma: () => 6 }));
    const half = store(noisy(flat, { sigma: () => 4 }));
    const made = noiseOf(match(picture, half).color, flat, whole).sigma;
    expect(made).toBeGreaterThan(5.5);
    expect(made).toBeLessThan(6.6);
    const as = match(picture, picture);
    expect(as.color).toBe(as.layer.color);
    const more = match(half, picture);
    expect(more.color).toBe(more.layer.color);
  });

  it('leaves clean pictures alone, at 8 and 16 bits', () => {
    for (const depth of [8, 16] as const) {
      const { color, layer } = match(store(flat, depth), store(flat, depth));
      expect(color).toBe(layer.color);
    }
  });

  it('does not take the texture of things for noise', async () => {
    const file = await decodePicture('plugin/samples/product.jpg');
    const wood = cropRaster(file.raster, { x: 340, y: 0, ...size });
    const { color, layer } = match(wood, store(flat));
    expect(color).toBe(layer.color);
  });

  it('follows its slider and its seed, and touches nothing that is not seen', () => {
    const picture = store(noisy(flat, { sigma: () => 6 }), 16);
    const painted = store(flat, 16);
    const alpha = { ...opaque, data: opaque.data.map((_, i) => (i % box.width < 30 ? 0 : 255)) };
    const made = match(picture, painted, { alpha });
    const { color, layer } = made;
    const hidden = Array.from(color.data).filter(
      (v, i) => Math.floor(i / 3) % box.width < 30 && v !== layer.color.data[i],
    );
    expect(hidden).toEqual([]);
    expect(match(picture, painted, { alpha }).color).toEqual(color);
    expect(match(picture, painted, { alpha, seed: 4 }).color).not.toEqual(color);
    const part = { x: 30, y: 0, width: 70, height: 96 };
    const weak = match(picture, painted, { alpha, strength: 0.5 }).color;
    const ratio = noiseOf(weak, flat, part).sigma / noiseOf(color, flat, part).sigma;
    expect(ratio).toBeCloseTo(0.5, 1);
    const none = match(picture, painted, { strength: 0 });
    expect(none.color).toBe(none.layer.color);
    expect(none.report).toBeUndefined();
  });

  it('has nothing to say of what is too small to measure', () => {
    const picture = store(noisy(flat, { sigma: () => 6 }));
    const small: Rect = { x: 20, y: 20, width: 6, height: 5 };
    const color = cropRaster(store(flat), small);
    const alpha = { width: 6, height: 5, data: new Uint8Array(30).fill(255) };
    const made = drain(
      matchGrain({ color, alpha, bounds: small }, picture, { strength: 1, seed: 1 }),
    );
    expect(made.color).toBe(color);
  });
});
