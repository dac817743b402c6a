import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { squaredDistance } from '../../../shared/mask/distance.ts';
import { gaussianBlur, gaussianReach } from '../../../service/engine/picture/gaussian.ts';
import { growSoft } from '../../../shared/mask/growSoft.ts';
import { denoiseToLatent } from '../../../service/engine/picture/latentMask.ts';
import {
  featherMask,
  growMask,
  knownPixels,
  makeMasks,
} from '../../../service/engine/picture/mask.ts';
import type { Mask } from '../../../service/engine/picture/raster.ts';
import { processorMs } from '../../fixtures/processorMs.ts';

function mask(width: number, height: number, level: (x: number, y: number) => number): Mask {
  const data = Uint8Array.from({ length: width * height }, (_, i) =>
    level(i % width, Math.floor(i / width)),
  );
  return { width, height, data };
}

const anyMask = fc
  .record({
    width: fc.integer({ min: 1, max: 24 }),
    height: fc.integer({ min: 1, max: 20 }),
    soft: fc.boolean(),
  })
  .chain(({ width, height, soft }) =>
    fc
      .array(soft ? fc.constantFrom(0, 0, 0, 60, 130, 255) : fc.constantFrom(0, 0, 0, 255), {
        minLength: width * height,
        maxLength: width * height,
      })
      .map((data): Mask => ({ width, height, data: Uint8Array.from(data) })),
  );

/** The definition: the largest level under the disk. */
function dilated(m: Mask, radius: number): Uint8Array {
  return m.data.map((_, i) => {
    const x = i % m.width;
    const y = Math.floor(i / m.width);
    let most = 0;
    for (let v = 0; v < m.height; v++) {
      for (let u = 0; u < m.width; u++) {
        if ((u - x) ** 2 + (v - y) ** 2 <= radius * radius)
          most = Math.max(most, m.data[v * m.width + u]);
      }
    }
    return most;
  });
}

describe('squaredDistance', () => {
  it('is exact', () => {
    fc.assert(
      fc.property(anyMask, fc.constantFrom(Infinity, 9, 2.5), (m, reachPx) => {
        const distance = squaredDistance(m.data, m, reachPx);
        m.data.forEach((_, i) => {
          let least = 1e12;
          m.data.forEach((v, j) => {
            if (v === 0) return;
            const dx = (i % m.width) - (j % m.width);
            const dy = Math.floor(i / m.width) - Math.floor(j / m.width);
            least = Math.min(least, dx * dx + dy * dy);
          });
          expect(distance[i]).toBe(Math.fround(least <= reachPx * reachPx ? least : 1e12));
        });
      }),
      { numRuns: 120 },
    );
  });
});

describe('growMask', () => {
  it('takes the largest level under a disk, soft or hard, and the smallest when shrinking', () => {
    fc.assert(
      fc.property(anyMask, fc.integer({ min: 1, max: 9 }), (m, radius) => {
        expect(growMask(m, radius).data).toEqual(dilated(m, radius));
        expect(growSoft(m, radius).data).toEqual(dilated(m, radius));
        const inverse = { ...m, data: m.data.map((v) => 255 - v) };
        expect(growMask(m, -radius).data).toEqual(dilated(inverse, radius).map((v) => 255 - v));
      }),
      { numRuns: 120 },
    );
  });

  it('leaves the side at the picture edge when it shrinks', () => {
    const shrunk = growMask(
      mask(20, 20, (x) => (x < 10 ? 255 : 0)),
      -3,
    );
    expect(Array.from(shrunk.data.subarray(200, 220))).toEqual(
      Array.from({ length: 20 }, (_, x) => (x < 7 ? 255 : 0)),
    );
  });

  it('is quick on a megapixel with a soft edge', async () => {
    const soft = mask(1024, 1024, (x, y) =>
      Math.max(0, Math.min(255, 30 * (300 - Math.hypot(x - 500, y - 500)))),
    );
    expect(await processorMs(() => growMask(soft, 24))).toBeLessThan(3000);
  });
});

describe('gaussianBlur', () => {
  it('has the variance asked for and no effect beyond its reach, sampled or by boxes', () => {
    for (const sigma of [0.7, 2, 4, 4.5, 11, 40]) {
      const reach = gaussianReach(sigma);
      const width = 2 * reach + 21;
      const data = new Float32Array(width);
      data[reach + 10] = 1;
      const out = gaussianBlur({ width, height: 1, data }, sigma).data;
      const sum = out.reduce((s, v) => s + v, 0);
      const variance = out.reduce((s, v, i) => s + v * (i - reach - 10) ** 2, 0);
      expect(sum).toBeCloseTo(1, 4);
      expect(Math.sqrt(variance) / sigma).toBeCloseTo(1, 1);
      expect(Math.abs(out[9])).toBeLessThan(1e-9);
    }
  });
});

describe('gaussianBlur of a mask', () => {
  it('is bit for bit the full sum, also where it skips what is even', () => {
    const m = mask(80, 60, (x, y) => (Math.hypot(x - 40, y - 25) < 18 ? 255 : x > 70 ? 90 : 0));
    const data = Float32Array.from(m.data, (v) => v / 255);
    for (const sigma of [0.6, 2, 4]) {
      const reach = gaussianReach(sigma);
      const weights = Array.from({ length: reach + 1 }, (_, k) =>
        Math.exp((-k * k) / (2 * sigma * sigma)),
      );
      const sum = weights.reduce((s, w, k) => s + (k === 0 ? w : 2 * w), 0);
      const along = (source: Float32Array, step: number, n: number, place: (i: number) => number) =>
        source.map((_, i) => {
          const x = place(i);
          const at = (k: number) => source[i + (Math.min(n - 1, Math.max(0, k)) - x) * step];
          let v = at(x) * (weights[0] / sum);
          for (let k = 1; k <= reach; k++) v += (at(x - k) + at(x + k)) * (weights[k] / sum);
          return v;
        });
      const rows = along(data, 1, 80, (i) => i % 80);
      const both = along(rows, 80, 60, (i) => Math.floor(i / 80));
      expect(gaussianBlur({ width: 80, height: 60, data }, sigma).data).toEqual(both);
    }
  });
});

describe('featherMask', () => {
  const half = mask(200, 40, (x) => (x < 100 ? 255 : 0));

  it('is centred on the edge and about twice the feather wide', () => {
    const row = featherMask(half, 20).data.subarray(20 * 200, 21 * 200);
    expect((row[99] + row[100]) / 2).toBeCloseTo(0.5, 3);
    expect(row[79]).toBeGreaterThan(0.97);
    expect(row[120]).toBeLessThan(0.03);
    expect(row[89]).toBeCloseTo(0.853, 1);
    row.forEach((v, x) => x > 0 && expect(v).toBeLessThanOrEqual(row[x - 1] + 1e-6));
  });

  it('treats a selection at the picture edge as going on past it', () => {
    const soft = featherMask(half, 20);
    for (let y = 0; y < 40; y++) {
      expect(soft.data[y * 200]).toBe(1);
      expect(soft.data[y * 200 + 105]).toBeCloseTo(soft.data[105], 4);
    }
  });

  it('keeps grey levels of a soft selection', () => {
    const plateau = featherMask(
      mask(100, 100, (x, y) => (x > 20 && x < 80 && y > 20 && y < 80 ? 90 : 0)),
      6,
    );
    expect(plateau.data[50 * 100 + 50] * 255).toBeCloseTo(90, 2);
    expect(
      featherMask(
        mask(3, 1, (x) => x * 100),
        0,
      ).data[1],
    ).toBeCloseTo(100 / 255, 6);
  });

  it('does not let a small selection vanish', () => {
    const dot = featherMask(
      mask(99, 99, (x, y) => (x === 49 && y === 49 ? 255 : 0)),
      16,
    );
    expect(dot.data[49 * 99 + 49]).toBeCloseTo(0.5, 3);
  });
});

describe('makeMasks', () => {
  it('generates all that shows, and more around it', () => {
    fc.assert(
      fc.property(
        anyMask,
        fc.integer({ min: -4, max: 6 }),
        fc.double({ min: 0, max: 9, noNaN: true }),
        (m, growPx, featherPx) => {
          const { alpha, denoise, bounds } = makeMasks(m, { growPx, featherPx });
          let shown = 0;
          alpha.data.forEach((a, i) => {
            expect(denoise.data[i]).toBeGreaterThanOrEqual(Math.fround(a / 255) - 1e-7);
            if (a >= 85) expect(denoise.data[i]).toBe(1);
            if (a > 0) shown++;
            const x = i % m.width;
            const y = Math.floor(i / m.width);
            if (a > 0 && bounds) {
              expect(
                x >= bounds.x &&
                  x < bounds.x + bounds.width &&
                  y >= bounds.y &&
                  y < bounds.y + bounds.height,
              ).toBe(true);
            }
          });
          expect(bounds === undefined).toBe(shown === 0);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('lets the denoise mask fall to 0 over the ramp outside', () => {
    const { denoise } = makeMasks(
      mask(200, 9, (x) => (x < 100 ? 255 : 0)),
      { growPx: 0, featherPx: 0 },
    );
    const row = denoise.data.subarray(800, 1000);
    expect(row[99]).toBe(1);
    expect(row[107]).toBeGreaterThan(0.4);
    expect(row[116]).toBe(0);
    row.forEach((v, x) => x > 0 && expect(v).toBeLessThanOrEqual(row[x - 1]));
    expect(knownPixels(denoise).data[4 * 200 + 116]).toBe(1);
    expect(knownPixels(denoise).data[4 * 200 + 100]).toBe(0);
  });
});

describe('denoiseToLatent', () => {
  it('is never below what any covered pixel needs', () => {
    fc.assert(
      fc.property(
        anyMask,
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 6 }),
        (m, columns, rows) => {
          const denoise = { ...m, data: Float32Array.from(m.data, (v) => v / 255) };
          const latent = denoiseToLatent(denoise, { width: columns * 8, height: rows * 8 });
          expect(latent).toHaveLength(columns * rows);
          denoise.data.forEach((v, i) => {
            const cx = Math.floor((((i % m.width) + 0.5) * columns) / m.width);
            const cy = Math.floor(((Math.floor(i / m.width) + 0.5) * rows) / m.height);
            expect(latent[cy * columns + cx]).toBeGreaterThanOrEqual(v);
          });
        },
      ),
      { numRuns: 150 },
    );
  });

  it('repaints at least one cell for one pixel, also when a large context is scaled down', () => {
    const { denoise } = makeMasks(
      mask(2000, 1500, (x, y) => (x === 777 && y === 333 ? 255 : 0)),
      { growPx: 0, featherPx: 0 },
    );
    const latent = denoiseToLatent(denoise, { width: 512, height: 384 });
    expect(latent.filter((v) => v === 1).length).toBeGreaterThanOrEqual(1);
  });

  it('refuses sizes that are not whole cells', () => {
    expect(() =>
      denoiseToLatent(
        { width: 4, height: 4, data: new Float32Array(16) },
        { width: 12, height: 8 },
      ),
    ).toThrow(RangeError);
  });
});
