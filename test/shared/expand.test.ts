import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Anchor,
  canvasAround,
  canvasOfSides,
  checkCanvas,
  noSides,
  sidesForAspect,
  sidesOfCanvas,
} from '../../shared/expand.ts';
import { containsRect, rectOfSize } from '../../shared/geometry.ts';
import { askedOfScript } from '../../shared/outpaintScript.ts';

const px = fc.integer({ min: 0, max: 3000 });
const sides = fc.record({ left: px, top: px, right: px, bottom: px });
const size = fc.record({
  width: fc.integer({ min: 1, max: 4000 }),
  height: fc.integer({ min: 1, max: 4000 }),
});

describe('sides and canvas', () => {
  it('stand for each other', () => {
    fc.assert(
      fc.property(size, sides, (document, given) => {
        const canvas = canvasOfSides(document, given);
        expect(containsRect(canvas, rectOfSize(document))).toBe(true);
        expect(sidesOfCanvas(document, canvas)).toEqual(given);
      }),
    );
  });

  it('come from a rectangle that reaches past the picture', () => {
    const document = { width: 100, height: 80 };
    const canvas = canvasAround(document, { x: -30, y: 20, width: 60, height: 90 });
    expect(sidesOfCanvas(document, canvas)).toEqual({ left: 30, top: 0, right: 0, bottom: 30 });
  });
});

describe('an aspect', () => {
  it('is met by growing one direction only, within a pixel', () => {
    fc.assert(
      fc.property(
        size,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom(...Anchor.options),
        (document, width, height, anchor) => {
          const grown = sidesForAspect(document, { width, height }, anchor);
          const canvas = canvasOfSides(document, grown);
          const isAcross = grown.left + grown.right > 0;
          expect(isAcross && grown.top + grown.bottom > 0).toBe(false);
          const off = isAcross
            ? canvas.width - (canvas.height * width) / height
            : canvas.height - (canvas.width * height) / width;
          if (grown.left + grown.right + grown.top + grown.bottom > 0)
            expect(Math.abs(off)).toBeLessThanOrEqual(0.5);
        },
      ),
    );
  });

  it.each([
    ['center', { ...noSides, left: 88, right: 89 }],
    ['left', { ...noSides, right: 177 }],
    ['right', { ...noSides, left: 177 }],
    ['top', { ...noSides, left: 88, right: 89 }],
  ] as const)('leaves the picture %s', (anchor, wanted) => {
    expect(sidesForAspect({ width: 400, height: 433 }, { width: 4, height: 3 }, anchor)).toEqual(
      wanted,
    );
  });

  it('that the picture has already adds nothing', () => {
    const grown = sidesForAspect({ width: 400, height: 300 }, { width: 4, height: 3 }, 'center');
    expect(grown).toEqual(noSides);
  });
});

describe('a canvas', () => {
  const document = { width: 100, height: 80 };
  it.each([
    [noSides, 'E_EXPAND_NOTHING'],
    [{ ...noSides, left: 50_000 }, 'E_EXPAND_TOO_LARGE'],
    [{ ...noSides, left: 29_000, top: 29_000 }, 'E_EXPAND_TOO_LARGE'],
  ])('of sides %j is refused', (given, code) => {
    expect(() => checkCanvas(document, canvasOfSides(document, given))).toThrow(
      expect.objectContaining({ code }),
    );
  });
  it('has to hold the picture', () => {
    expect(() => checkCanvas(document, { x: 1, y: 0, width: 200, height: 80 })).toThrow(
      expect.objectContaining({ code: 'E_PARAM' }),
    );
  });
});

describe("AUTOMATIC1111's scripts", () => {
  it('are asked for one number of pixels and its sides', () => {
    expect(askedOfScript({ ...noSides, left: 64, bottom: 64 })).toEqual({
      expandPx: 64,
      directions: ['left', 'down'],
    });
    expect(askedOfScript({ ...noSides, left: 64, bottom: 65 })).toBeUndefined();
    expect(askedOfScript({ ...noSides, left: 257 })).toBeUndefined();
    expect(askedOfScript(noSides)).toBeUndefined();
  });
});
