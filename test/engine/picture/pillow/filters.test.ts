import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boxBlur, gaussianBlurPillow } from '../../../../service/engine/picture/pillow/blur.ts';
import { type Image8, newImage8 } from '../../../../service/engine/picture/pillow/image8.ts';
import { maxFilter, minFilter } from '../../../../service/engine/picture/pillow/rankFilter.ts';
import { flatImage, noiseImage } from '../pixels.ts';

/** The window's values around one pixel, edges repeated. */
function around(image: Image8, x: number, y: number, radius: number): number[] {
  const values: number[] = [];
  for (let j = -radius; j <= radius; j++) {
    for (let i = -radius; i <= radius; i++) {
      const row = Math.min(image.height - 1, Math.max(0, y + j));
      const column = Math.min(image.width - 1, Math.max(0, x + i));
      values.push(image.data[row * image.width + column] ?? 0);
    }
  }
  return values;
}

describe('box and Gaussian blur as Pillow does', () => {
  it('keeps flat pictures flat and leaves radius 0 alone', () => {
    for (const radius of [0, 0.3, 1, 2.5, 40, 256]) {
      const image = flatImage(13, 9, [255, 1, 90, 128]);
      expect(gaussianBlurPillow(image, radius).data).toEqual(image.data);
    }
    const image = noiseImage(11, 7, 3);
    expect(gaussianBlurPillow(image, 0).data).toEqual(image.data);
  });

  it('averages the whole window for a whole radius, to a level of rounding per direction', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 30 }),
        (w, h, r) => {
          const image = noiseImage(w, h, 1, w * 31 + h);
          const out = boxBlur(image, r);
          for (let y = 0; y < h; y++) {
            for (let x = 0; x < w; x++) {
              const values = around(image, x, y, r);
              const mean = values.reduce((a, b) => a + b, 0) / values.length;
              expect(Math.abs((out.data[y * w + x] ?? 0) - mean)).toBeLessThanOrEqual(1.01);
            }
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('has the standard deviation that it is asked for', () => {
    const size = 129;
    const image = newImage8(size, 3, 1);
    for (let y = 0; y < 3; y++) image.data.fill(255, y * size + 54, y * size + 75);
    const row = gaussianBlurPillow(image, 6).data.subarray(size, 2 * size);
    let sum = 0;
    let second = 0;
    row.forEach((v, x) => {
      sum += v;
      second += v * (x - 64) ** 2;
    });
    // A bar of 21 pixels has the variance 110/3; variances add.
    expect(Math.sqrt(second / sum - 110 / 3)).toBeCloseTo(6, 0);
    expect([...row].reverse()).toEqual([...row]);
  });
});

describe('largest and smallest value in a window', () => {
  it('equals looking at every window', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 17 }),
        fc.integer({ min: 1, max: 17 }),
        fc.integer({ min: 0, max: 9 }),
        (w, h, half) => {
          const image = noiseImage(w, h, 1, w + 100 * h);
          const most = maxFilter(image, 2 * half + 1).data;
          const least = minFilter(image, 2 * half + 1).data;
          for (let y = 0; y < h; y++) {
            for (let x = 0; x < w; x++) {
              const values = around(image, x, y, half);
              expect(most[y * w + x]).toBe(Math.max(...values));
              expect(least[y * w + x]).toBe(Math.min(...values));
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
