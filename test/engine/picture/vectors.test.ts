/** The vector kernels against plain sums: any size, any content, also at the ends of rows. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { areaTaps } from '../../../service/engine/picture/opencv/areaAverage8.ts';
import {
  gaussianKernel8,
  blurColumns8,
  blurRows8,
  reflect101,
} from '../../../service/engine/picture/opencv/gaussianBlur8.ts';
import { resizeOpencv } from '../../../service/engine/picture/opencv/resize8.ts';
import { roundEven } from '../../../service/engine/picture/opencv/roundEven.ts';
import { newImage8, type Image8 } from '../../../service/engine/picture/pillow/image8.ts';
import { resizePillow } from '../../../service/engine/picture/pillow/resample.ts';
import { distanceSquares } from '../../../service/engine/picture/simd/distance.ts';
import { growDisk } from '../../../service/engine/picture/simd/growDisk.ts';
import { dilate } from '../../../shared/mask/dilate.ts';
import { squaredDistance } from '../../../shared/mask/distance.ts';

const side = fc.integer({ min: 1, max: 70 });
const bytes = (length: number, seed: number): Uint8Array => {
  let state = seed | 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    // Many extremes: sums over- and undershoot there.
    const v = state >>> 24;
    return v < 60 ? 0 : v > 190 ? 255 : v;
  });
};
const image = (width: number, height: number, channels: 1 | 3 | 4, seed: number): Image8 =>
  newImage8(width, height, channels, bytes(width * height * channels, seed));

/** Channel `c` of a picture as a picture of its own: those take the plain way. */
function channel({ width, height, channels, data }: Image8, c: number): Image8 {
  const out = newImage8(width, height, 1);
  for (let i = 0; i < out.data.length; i++) out.data[i] = data[i * channels + c] ?? 0;
  return out;
}

describe('vectors', () => {
  it.each(['lanczos', 'bicubic', 'bilinear', 'box'] as const)(
    'resample three and four channels as one: %s',
    (kernel) => {
      fc.assert(
        fc.property(side, side, side, side, fc.nat(), (w, h, toW, toH, seed) => {
          const rgb = image(w, h, 3, seed);
          const made = resizePillow(rgb, toW, toH, kernel);
          for (let c = 0; c < 3; c++) {
            const alone = resizePillow(channel(rgb, c), toW, toH, kernel);
            expect(Buffer.compare(channel(made, c).data, alone.data)).toBe(0);
          }
        }),
        { numRuns: 60 },
      );
    },
  );

  it.each(['linear', 'cubic', 'lanczos4', 'area'] as const)(
    'interpolate three and four channels as one: %s',
    (kernel) => {
      fc.assert(
        fc.property(side, side, side, side, fc.nat(), (w, h, toW, toH, seed) => {
          for (const channels of [3, 4] as const) {
            const whole = image(w, h, channels, seed);
            const made = resizeOpencv(whole, toW, toH, kernel);
            for (let c = 0; c < channels; c++) {
              const alone = resizeOpencv(channel(whole, c), toW, toH, kernel);
              expect(Buffer.compare(channel(made, c).data, alone.data)).toBe(0);
            }
          }
        }),
        { numRuns: 60 },
      );
    },
  );

  it('average areas as single-precision sums do', () => {
    const source = image(50, 1, 3, 9);
    const taps = areaTaps(50, 17);
    const made = resizeOpencv(source, 17, 1, 'area');
    for (let x = 0; x < 17; x++) {
      let sum = 0;
      for (let k = x * taps.count; k < (x + 1) * taps.count; k++) {
        const value = source.data[(taps.index[k] ?? 0) * 3] ?? 0;
        sum = Math.fround(sum + Math.fround(value * (taps.weight[k] ?? 0)));
      }
      expect(made.data[x * 3]).toBe(Math.min(255, roundEven(sum)));
    }
  });

  it('blur masks as the full sums do', () => {
    fc.assert(
      fc.property(side, side, fc.constantFrom(0.6, 2, 5.3), fc.nat(), (w, h, sigma, seed) => {
        const mask = { width: w, height: h, data: bytes(w * h, seed) };
        const size = 2 * Math.ceil(2.5 * sigma) + 1;
        const kernel = gaussianKernel8(size, sigma);
        const half = (size - 1) / 2;
        const plain = (at: (offset: number) => number) =>
          kernel.reduce((sum, weight, i) => sum + weight * at(i - half), 128) >> 8;
        const [down, across] = [blurColumns8(mask, size, sigma), blurRows8(mask, size, sigma)];
        for (let i = 0; i < mask.data.length; i++) {
          const [x, y] = [i % w, Math.floor(i / w)];
          const column = plain((k) => mask.data[reflect101(y + k, h) * w + x] ?? 0);
          const row = plain((k) => mask.data[y * w + reflect101(x + k, w)] ?? 0);
          expect([down.data[i], across.data[i]]).toEqual([column, row]);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('grow masks as the plain disk does', () => {
    const radius = fc.constantFrom(1, 1.5, 2, 3, 7.2, 16, 40, 90);
    fc.assert(
      fc.property(side, side, radius, fc.nat(), fc.boolean(), (w, h, r, seed, isHard) => {
        const data = bytes(w * h, seed).map((v) => (v > 220 ? (isHard ? 255 : v) : 0));
        const mask = { width: w, height: h, data };
        expect(Buffer.compare(growDisk(mask, r).data, dilate(mask, r).data)).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it('measure distances as the plain way does', () => {
    const reach = fc.constantFrom(1, 3, 16.5, 40, Infinity);
    const share = fc.constantFrom(0, 0.0005, 0.01, 0.3, 1);
    fc.assert(
      fc.property(side, side, reach, share, fc.nat(), (w, h, reachPx, part, seed) => {
        const size = { width: w, height: h };
        let state = seed | 1;
        const inside = Uint8Array.from({ length: w * h }, () => {
          state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
          return (state >>> 0) / 2 ** 32 < part ? 1 + (state & 127) : 0;
        });
        const made = distanceSquares(inside, size, reachPx);
        expect(made).toEqual(squaredDistance(inside, size, reachPx));
      }),
      { numRuns: 150 },
    );
  });
});
