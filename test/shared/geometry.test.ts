import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  boundsOfMask,
  containsRect,
  intersectRects,
  isEmptyRect,
  padRect,
  relativeTo,
  shiftInside,
  unionRects,
  type Rect,
} from '../../shared/geometry.ts';

const rect = fc.record({
  x: fc.integer({ min: -50, max: 50 }),
  y: fc.integer({ min: -50, max: 50 }),
  width: fc.nat(60),
  height: fc.nat(60),
});

describe('geometry', () => {
  it('intersects inside both and unites around both', () => {
    fc.assert(
      fc.property(rect, rect, (a, b) => {
        const common = intersectRects(a, b);
        if (!isEmptyRect(common)) {
          expect(containsRect(a, common) && containsRect(b, common)).toBe(true);
        }
        const both = unionRects(a, b);
        if (!isEmptyRect(a)) expect(containsRect(both, a)).toBe(true);
        if (!isEmptyRect(b)) expect(containsRect(both, b)).toBe(true);
      }),
    );
  });

  it('shifts inside and keeps the size where it fits', () => {
    const outer = { x: 0, y: 0, width: 100, height: 80 };
    fc.assert(
      fc.property(rect, (r) => {
        const moved = shiftInside(r, outer);
        expect(containsRect(outer, moved)).toBe(true);
        expect(moved.width).toBe(Math.min(r.width, 100));
        expect(moved.height).toBe(Math.min(r.height, 80));
      }),
    );
  });

  it('pads and never goes below an empty size', () => {
    expect(padRect({ x: 5, y: 5, width: 4, height: 4 }, 2)).toEqual({
      x: 3,
      y: 3,
      width: 8,
      height: 8,
    });
    expect(padRect({ x: 5, y: 5, width: 4, height: 4 }, -9)).toMatchObject({ width: 0, height: 0 });
    expect(relativeTo({ x: 5, y: 6, width: 1, height: 1 }, { x: 2, y: 2 })).toEqual({
      x: 3,
      y: 4,
      width: 1,
      height: 1,
    });
  });

  it('finds the bounds of any mask', () => {
    expect(boundsOfMask(new Uint8Array(12), { width: 4, height: 3 })).toBeUndefined();
    const levels = fc.uint8Array({ minLength: 44, maxLength: 44 });
    const widths = fc.constantFrom(4, 5, 8, 10, 40);
    fc.assert(
      fc.property(
        levels,
        widths,
        fc.nat(4),
        fc.constantFrom(100, 200, 250),
        (all, width, at, rare) => {
          const mask = all.map((v) => (v > rare ? v : 0)).subarray(at, at + 40);
          const bounds = boundsOfMask(mask, { width, height: 40 / width });
          expect(boundsOfMask([...mask], { width, height: 40 / width })).toEqual(bounds);
          const points = [...mask.entries()]
            .filter(([, v]) => v > 0)
            .map(([i]) => [i % width, Math.floor(i / width)] as const);
          if (points.length === 0) {
            expect(bounds).toBeUndefined();
            return;
          }
          const xs = points.map((p) => p[0]);
          const ys = points.map((p) => p[1]);
          const expected: Rect = {
            x: Math.min(...xs),
            y: Math.min(...ys),
            width: Math.max(...xs) - Math.min(...xs) + 1,
            height: Math.max(...ys) - Math.min(...ys) + 1,
          };
          expect(bounds).toEqual(expected);
        },
      ),
    );
  });
});
