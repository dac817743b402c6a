import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newImage8 } from '../../../../service/engine/picture/pillow/image8.ts';
import {
  blendLuminosity,
  correctColors,
  rememberColors,
} from '../../../../service/engine/picture/webui/colorCorrection.ts';
import {
  cropRegion,
  expandCropRegion,
  maskBounds,
} from '../../../../service/engine/picture/webui/cropRegion.ts';
import { fill } from '../../../../service/engine/picture/webui/fill.ts';
import { resizeLatent } from '../../../../service/engine/picture/webui/latentResize.ts';
import {
  createBinaryMask,
  latentMask,
  maskBlur,
} from '../../../../service/engine/picture/webui/mask.ts';
import { matchHistograms8 } from '../../../../service/engine/picture/webui/matchHistogram.ts';
import {
  resizeImage,
  resizePass,
  upscaleInPasses,
} from '../../../../service/engine/picture/webui/resizeImage.ts';
import { sketchInpaint } from '../../../../service/engine/picture/webui/sketch.ts';
import { flatImage, noise, noiseImage, rectangleMask } from '../pixels.ts';

describe('the region of "only masked"', () => {
  it('holds the whole selection, stays inside and never shrinks when it is expanded', () => {
    const n = fc.integer({ min: 1, max: 90 });
    fc.assert(
      fc.property(n, n, n, n, fc.integer({ min: 0, max: 64 }), (w, h, a, b, padding) => {
        const x = Math.min(a, w) - 1;
        const y = Math.min(b, h) - 1;
        const mask = rectangleMask(w, h, [x, y, x + 1, y + 1]);
        expect(maskBounds(mask)).toEqual([x, y, x + 1, y + 1]);
        const region = cropRegion(mask, padding)!;
        const [x1, y1, x2, y2] = expandCropRegion(region, { width: 512, height: 768 }, mask);
        expect(x1 >= 0 && y1 >= 0 && x2 <= w && y2 <= h).toBe(true);
        expect(x1 <= region[0] && y1 <= region[1] && x2 >= region[2] && y2 >= region[3]).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('is absent for an empty mask', () => {
    expect(cropRegion(rectangleMask(9, 9, [0, 0, 0, 0]), 4)).toBeUndefined();
  });
});

describe('masks', () => {
  it('are read from alpha where it is not opaque, white above 128', () => {
    const image = newImage8(3, 1, 4, Uint8Array.of(9, 9, 9, 128, 9, 9, 9, 129, 9, 9, 9, 0));
    expect([...createBinaryMask(image).data]).toEqual([0, 255, 0]);
    expect([...createBinaryMask(image, false).data]).toEqual([128, 129, 0]);
    expect([...createBinaryMask(flatImage(1, 1, [255, 255, 255, 255])).data]).toEqual([255]);
  });

  it('lose a hairline: after blur and rounding nothing is left to repaint', () => {
    const blurred = maskBlur(rectangleMask(64, 64, [30, 0, 31, 64]), 4, 4);
    expect(latentMask(blurred, 8, 8).data.every((v) => v === 0)).toBe(true);
  });
});

describe('masked content "fill"', () => {
  it('keeps what is known and spreads it into the hole', () => {
    const picture = flatImage(48, 48, [10, 200, 90]);
    const mask = rectangleMask(48, 48, [16, 16, 32, 32]);
    for (let y = 16; y < 32; y++) picture.data.fill(255, (y * 48 + 16) * 3, (y * 48 + 32) * 3);
    const out = fill(picture, mask);
    for (let p = 0; p < 48 * 48; p++) {
      const close = mask.data[p] === 0 ? 0 : 4;
      [10, 200, 90].forEach((v, c) =>
        expect(Math.abs((out.data[p * 3 + c] ?? 0) - v)).toBeLessThanOrEqual(close),
      );
    }
  });

  it('is black where nothing is known', () => {
    const out = fill(noiseImage(16, 16, 3), rectangleMask(16, 16, [0, 0, 16, 16]));
    expect(out.data.every((v) => v === 0)).toBe(true);
  });
});

describe('resize modes', () => {
  it('crop to the middle and fill bars with the edge', () => {
    const row = [10, 60, 120, 200].flatMap((v) => [v, v, v]);
    const image = newImage8(4, 2, 3, Uint8Array.from([...row, ...row]));
    expect(resizeImage(1, image, 8, 8).data.length).toBe(192);
    const filled = resizeImage(2, image, 8, 8).data;
    for (let y = 1; y < 8; y++)
      expect(filled.subarray(y * 24, y * 24 + 24)).toEqual(filled.subarray(0, 24));
  });

  it('run an upscaler in passes down to multiples of eight, once even at scale one', () => {
    const sizes: string[] = [];
    const pass: typeof resizePass = (kernel) => (image, scale) => {
      sizes.push(`${image.width}x${image.height}`);
      return resizePass(kernel)(image, scale);
    };
    const out = upscaleInPasses(noiseImage(37, 29, 3), 1, pass('nearest'));
    expect([out.width, out.height, sizes]).toEqual([32, 24, ['37x29']]);
  });
});

describe('colour correction', () => {
  it('leaves a picture with the right colours almost as it is', () => {
    const picture = newImage8(
      40,
      40,
      3,
      noise(4800).map((v) => 64 + (v >> 1)),
    );
    const out = correctColors(picture, rememberColors(picture));
    out.data.forEach((v, i) => expect(Math.abs(v - (picture.data[i] ?? 0))).toBeLessThanOrEqual(4));
  });

  it('takes the luminosity of the upper picture', () => {
    const out = blendLuminosity(
      flatImage(1, 1, [200, 40, 40]),
      flatImage(1, 1, [128, 128, 128]),
    ).data;
    const lum = 0.299 * (out[0] ?? 0) + 0.587 * (out[1] ?? 0) + 0.114 * (out[2] ?? 0);
    expect(Math.abs(lum - 128)).toBeLessThanOrEqual(1);
    expect(out[0]).toBeGreaterThan(out[1] ?? 0);
  });

  it('matches a histogram to itself without a change, level by level', () => {
    const values = noise(4000, 3);
    const image = newImage8(values.length, 1, 1, values);
    const [table] = matchHistograms8(image, image);
    for (const v of values) expect(table?.[v]).toBe(v);
  });
});

describe('inpaint sketch', () => {
  it('masks what was painted over, weaker with transparency', () => {
    const original = noiseImage(24, 24, 3);
    const painted = newImage8(24, 24, 3, original.data.slice());
    painted.data[(5 * 24 + 7) * 3 + 1] ^= 255;
    const { mask, picture } = sketchInpaint(original, painted, {
      maskTransparency: 40,
      maskBlur: 0,
    });
    expect([...mask.data.keys()].filter((p) => mask.data[p] !== 0)).toEqual([5 * 24 + 7]);
    expect(mask.data[5 * 24 + 7]).toBe(153);
    expect(picture.data.filter((v, i) => v !== original.data[i]).length).toBe(1);
  });
});

describe('resizing latents', () => {
  it('keeps a constant for every kernel, enlarging and shrinking', () => {
    const flat = new Float32Array(2 * 6 * 5).fill(-1.5);
    for (const kernel of ['nearest', 'nearest-exact', 'bilinear', 'bicubic'] as const) {
      for (const antialias of [false, true]) {
        for (const to of [
          { width: 11, height: 3 },
          { width: 2, height: 9 },
        ]) {
          const out = resizeLatent(flat, { width: 6, height: 5 }, to, { kernel, antialias });
          expect(out.length).toBe(2 * to.width * to.height);
          for (const v of out) expect(v).toBeCloseTo(-1.5, 5);
        }
      }
    }
  });

  it.each([
    // torch 2.13 interpolate, float32, of a column that is 0 above `edge` and 1 below.
    ['bilinear', false, 138, 128, 49, 45, 0.642860412597656],
    ['bicubic', false, 138, 128, 49, 45, 0.6592602729797363],
    ['bilinear', true, 40, 20, 60, 29, 0.16666793823242188],
    ['bicubic', true, 40, 20, 60, 29, 0.12037160247564316],
    ['bicubic', true, 40, 20, 23, 10, -0.04662754386663437],
  ] as const)(
    'weighs as torch does in single precision: %s, antialiased %s, %i rows',
    (kernel, antialias, height, edge, to, at, expected) => {
      const column = Float32Array.from({ length: height }, (_, y) => (y < edge ? 0 : 1));
      const size = { width: 1, height };
      const out = resizeLatent(column, size, { width: 1, height: to }, { kernel, antialias });
      expect(Math.abs((out[at] ?? NaN) - expected)).toBeLessThan(1.5e-7);
    },
  );
});
