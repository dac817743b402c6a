import { describe, expect, it } from 'vitest';
import {
  fromFloatImage,
  fromTensor,
  overBackground,
  toFloatImage,
  toTensor,
} from '../../../service/engine/picture/convert.ts';
import { cropImage } from '../../../service/engine/picture/crop.ts';
import type { FloatImage, Raster } from '../../../service/engine/picture/raster.ts';
import {
  resizeImage,
  resizeImageWindow,
  resizeRaster,
  resizeSoftMask,
} from '../../../service/engine/picture/resize.ts';

function image(
  width: number,
  height: number,
  value: (x: number, y: number, c: number) => number,
): FloatImage {
  const data = new Float32Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const p = Math.floor(i / 3);
    data[i] = value(p % width, Math.floor(p / width), i % 3);
  }
  return { width, height, data };
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0);
}

describe('resizeImage', () => {
  it('copies exactly when the size stays', () => {
    const a = image(7, 5, (x, y, c) => ((x * 31 + y * 17 + c * 7) % 11) / 11);
    const b = resizeImage(a, { width: 7, height: 5 });
    expect(b.data).toEqual(a.data);
    expect(b.data).not.toBe(a.data);
  });

  it('keeps a plain colour in every direction', () => {
    const a = image(37, 23, (_x, _y, c) => [0.1, 0.5, 0.9][c]);
    for (const size of [
      { width: 5, height: 4 },
      { width: 90, height: 71 },
      { width: 10, height: 80 },
      { width: 1, height: 1 },
    ]) {
      const b = resizeImage(a, size);
      const plain = image(size.width, size.height, (_x, _y, c) => [0.1, 0.5, 0.9][c]);
      expect(largestDifference(b.data, plain.data)).toBeLessThan(1e-6);
    }
  });

  it('does not move a ramp', () => {
    const a = image(64, 8, (x) => (x + 0.5) / 64);
    const b = resizeImage(a, { width: 128, height: 16 });
    const ramp = image(128, 16, (x) => (x + 0.5) / 128);
    const middle = { x: 16, y: 0, width: 96, height: 16 };
    expect(largestDifference(cropImage(b, middle).data, cropImage(ramp, middle).data)).toBeLessThan(
      2e-3,
    );
  });

  it('brings back a smooth picture after enlarging and reducing', () => {
    const a = image(60, 50, (x, y) => 0.5 + 0.3 * Math.sin(x / 6) * Math.cos(y / 7));
    const b = resizeImage(resizeImage(a, { width: 123, height: 101 }), { width: 60, height: 50 });
    const middle = { x: 6, y: 6, width: 48, height: 38 };
    expect(largestDifference(cropImage(a, middle).data, cropImage(b, middle).data)).toBeLessThan(
      2e-3,
    );
  });

  it('does not alias: a fine grid becomes its mean, in light or in code values', () => {
    const grid = image(96, 96, (x, y) => (x + y) % 2);
    const middle = { x: 3, y: 3, width: 10, height: 10 };
    const code = cropImage(resizeImage(grid, { width: 16, height: 16 }), middle);
    code.data.forEach((v) => expect(v).toBeCloseTo(0.5, 2));
    const light = cropImage(
      resizeImage(grid, { width: 16, height: 16 }, { linearLight: true }),
      middle,
    );
    light.data.forEach((v) => expect(v).toBeCloseTo(0.735, 2));
  });

  it('stays within 0..1 at hard edges', () => {
    const b = resizeImage(
      image(20, 20, (x) => (x < 10 ? 0 : 1)),
      { width: 77, height: 77 },
    );
    expect(Math.min(...b.data)).toBe(0);
    expect(Math.max(...b.data)).toBe(1);
  });

  it('refuses an empty size', () => {
    expect(() =>
      resizeImage(
        image(4, 4, () => 0),
        { width: 0, height: 3 },
      ),
    ).toThrow(RangeError);
  });

  it('resizes masks without ringing', () => {
    const data = Float32Array.from({ length: 400 }, (_, i) => (i % 20 < 10 ? 0 : 1));
    const row = resizeSoftMask(
      { width: 20, height: 20, data },
      { width: 60, height: 20 },
    ).data.subarray(0, 60);
    row.forEach((v, i) => expect(v).toBeGreaterThanOrEqual(i > 0 ? row[i - 1] - 1e-6 : 0));
  });
});

describe('conversions', () => {
  it('brings every level of 8 and 16 bits back through float', () => {
    for (const depth of [8, 16] as const) {
      const count = depth === 8 ? 256 : 65536;
      const data = depth === 8 ? new Uint8Array(count) : new Uint16Array(count);
      data.forEach((_, i) => (data[i] = i));
      const raster: Raster = { width: count, height: 1, channels: 1, depth, data };
      const { image: float } = toFloatImage(raster);
      expect(fromFloatImage(float, { channels: 1, depth }).data).toEqual(data);
    }
  });

  it('separates alpha and makes NaN harmless', () => {
    const data = Float32Array.from([NaN, 2, -1, 0.5]);
    const { image: float, alpha } = toFloatImage({
      width: 1,
      height: 1,
      channels: 4,
      depth: 32,
      data,
    });
    expect(Array.from(float.data)).toEqual([0, 1, 0]);
    expect(Array.from(alpha?.data ?? [])).toEqual([0.5]);
    if (!alpha) throw new Error('no alpha');
    expect(Array.from(overBackground(float, alpha, [1, 0, 0]).data)).toEqual([0.5, 0.5, 0]);
    expect(
      fromFloatImage({ ...float, data: Float32Array.from([NaN, 9, -9]) }, { channels: 3, depth: 8 })
        .data,
    ).toEqual(Uint8Array.from([0, 255, 0]));
  });

  it('turns pictures into planes for the networks and back', () => {
    const a = image(5, 4, (x, y, c) => ((x + y + c) % 4) / 4);
    const t = toTensor(a);
    expect(t.shape).toEqual([1, 3, 4, 5]);
    expect(t.data[20]).toBe(a.data[1] * 2 - 1);
    expect(largestDifference(fromTensor(t).data, a.data)).toBeLessThan(1e-7);
    expect(() => fromTensor({ data: new Float32Array(4), shape: [1, 1, 2, 2] })).toThrow(
      RangeError,
    );
  });
});

describe('resizeRaster', () => {
  it('is bit for bit the way over the picture in float, clear parts over gray', () => {
    for (const channels of [1, 2, 3, 4] as const) {
      for (const depth of [8, 16, 32] as const) {
        const count = 17 * 11 * channels;
        const max = depth === 8 ? 255 : depth === 16 ? 65535 : 1;
        const values = Float32Array.from({ length: count }, (_, i) => {
          const v = 0.55 + 0.5 * Math.sin(i * 2.3);
          return depth === 32 ? v : Math.round(Math.min(1, Math.max(0, v)) * max);
        });
        const data =
          depth === 8 ? Uint8Array.from(values) : depth === 16 ? Uint16Array.from(values) : values;
        const raster: Raster = { width: 17, height: 11, channels, depth, data };
        const { image: float, alpha } = toFloatImage(raster);
        const seen = alpha ? overBackground(float, alpha) : float;
        for (const size of [
          { width: 17, height: 11 },
          { width: 8, height: 30 },
          { width: 40, height: 5 },
        ]) {
          expect(resizeRaster(raster, size).data).toEqual(resizeImage(seen, size).data);
        }
      }
    }
  });
});

describe('resizeImageWindow', () => {
  it('is the part of the whole', () => {
    const a = image(23, 31, (x, y, c) => ((x * 31 + y * 17 + c * 7) % 11) / 11);
    for (const size of [
      { width: 61, height: 40 },
      { width: 12, height: 50 },
    ]) {
      const window = { x: 3, y: 5, width: 7, height: 21 };
      const whole = cropImage(resizeImage(a, size), window);
      const part = resizeImageWindow(a, size, window);
      expect(part).toMatchObject({ width: 7, height: 21 });
      expect(largestDifference(part.data, whole.data)).toBeLessThan(1e-6);
    }
  });
});
