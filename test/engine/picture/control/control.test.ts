/** Preprocessors and the fitting of control maps, for pictures of every shape. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { preprocessorNames, type Preprocessor } from '../../../../shared/control.ts';
import {
  fitControlMap,
  fitInpaintMap,
} from '../../../../service/engine/picture/control/fitControlMap.ts';
import { opaqueRgb } from '../../../../service/engine/picture/control/opaqueRgb.ts';
import { preprocess } from '../../../../service/engine/picture/control/preprocess.ts';
import { resizeWithPad } from '../../../../service/engine/picture/control/preprocessorSize.ts';
import { thinned } from '../../../../service/engine/picture/control/thin.ts';
import { canny8 } from '../../../../service/engine/picture/opencv/canny8.ts';
import { blurImage8 } from '../../../../service/engine/picture/opencv/gaussianBlurImage.ts';
import { resizeFloat } from '../../../../service/engine/picture/opencv/resizeFloat.ts';
import { otsuThreshold } from '../../../../service/engine/picture/opencv/threshold8.ts';
import { newImage8, type Image8 } from '../../../../service/engine/picture/pillow/image8.ts';

const sides = fc.record({
  width: fc.integer({ min: 8, max: 70 }),
  height: fc.integer({ min: 8, max: 70 }),
});

function grain({ width, height }: { width: number; height: number }, seed: number): Image8 {
  let state = seed;
  const data = Uint8Array.from({ length: width * height * 3 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
  return newImage8(width, height, 3, data);
}

function flat(width: number, height: number, value: number): Image8 {
  return newImage8(width, height, 3, new Uint8Array(width * height * 3).fill(value));
}

function square(side: number, from: number, to: number): Image8 {
  const image = flat(side, side, 0);
  for (let y = from; y < to; y++) image.data.fill(255, (y * side + from) * 3, (y * side + to) * 3);
  return image;
}

const named = preprocessorNames.filter((name) => name !== 'inpaint');

describe('preprocessors', () => {
  it('all answer RGB that fits a working size, whatever the picture’s shape', () => {
    fc.assert(
      fc.property(sides, fc.constantFrom(...named), fc.integer(), (size, name, seed) => {
        const map = preprocess(grain(size, seed), { name } satisfies Preprocessor, 64);
        expect(map.channels).toBe(3);
        const fitted = fitControlMap(map, { width: 72, height: 64 }, 'stretch');
        expect(fitted.data).toHaveLength(72 * 64 * 3);
      }),
      { numRuns: 60 },
    );
  });

  it('obey their thresholds', () => {
    const ramp = newImage8(
      64,
      64,
      3,
      Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => Math.floor(i / 192) * 4),
    );
    const white = (map: Image8) => map.data.filter((v) => v === 255).length / map.data.length;
    expect(white(preprocess(ramp, { name: 'threshold', a: 99 }, 64))).toBeCloseTo(39 / 64, 6);
    expect(white(preprocess(ramp, { name: 'binary', a: 100 }, 64))).toBeCloseTo(26 / 64, 6);
    const edges = square(64, 20, 40);
    expect(white(preprocess(edges, { name: 'canny' }, 64))).toBeGreaterThan(0);
    expect(white(preprocess(flat(64, 64, 9), { name: 'canny' }, 64))).toBe(0);
  });

  it('take what is clear as white, and grey as a colour', () => {
    const clear = newImage8(1, 2, 4, Uint8Array.from([10, 20, 30, 0, 10, 20, 30, 255]));
    expect([...opaqueRgb(clear).data]).toEqual([255, 255, 255, 10, 20, 30]);
    expect([...opaqueRgb(newImage8(1, 1, 1, Uint8Array.of(7))).data]).toEqual([7, 7, 7]);
  });

  it('work at multiples of 64 pixels, the edges repeated', () => {
    const { padded, size } = resizeWithPad(flat(50, 40, 77), 80);
    expect(size).toEqual({ width: 100, height: 80 });
    expect([padded.width, padded.height]).toEqual([128, 128]);
    expect(new Set(padded.data)).toEqual(new Set([77]));
  });
});

describe('the edges of Canny', () => {
  it('are the same whichever threshold comes first, and fewer for higher ones', () => {
    fc.assert(
      fc.property(sides, fc.integer(), fc.nat(300), fc.nat(300), (size, seed, a, b) => {
        const image = grain(size, seed);
        const edges = canny8(image, a, b);
        expect(edges.data).toEqual(canny8(image, b, a).data);
        const stricter = canny8(image, a + 50, b + 50);
        for (const [i, value] of stricter.data.entries())
          if (value > 0) expect(edges.data[i]).toBe(255);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a fitted control map', () => {
  it('is the map itself at its own size', () => {
    fc.assert(
      fc.property(
        sides,
        fc.integer(),
        fc.constantFrom('stretch', 'crop', 'fill'),
        (size, seed, fit) => {
          const map = grain(size, seed);
          expect(fitControlMap(map, size, fit).data).toEqual(map.data);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('keeps a drawing black and white and its lines thin', () => {
    const line = flat(48, 48, 0);
    for (let i = 4; i < 44; i++) line.data.fill(255, (i * 48 + i) * 3, (i * 48 + i + 1) * 3);
    const large = fitControlMap(line, { width: 96, height: 96 }, 'stretch');
    expect(new Set(large.data)).toEqual(new Set([0, 255]));
    const white = large.data.filter((v) => v === 255).length / 3;
    expect(white).toBeGreaterThan(40);
    expect(white).toBeLessThan(200);
  });

  it('keeps flat colours to those it has', () => {
    const map = newImage8(
      30,
      20,
      3,
      Uint8Array.from({ length: 1800 }, (_, i) => [10, 90, 200][Math.floor(i / 3) % 3]),
    );
    expect(new Set(fitControlMap(map, { width: 64, height: 64 }, 'crop').data)).toEqual(
      new Set([10, 90, 200]),
    );
  });

  it('has bars of the border’s colour, which an inpainting one is to paint', () => {
    const map = flat(32, 16, 60);
    map.data.set([200, 0, 0], 0);
    const fitted = fitControlMap(map, { width: 64, height: 64 }, 'fill');
    expect([...fitted.data.subarray(0, 3)]).toEqual([60, 60, 60]);
    const masked = newImage8(
      32,
      16,
      4,
      new Uint8Array(32 * 16 * 4).fill(51).map((v, i) => (i % 4 === 3 ? 0 : v)),
    );
    const { data } = fitInpaintMap(masked, { width: 64, height: 64 }, 'fill');
    expect(data[3]).toBe(1);
    const middle = (32 * 64 + 32) * 4;
    expect([data[middle + 3], data[middle]]).toEqual([0, Math.fround(0.2)]);
  });
});

describe('the arithmetic below', () => {
  it('leaves even pictures even', () => {
    fc.assert(
      fc.property(sides, fc.integer({ min: 0, max: 255 }), (size, value) => {
        const image = flat(size.width, size.height, value);
        expect(blurImage8(image, 3).data).toEqual(image.data);
        const values = { ...image, data: Float32Array.from(image.data) };
        for (const kernel of ['nearest', 'area', 'cubic'] as const) {
          const { data } = resizeFloat(values, 23, 31, kernel);
          expect(data.every((v) => Math.abs(v - value) < 1e-3)).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('separates two classes of grey between them', () => {
    const data = Uint8Array.from({ length: 100 }, (_, i) =>
      i < 70 ? 40 + (i % 5) : 180 + (i % 5),
    );
    const level = otsuThreshold({ width: 10, height: 10, data });
    expect(level).toBeGreaterThanOrEqual(44);
    expect(level).toBeLessThan(180);
  });

  it('thins a bar to a line inside it and stops there', () => {
    const bar = { width: 40, height: 20, data: new Uint8Array(800) };
    for (let y = 6; y < 13; y++) bar.data.fill(255, y * 40 + 5, y * 40 + 35);
    const line = thinned(bar, false);
    const left = line.data.filter((v) => v > 0).length;
    expect(left).toBeGreaterThan(15);
    expect(left).toBeLessThan(60);
    for (const [i, v] of line.data.entries()) if (v > 0) expect(bar.data[i]).toBe(255);
    expect(thinned(line, false).data).toEqual(line.data);
  });
});
