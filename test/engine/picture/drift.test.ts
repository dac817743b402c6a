import { describe, expect, it } from 'vitest';
import { correctDrift } from '../../../service/engine/picture/color/drift.ts';
import type { FloatImage, SoftMask } from '../../../service/engine/picture/raster.ts';

const width = 160;
const height = 120;

function scene(): FloatImage {
  const data = new Float32Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const p = Math.floor(i / 3);
    const x = p % width;
    const y = Math.floor(p / width);
    data[i] =
      0.45 +
      0.25 * Math.sin(x / (7 + (i % 3) * 5) + (i % 3)) * Math.cos(y / 13) +
      0.1 * Math.sin((x + y) / 3);
  }
  return { width, height, data };
}

function box(): SoftMask {
  const data = Float32Array.from({ length: width * height }, (_, i) => {
    const x = i % width;
    const y = Math.floor(i / width);
    return x >= 50 && x < 110 && y >= 40 && y < 85 ? 1 : 0;
  });
  return { width, height, data };
}

function not(mask: SoftMask): SoftMask {
  return { ...mask, data: mask.data.map((v) => 1 - v) };
}

/** Gain, offset, some gamma and a tint that varies over the picture. */
function drifted(image: FloatImage): FloatImage {
  const data = image.data.map((v, i) => {
    const x = Math.floor(i / 3) % width;
    const c = i % 3;
    return (
      v ** 1.04 * [0.93, 1, 1.05][c] +
      [0.02, 0, -0.015][c] +
      0.012 * Math.cos((Math.PI * x) / width)
    );
  });
  return { ...image, data };
}

/** Even noise of a level either way, the same in every run. */
function noiseOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return (state / 2 ** 32 - 0.5) / 127;
  };
}

function meanError(a: FloatImage, b: FloatImage, where: SoftMask): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < a.data.length; i++) {
    if (where.data[Math.floor(i / 3)] === 0) continue;
    sum += Math.abs(a.data[i] - b.data[i]);
    count++;
  }
  return sum / count;
}

describe('correctDrift', () => {
  const alpha = box();
  const known = not(alpha);

  it('takes a drift off the painted part that is only seen around it', () => {
    const truth = scene();
    const { image, report } = correctDrift(drifted(truth), truth, { known, alpha, strength: 1 });
    expect(meanError(drifted(truth), truth, alpha)).toBeGreaterThan(0.015);
    expect(meanError(image, truth, alpha)).toBeLessThan(0.003);
    expect(report?.before).toBeGreaterThan(2);
    expect(report?.after).toBeLessThan(0.3);
  });

  it('does not pull new content towards what was there', () => {
    const original = scene();
    const truth = {
      ...original,
      data: original.data.map((v, i) =>
        alpha.data[Math.floor(i / 3)] ? [0.8, 0.3, 0.25][i % 3] : v,
      ),
    };
    const { image } = correctDrift(drifted(truth), original, { known, alpha, strength: 1 });
    expect(meanError(image, truth, alpha)).toBeLessThan(0.012);
  });

  it('gives the generated picture itself at strength 0, and half the way at 0.5', () => {
    const truth = scene();
    const generated = drifted(truth);
    const off = correctDrift(generated, truth, { known, alpha, strength: 0 });
    expect(off.image).toBe(generated);
    expect(off.report?.before).toBeGreaterThan(2);
    expect(off.report?.after).toBe(off.report?.before);
    const full = correctDrift(generated, truth, { known, alpha, strength: 1 }).image;
    const half = correctDrift(generated, truth, { known, alpha, strength: 0.5 }).image;
    half.data.forEach((v, i) => expect(v).toBeCloseTo((full.data[i] + generated.data[i]) / 2, 5));
  });

  it('leaves a picture without drift alone', () => {
    const truth = scene();
    const { image } = correctDrift(truth, truth, { known, alpha, strength: 1 });
    expect(meanError(image, truth, alpha)).toBeLessThan(1e-4);
  });

  it('changes nothing where alpha is 0, nor when nothing is known', () => {
    const truth = scene();
    const generated = drifted(truth);
    const { image } = correctDrift(generated, truth, { known, alpha, strength: 1 });
    image.data.forEach(
      (v, i) => alpha.data[Math.floor(i / 3)] === 0 && expect(v).toBe(generated.data[i]),
    );
    const nothing = { ...known, data: new Float32Array(known.data.length) };
    const blind = correctDrift(generated, truth, { known: nothing, alpha, strength: 1 });
    expect(blind.image).toBe(generated);
    // Not a difference of 0: nothing was compared.
    expect(blind.report).toBeUndefined();
  });

  it('takes pictures of one pixel and refuses other sizes', () => {
    const one = { width: 1, height: 1, data: new Float32Array(3) };
    const mask = { width: 1, height: 1, data: new Float32Array(1) };
    expect(correctDrift(one, one, { known: mask, alpha: mask, strength: 1 }).image).toBe(one);
    expect(() => correctDrift(one, scene(), { known: mask, alpha: mask, strength: 1 })).toThrow(
      RangeError,
    );
  });

  it('takes nothing off where the surroundings agree but for noise', () => {
    const original = scene();
    const inside = box();
    const noise = noiseOf(1);
    const data = original.data.map((v, i) => {
      const isNew = inside.data[Math.floor(i / 3)] === 1;
      return (isNew ? v + [0.02, 0.005, -0.015][i % 3] : v) + noise();
    });
    const generated = { ...original, data };
    const options = { known: not(inside), alpha: inside, strength: 1 };
    const { image } = correctDrift(generated, original, options);
    expect(meanError(image, generated, inside)).toBeLessThan(0.4 / 255);
  });

  it('learns from what is bright though one channel is cut off', () => {
    const original = scene();
    const bright = original.data.map((v, i) => [1, 0.97, 0.9][i % 3] - 0.06 * v);
    const white = { ...original, data: bright };
    const data = bright.map((v, i) => Math.min(1, v * [1.05, 1, 0.92][i % 3]));
    const inside = box();
    const options = { known: not(inside), alpha: inside, strength: 1 };
    const { image } = correctDrift({ ...white, data }, white, options);
    expect(meanError(image, white, inside)).toBeLessThan(2 / 255);
    expect(meanError({ ...white, data }, white, inside)).toBeGreaterThan(8 / 255);
  });

  it('does not take the noise of grey surroundings for a loss of colour', () => {
    const inside = box();
    const noise = noiseOf(3);
    const grey = scene().data.map((_, i, all) => all[i - (i % 3)]);
    const original = { ...scene(), data: grey };
    const truth = original.data.map((v, i) =>
      inside.data[Math.floor(i / 3)] === 1 ? [0.75, 0.35, 0.2][i % 3] : v,
    );
    const generated = { ...original, data: truth.map((v) => v * 0.97 + 0.025 + noise() * 4) };
    const options = { known: not(inside), alpha: inside, strength: 1 };
    const { image } = correctDrift(generated, original, options);
    const wanted = { ...original, data: truth };
    expect(meanError(generated, wanted, inside)).toBeGreaterThan(2.2 / 255);
    expect(meanError(image, wanted, inside)).toBeLessThan(2.1 / 255);
  });

  it('takes off a cast that the painted part alone has, seen where its edge goes on as before', () => {
    const original = scene();
    const inside = box();
    const generated = drifted(original);
    const cast = [0.024, -0.012, -0.016];
    generated.data.forEach((v, i) => {
      generated.data[i] = v + inside.data[Math.floor(i / 3)] * cast[i % 3];
    });
    const options = { known: not(inside), alpha: inside, strength: 1 };
    const { image } = correctDrift(generated, original, options);
    expect(meanError(generated, original, inside)).toBeGreaterThan(4 / 255);
    expect(meanError(image, original, inside)).toBeLessThan(1.2 / 255);
  });

  it('sees no cast in something new that is a little redder than what was there', () => {
    const original = { ...scene(), data: new Float32Array(width * height * 3).fill(0.5) };
    const inside = box();
    const noise = noiseOf(5);
    const isNew = (p: number) => {
      const x = p % width;
      const y = Math.floor(p / width);
      return Math.hypot((x - 80) / 24, (y - 62.5) / 18) < 1;
    };
    const truth = original.data.map((v, i) => {
      return isNew(Math.floor(i / 3)) ? v + [0.03, 0, -0.02][i % 3] : v;
    });
    const generated = { ...original, data: truth.map((v) => v * 0.98 + 0.025 + noise()) };
    const options = { known: not(inside), alpha: inside, strength: 1 };
    const { image } = correctDrift(generated, original, options);
    const wanted = { ...original, data: truth };
    expect(meanError(generated, wanted, inside)).toBeGreaterThan(3.5 / 255);
    expect(meanError(image, wanted, inside)).toBeLessThan(0.8 / 255);
  });
});
