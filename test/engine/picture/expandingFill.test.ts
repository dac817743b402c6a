/** Fills past a picture's edges: where their patches come from. */
import { describe, expect, it } from 'vitest';
import { fillFromSurroundings } from '../../../service/engine/picture/patch/patchFill.ts';
import { makeLevel, patchChannels } from '../../../service/engine/picture/patch/patchLevel.ts';
import { seededRandom } from '../../../service/engine/picture/patch/patchMatch.ts';
import {
  countMatches,
  moveMatch,
  noUsage,
  usageCost,
} from '../../../service/engine/picture/patch/sourceUsage.ts';
import type { FloatImage, Mask } from '../../../service/engine/picture/raster.ts';
import { drain } from '../../../service/engine/picture/sliced.ts';

const size = { width: 160, height: 96 };
/** Columns that are to be painted. */
const bandPx = 48;
const band: Mask = {
  ...size,
  data: Uint8Array.from({ length: size.width * size.height }, (_, i) =>
    i % size.width < bandPx ? 255 : 0,
  ),
};

/** A sky, a wavy ridge, grass; all with grain. */
function landscape(thing: (x: number, y: number) => boolean = () => false): FloatImage {
  const random = seededRandom(3);
  const data = new Float32Array(size.width * size.height * 3);
  for (let i = 0; i < data.length; i += 3) {
    const x = (i / 3) % size.width;
    const y = Math.floor(i / 3 / size.width);
    const grain = (random() - 0.5) * 0.05;
    const isSky = y < 57.6 + 3 * Math.sin(x / 6);
    const color = isSky ? [0.5, 0.6, 0.85] : [0.3, 0.42, 0.18];
    data.set(thing(x, y) ? [1, 1, 1] : color.map((v) => v + grain), i);
  }
  return { ...size, data };
}

function at(image: FloatImage, x: number, y: number): Float32Array {
  const i = (y * size.width + x) * 3;
  return image.data.subarray(i, i + 3);
}

function expanded(image: FloatImage, seed = 1): Promise<FloatImage> {
  return fillFromSurroundings(image, band, { seed, isExpansion: true });
}

describe('a fill past the edge', () => {
  it('goes on with each layer of the scene at its height', async () => {
    const filled = await expanded(landscape());
    for (let x = 0; x < bandPx; x++) {
      for (const y of [4, 20, 44]) expect(at(filled, x, y)[2]).toBeGreaterThan(0.6);
      for (const y of [70, 80, 92]) expect(at(filled, x, y)[2]).toBeLessThan(0.4);
    }
  });

  it('does not repeat what is there once', async () => {
    const filled = await expanded(landscape((x, y) => Math.hypot(x - 88, y - 24) < 9));
    let bright = 0;
    for (let x = 0; x < bandPx - 2; x++) {
      for (let y = 0; y < size.height; y++) if (Math.min(...at(filled, x, y)) > 0.8) bright++;
    }
    expect(bright).toBe(0);
  });

  it('goes on with a pattern in step, as sharp as it is', async () => {
    const pattern = (x: number, y: number) => 0.5 + 0.2 * Math.sin(x / 2.5) * Math.cos(y / 3.5 + 1);
    const data = new Float32Array(size.width * size.height * 3);
    for (let i = 0; i < data.length; i++) {
      const p = Math.floor(i / 3);
      data[i] = pattern(p % size.width, Math.floor(p / size.width));
    }
    const filled = await expanded({ ...size, data });
    let error = 0;
    for (let p = 0; p < size.width * size.height; p++) {
      if (band.data[p] > 0) error += Math.abs(filled.data[p * 3] - data[p * 3]);
    }
    // Mean absolute deviation of the pattern itself: 0.08.
    expect(error / (bandPx * size.height)).toBeLessThan(0.04);
  });

  it('keeps the contrast of fine texture', async () => {
    const random = seededRandom(8);
    const data = Float32Array.from({ length: size.width * size.height * 3 }, () => 0);
    for (let i = 0; i < data.length; i += 3) data.fill(0.4 + 0.2 * random(), i, i + 3);
    const filled = await expanded({ ...size, data });
    const spread = (from: number, to: number) => {
      const values: number[] = [];
      for (let y = 0; y < size.height; y++) {
        for (let x = from; x < to; x++) values.push(at(filled, x, y)[0] ?? 0);
      }
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      return Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
    };
    expect(spread(0, bandPx)).toBeGreaterThan(0.85 * spread(bandPx, size.width));
  });

  it('fills a hole that no copy covers by a fifth', async () => {
    const island = { x: 66, y: 36, side: 28 };
    const mask = band.data.map((_, i) => {
      const [x, y] = [(i % size.width) - island.x, Math.floor(i / size.width) - island.y];
      return x >= 0 && y >= 0 && x < island.side && y < island.side ? 0 : 255;
    });
    const options = { seed: 1, isExpansion: true };
    const filled = await fillFromSurroundings(landscape(), { ...size, data: mask }, options);
    expect(at(filled, 5, 4)[2]).toBeGreaterThan(0.2);
    expect(filled.data.every((v) => v >= 0 && v <= 1)).toBe(true);
  });

  it('keeps every known bit, and gives the same pixels for the same seed', async () => {
    const image = landscape();
    const filled = await expanded(image, 4);
    const isKept = image.data.every(
      (v, k) => band.data[Math.floor(k / 3)] > 0 || filled.data[k] === v,
    );
    expect(isKept).toBe(true);
    expect((await expanded(image, 4)).data).toEqual(filled.data);
  });

  it('takes a band thinner than a patch', async () => {
    const thin = { ...band, data: band.data.map((_, i) => (i % size.width < 2 ? 255 : 0)) };
    const filled = await fillFromSurroundings(landscape(), thin, { seed: 1, isExpansion: true });
    expect(at(filled, 0, 20)[2]).toBeGreaterThan(0.6);
    expect(at(filled, 0, 80)[2]).toBeLessThan(0.4);
  });

  it('takes a picture that is hardly larger than a patch', async () => {
    const tiny = { width: 12, height: 9, data: landscape().data.slice(0, 12 * 9 * 3) };
    const data = Uint8Array.from({ length: 12 * 9 }, (_, i) => (i % 12 > 8 ? 255 : 0));
    const filled = await fillFromSurroundings(
      tiny,
      { ...tiny, data },
      { seed: 1, isExpansion: true },
    );
    expect(filled.data.every((v) => v >= 0 && v <= 1)).toBe(true);
  });
});

describe('a source', () => {
  const hole = band.data.map((v) => (v > 0 ? 1 : 0));
  const textured = Float32Array.from({ length: hole.length * patchChannels }, seededRandom(2));
  const level = (data: Float32Array) => drain(makeLevel(size, data, hole));

  it('costs the more the more often it is used beyond once, and less again once it is left', () => {
    const { targets, sources, ...rest } = level(textured);
    const usage = drain(noUsage({ ...rest, targets, sources }));
    const match = new Int32Array(hole.length);
    const matched = (count: number) => {
      countMatches(usage, targets.subarray(0, count), match.fill(sources[500]));
      return usageCost(usage, sources[500]);
    };
    expect(matched(64)).toBe(0);
    expect(matched(200)).toBeGreaterThan(matched(100));
    const before = matched(100);
    moveMatch(usage, sources[500], sources[5000]);
    expect(usageCost(usage, sources[500])).toBeLessThan(before);
    expect(before).toBeGreaterThan(0);
  });

  it('costs nothing where it is flat, however often it is used', () => {
    const { targets, sources, ...rest } = level(new Float32Array(textured.length).fill(0.5));
    const usage = drain(noUsage({ ...rest, targets, sources }));
    countMatches(usage, targets, new Int32Array(hole.length).fill(sources[500]));
    expect(usageCost(usage, sources[500])).toBeCloseTo(0, 9);
  });
});
