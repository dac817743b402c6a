import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rgbToHsv8 } from '../../../../service/engine/picture/opencv/color8.ts';
import {
  blurColumns8,
  blurRows8,
  gaussianKernel8,
} from '../../../../service/engine/picture/opencv/gaussianBlur8.ts';
import { lab8ToRgb, rgbToLab8 } from '../../../../service/engine/picture/opencv/lab8.ts';
import {
  type OpencvKernel,
  resizeOpencv,
} from '../../../../service/engine/picture/opencv/resize8.ts';
import { roundEven } from '../../../../service/engine/picture/opencv/roundEven.ts';
import { newImage8 } from '../../../../service/engine/picture/pillow/image8.ts';
import { flatImage, noise, rectangleMask } from '../pixels.ts';

function mirrored(i: number, n: number): number {
  if (n === 1) return 0;
  let p = i;
  while (p < 0 || p >= n) p = p < 0 ? -p : 2 * (n - 1) - p;
  return p;
}

describe('8-bit Gaussian blur', () => {
  it('uses symmetric kernels whose sum is 256', () => {
    for (const sigma of [0.3, 1, 2.5, 4, 17, 64]) {
      const size = 2 * Math.trunc(2.5 * sigma + 0.5) + 1;
      const kernel = [...gaussianKernel8(size, sigma)];
      expect(kernel.reduce((a, b) => a + b, 0)).toBe(256);
      expect(kernel.toReversed()).toEqual(kernel);
    }
  });

  it('equals the plain sum over mirrored rows and columns, at every size', () => {
    const side = fc.integer({ min: 1, max: 33 });
    fc.assert(
      fc.property(
        side,
        side,
        fc.integer({ min: 1, max: 12 }),
        fc.boolean(),
        (width, height, sigma, hard) => {
          const size = 2 * Math.trunc(2.5 * sigma + 0.5) + 1;
          const kernel = gaussianKernel8(size, sigma);
          const mask = hard
            ? rectangleMask(width, height, [width >> 2, height >> 2, width >> 1, height >> 1])
            : { width, height, data: noise(width * height, sigma) };
          const down = blurColumns8(mask, size, sigma).data;
          const across = blurRows8(mask, size, sigma).data;
          for (let y = 0; y < height; y++) {
            for (let x = 0; x < width; x++) {
              let vertical = 128;
              let horizontal = 128;
              kernel.forEach((w, k) => {
                const d = k - (size - 1) / 2;
                vertical += w * (mask.data[mirrored(y + d, height) * width + x] ?? 0);
                horizontal += w * (mask.data[y * width + mirrored(x + d, width)] ?? 0);
              });
              expect(down[y * width + x]).toBe(vertical >> 8);
              expect(across[y * width + x]).toBe(horizontal >> 8);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('8-bit Lab', () => {
  it('puts gray on the axis and comes back to it', () => {
    for (let v = 0; v < 256; v++) {
      const lab = rgbToLab8(flatImage(1, 1, [v, v, v])).data;
      expect([lab[1], lab[2]]).toEqual([128, 128]);
      const back = lab8ToRgb(newImage8(1, 1, 3, lab)).data;
      expect(Math.abs((back[0] ?? 0) - v)).toBeLessThanOrEqual(1);
    }
  });

  it('rounds as the single-precision table does where double precision would not', () => {
    expect([...rgbToLab8(flatImage(1, 1, [41, 42, 55])).data]).toEqual([45, 131, 119]);
    expect([...rgbToLab8(flatImage(1, 1, [45, 41, 55])).data]).toEqual([45, 134, 119]);
  });

  it('answers every Lab triple, inside sRGB or not', () => {
    for (const lab of [
      [0, 0, 0],
      [0, 255, 255],
      [255, 0, 255],
      [255, 255, 0],
      [20, 255, 0],
    ]) {
      expect(lab8ToRgb(flatImage(1, 1, lab)).data.length).toBe(3);
    }
    expect([...lab8ToRgb(flatImage(1, 1, [255, 128, 128])).data]).toEqual([255, 255, 255]);
  });
});

describe('8-bit HSV', () => {
  it('has the six corners where they belong', () => {
    const hue = (rgb: readonly number[]) => rgbToHsv8(flatImage(1, 1, rgb)).data[0];
    expect(
      [
        [255, 0, 0],
        [255, 255, 0],
        [0, 255, 0],
        [0, 255, 255],
        [0, 0, 255],
        [255, 0, 255],
      ].map(hue),
    ).toEqual([0, 30, 60, 90, 120, 150]);
  });
});

describe('resizing as OpenCV does', () => {
  it('keeps a flat colour flat at any size', () => {
    const side = fc.integer({ min: 1, max: 40 });
    const kernel = fc.constantFrom<OpencvKernel>('nearest', 'linear', 'area', 'cubic', 'lanczos4');
    fc.assert(
      fc.property(side, side, side, side, kernel, (w, h, toW, toH, k) => {
        const out = resizeOpencv(flatImage(w, h, [0, 200, 255]), toW, toH, k).data;
        flatImage(toW, toH, [0, 200, 255]).data.forEach((v, i) => {
          // Eleven-bit Lanczos weights do not add up to exactly one.
          expect(Math.abs((out[i] ?? 0) - v)).toBeLessThanOrEqual(k === 'lanczos4' ? 1 : 0);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('averages areas, halves rounded up only when both sides are halved', () => {
    const image = newImage8(2, 2, 1, Uint8Array.of(0, 1, 0, 1));
    expect(resizeOpencv(image, 1, 1, 'area').data[0]).toBe(1);
    const wide = newImage8(4, 1, 1, Uint8Array.of(0, 1, 0, 1));
    expect(resizeOpencv(wide, 1, 1, 'area').data[0]).toBe(0);
  });
});

it('rounds halves to even, below zero too', () => {
  expect([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 2.49, 2.51].map((v) => roundEven(v) + 0)).toEqual([
    0, 2, 2, 0, -2, -2, 2, 3,
  ]);
});
