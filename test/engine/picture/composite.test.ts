import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flatten, layerRaster, resultPlanes } from '../../../service/engine/picture/composite.ts';
import { makeMasks } from '../../../service/engine/picture/mask.ts';
import type { FloatImage, Mask, Raster } from '../../../service/engine/picture/raster.ts';

const scene = fc.record({
  width: fc.integer({ min: 1, max: 40 }),
  height: fc.integer({ min: 1, max: 30 }),
  channels: fc.constantFrom(1, 2, 3, 4) as fc.Arbitrary<1 | 2 | 3 | 4>,
  depth: fc.constantFrom(8, 16) as fc.Arbitrary<8 | 16>,
  seed: fc.nat(),
  growPx: fc.integer({ min: -3, max: 5 }),
  featherPx: fc.double({ min: 0, max: 12, noNaN: true }),
  soft: fc.boolean(),
});

function numbers(seed: number) {
  let s = seed | 1;
  return () => {
    s = Math.imul(s ^ (s >>> 15), 2246822519) + 0x9e3779b9;
    return ((s ^ (s >>> 13)) >>> 0) / 2 ** 32;
  };
}

function selectionOf(width: number, height: number, next: () => number, soft: boolean): Mask {
  const data = new Uint8Array(width * height);
  const left = Math.floor(next() * width);
  const top = Math.floor(next() * height);
  const right = left + 1 + Math.floor(next() * (width - left));
  const bottom = top + 1 + Math.floor(next() * (height - top));
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) data[y * width + x] = soft ? Math.floor(next() * 256) : 255;
  }
  return { width, height, data };
}

describe('the original outside the mask', () => {
  it('stays bit for bit, at 8 and 16 bits, for any mask, feather and form', () => {
    let touched = 0;
    fc.assert(
      fc.property(scene, ({ width, height, channels, depth, seed, growPx, featherPx, soft }) => {
        const next = numbers(seed);
        const max = depth === 8 ? 255 : 65535;
        const count = width * height * channels;
        const values = Array.from({ length: count }, () => Math.floor(next() * (max + 1)));
        const data = depth === 8 ? Uint8Array.from(values) : Uint16Array.from(values);
        const original: Raster = { width, height, channels, depth, data };
        const { alpha, bounds } = makeMasks(selectionOf(width, height, next, soft), {
          growPx,
          featherPx,
        });
        if (!bounds) return;
        const generated: FloatImage = {
          width,
          height,
          data: Float32Array.from({ length: width * height * 3 }, next),
        };
        const result = resultPlanes({ generated, alpha, bounds, channels, depth });
        expect(result.color.depth).toBe(depth);
        expect(result.color.channels).toBe(channels <= 2 ? 1 : 3);
        const flat = flatten(original, result.color, result.alpha, bounds);
        expect(original.data).toEqual(data);
        const colors = result.color.channels;
        for (let i = 0; i < width * height; i++) {
          const a = alpha.data[i];
          if (a > 0) touched++;
          const x = (i % width) - bounds.x;
          const y = Math.floor(i / width) - bounds.y;
          for (let c = 0; c < channels; c++) {
            const after = flat.data[i * channels + c];
            if (a === 0 && after !== data[i * channels + c]) throw new Error(`changed at ${i}`);
            if (a !== 255 || c >= colors) continue;
            const color = result.color.data[(y * bounds.width + x) * colors + c];
            if (after !== color) throw new Error(`not the result at ${i}`);
          }
        }
      }),
      { numRuns: 500 },
    );
    expect(touched).toBeGreaterThan(1000);
  });
});

describe('flatten', () => {
  it('mixes code values by the alpha, rounded', () => {
    const original: Raster = {
      width: 2,
      height: 1,
      channels: 1,
      depth: 8,
      data: Uint8Array.from([10, 200]),
    };
    const color: Raster = { ...original, data: Uint8Array.from([110, 0]) };
    const alpha = { width: 2, height: 1, data: Uint8Array.from([51, 128]) };
    const bounds = { x: 0, y: 0, width: 2, height: 1 };
    expect(Array.from(flatten(original, color, alpha, bounds).data)).toEqual([30, 100]);
  });

  it('makes clear parts visible only by the alpha', () => {
    const original: Raster = {
      width: 1,
      height: 1,
      channels: 4,
      depth: 8,
      data: Uint8Array.from([9, 9, 9, 0]),
    };
    const color: Raster = {
      width: 1,
      height: 1,
      channels: 3,
      depth: 8,
      data: Uint8Array.from([200, 100, 50]),
    };
    const alpha = { width: 1, height: 1, data: Uint8Array.from([102]) };
    const bounds = { x: 0, y: 0, width: 1, height: 1 };
    expect(Array.from(flatten(original, color, alpha, bounds).data)).toEqual([200, 100, 50, 102]);
  });

  it('refuses what does not fit', () => {
    const original: Raster = {
      width: 4,
      height: 4,
      channels: 3,
      depth: 8,
      data: new Uint8Array(48),
    };
    const color: Raster = { width: 2, height: 2, channels: 3, depth: 8, data: new Uint8Array(12) };
    const alpha = { width: 2, height: 2, data: new Uint8Array(4) };
    expect(() => flatten(original, color, alpha, { x: 3, y: 0, width: 2, height: 2 })).toThrow(
      RangeError,
    );
    expect(() =>
      flatten(original, { ...color, depth: 16, data: new Uint16Array(12) }, alpha, {
        x: 0,
        y: 0,
        width: 2,
        height: 2,
      }),
    ).toThrow(RangeError);
    expect(() => flatten(original, color, alpha, { x: 0, y: 0, width: 3, height: 2 })).toThrow(
      RangeError,
    );
  });
});

describe('layerRaster', () => {
  it('is the colour with the layer mask as transparency', () => {
    const color: Raster = {
      width: 2,
      height: 1,
      channels: 3,
      depth: 16,
      data: Uint16Array.from([1, 2, 3, 4, 5, 6]),
    };
    const layer = layerRaster(color, { width: 2, height: 1, data: Uint8Array.from([0, 128]) });
    expect(layer.channels).toBe(4);
    expect(Array.from(layer.data)).toEqual([1, 2, 3, 0, 4, 5, 6, 128 * 257]);
  });
});
