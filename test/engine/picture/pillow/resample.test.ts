import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PentimentoError } from '../../../../shared/errors.ts';
import { newImage8 } from '../../../../service/engine/picture/pillow/image8.ts';
import { type Kernel, resizePillow } from '../../../../service/engine/picture/pillow/resample.ts';
import { flatImage, noiseImage } from '../pixels.ts';

const kernels: readonly Kernel[] = ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'];
const side = fc.integer({ min: 1, max: 40 });

describe('resizing as Pillow does', () => {
  it('keeps a flat colour flat at any size', () => {
    fc.assert(
      fc.property(side, side, side, side, fc.constantFrom(...kernels), (w, h, toW, toH, kernel) => {
        const out = resizePillow(flatImage(w, h, [7, 130, 255]), toW, toH, kernel);
        expect(out.data).toEqual(flatImage(toW, toH, [7, 130, 255]).data);
      }),
      { numRuns: 300 },
    );
  });

  it('treats every channel alike, however many there are', () => {
    for (const kernel of kernels) {
      const rgb = noiseImage(23, 17, 3);
      const out = resizePillow(rgb, 31, 9, kernel);
      for (let c = 0; c < 3; c++) {
        const channel = newImage8(
          23,
          17,
          1,
          rgb.data.filter((_, i) => i % 3 === c),
        );
        expect(resizePillow(channel, 31, 9, kernel).data).toEqual(
          out.data.filter((_, i) => i % 3 === c),
        );
      }
    }
  });

  it('gives the same rows for a region as for the same rows cut out, when the kernel stays inside', () => {
    const image = noiseImage(40, 40, 1);
    const region = resizePillow(image, 10, 10, 'box', [8, 4, 28, 24]);
    const cut = newImage8(20, 20, 1);
    for (let y = 0; y < 20; y++)
      cut.data.set(image.data.subarray((y + 4) * 40 + 8, (y + 4) * 40 + 28), y * 20);
    expect(region.data).toEqual(resizePillow(cut, 10, 10, 'box').data);
  });

  it('lets no hidden colour of clear pixels show', () => {
    const image = flatImage(16, 16, [200, 100, 50, 255]);
    for (let p = 0; p < 256; p += 2) image.data.set([0, 255, 0, 0], p * 4);
    const out = resizePillow(image, 7, 7, 'lanczos');
    for (let i = 0; i < out.data.length; i += 4) {
      if (out.data[i + 3]! < 40) continue;
      expect(out.data[i]).toBeGreaterThan(190);
      expect(out.data[i + 1]).toBeLessThan(110);
    }
  });

  it('averages two by two pixels with the box kernel, rounded half up', () => {
    const image = newImage8(2, 2, 1, Uint8Array.of(10, 11, 10, 11));
    expect(resizePillow(image, 1, 1, 'box').data[0]).toBe(11);
  });

  it('answers the picture itself when nothing changes', () => {
    const image = noiseImage(9, 9, 4);
    expect(resizePillow(image, 9, 9, 'lanczos')).toBe(image);
  });

  it('refuses sizes below one pixel, above the largest plane, and regions outside', () => {
    const image = noiseImage(4, 4, 3);
    const code = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        return error instanceof PentimentoError ? error.code : String(error);
      }
      return 'nothing thrown';
    };
    for (const bad of [0, -1, 1.5, NaN])
      expect(code(() => resizePillow(image, bad, 4, 'box'))).toBe('E_PARAM');
    expect(code(() => resizePillow(image, 1_000_000, 1_000_000, 'box'))).toBe('E_IMAGE_PIXELS');
    expect(code(() => resizePillow(image, 2, 2, 'box', [0, 0, 5, 4]))).toBe('E_PARAM');
    expect(code(() => resizePillow(image, 2, 2, 'box', [NaN, 0, 4, 4]))).toBe('E_PARAM');
  });
});
