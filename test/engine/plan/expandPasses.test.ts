import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandPasses, seenOfDocument } from '../../../service/engine/plan/expandPasses.ts';
import { fitExpansion } from '../../../service/engine/plan/planExpansion.ts';
import { planRun } from '../../../service/engine/plan/planRun.ts';
import { canvasOfSides, noSides, type Sides } from '../../../shared/expand.ts';
import {
  containsRect,
  intersectRects,
  isEmptyRect,
  rectOfSize,
  unionRects,
  type Rect,
  type Size,
} from '../../../shared/geometry.ts';

const side = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 700 }));
const question = fc
  .record({
    width: fc.integer({ min: 24, max: 1800 }),
    height: fc.integer({ min: 24, max: 1800 }),
    left: side,
    top: side,
    right: side,
    bottom: side,
    nativeSide: fc.constantFrom(256, 512, 768, 1024),
  })
  .filter(({ left, top, right, bottom }) => left + top + right + bottom > 0);

type Question = Sides & Size & { readonly nativeSide: number };

function passesOf(q: Question, known?: Rect) {
  const { width, height, nativeSide } = q;
  const document = { width, height };
  const canvas = canvasOfSides(document, q);
  return {
    document,
    canvas,
    passes: expandPasses({ document, canvas, known: known ?? rectOfSize(document), nativeSide }),
  };
}

/** Questions that take no more passes than are allowed. */
function property(check: (q: Question) => void) {
  return fc.property(question, (q) => {
    try {
      passesOf(q);
    } catch (error) {
      expect(error).toMatchObject({ code: 'E_TOO_EXPENSIVE' });
      fc.pre(false);
    }
    check(q);
  });
}

const area = ({ width, height }: Size) => width * height;

describe('the passes of an expansion', () => {
  it('cover the new part exactly once', () => {
    fc.assert(
      property((q) => {
        const { document, canvas, passes } = passesOf(q);
        const areas = passes.map((pass) => pass.area);
        expect(areas.reduce((sum, r) => sum + area(r), 0)).toBe(area(canvas) - area(document));
        expect(areas.every((r) => containsRect(canvas, r))).toBe(true);
        const all = [rectOfSize(document), ...areas];
        for (const [i, a] of all.entries()) {
          for (const b of all.slice(i + 1)) expect(isEmptyRect(intersectRects(a, b))).toBe(true);
        }
      }),
    );
  });

  it('see what is known and what they paint, nothing else, at least as much known as new', () => {
    fc.assert(
      property((q) => {
        const { document, passes } = passesOf(q);
        const painted: Rect[] = [rectOfSize(document)];
        for (const pass of passes) {
          expect(containsRect(pass.context, pass.area)).toBe(true);
          const known = painted.reduce((sum, r) => sum + area(intersectRects(r, pass.context)), 0);
          expect(known + area(pass.area)).toBe(area(pass.context));
          expect(known).toBeGreaterThanOrEqual(area(pass.area));
          painted.push(pass.area);
        }
      }),
    );
  });

  it('keep each context within what a model oversees', () => {
    fc.assert(
      property((q) => {
        const { passes } = passesOf(q);
        for (const { context } of passes) {
          const [short, long] = [context.width, context.height].toSorted((a, b) => a - b);
          expect(short).toBeLessThanOrEqual(2 * q.nativeSide);
          expect(long).toBeLessThanOrEqual(3 * q.nativeSide);
        }
      }),
    );
  });

  it('are the same when only what they see was sent', () => {
    fc.assert(
      property((q) => {
        const { document, passes } = passesOf(q);
        const seen = seenOfDocument(passes, document);
        expect(passesOf(q, seen).passes).toEqual(passes);
      }),
    );
  });

  it('grow the sides first, then the whole width above and below', () => {
    const document = { width: 512, height: 512 };
    const canvas = canvasOfSides(document, { left: 64, top: 64, right: 64, bottom: 64 });
    const known = rectOfSize(document);
    const passes = expandPasses({ document, canvas, known, nativeSide: 512 });
    expect(passes.map((pass) => pass.area)).toEqual([
      { x: -64, y: 0, width: 64, height: 512 },
      { x: 512, y: 0, width: 64, height: 512 },
      { x: -64, y: -64, width: 640, height: 64 },
      { x: -64, y: 512, width: 640, height: 64 },
    ]);
  });

  it('never paint more at once than the picture is deep', () => {
    const { passes } = passesOf({ width: 32, height: 64, ...noSides, right: 300, nativeSide: 512 });
    expect(passes.map((pass) => pass.area.width)).toEqual([30, 54, 108, 108]);
  });

  it.each([
    ['nothing', noSides, 'E_EXPAND_NOTHING'],
    ['50,000 pixels', { ...noSides, right: 50_000 }, 'E_EXPAND_TOO_LARGE'],
    [
      'more pixels than travel',
      { ...noSides, right: 20_000, bottom: 20_000 },
      'E_EXPAND_TOO_LARGE',
    ],
    ['more passes than anybody waits for', { ...noSides, right: 25_000 }, 'E_TOO_EXPENSIVE'],
  ])('refuse %s', (_, sides, code) => {
    const ask = () => passesOf({ width: 512, height: 512, ...sides, nativeSide: 256 });
    expect(ask).toThrow(expect.objectContaining({ code }));
  });

  it('refuse a canvas that cuts the picture, and pixels that miss a growing side', () => {
    const document = { width: 512, height: 512 };
    const known = rectOfSize(document);
    const cut = { x: 10, y: 0, width: 700, height: 512 };
    expect(() => expandPasses({ document, canvas: cut, known, nativeSide: 512 })).toThrow(
      expect.objectContaining({ code: 'E_PARAM' }),
    );
    const canvas = canvasOfSides(document, { ...noSides, right: 64 });
    for (const part of [
      { ...known, width: 500 },
      { ...known, x: 100, width: 412, height: 400 },
    ]) {
      expect(() => expandPasses({ document, canvas, known: part, nativeSide: 512 })).toThrow(
        expect.objectContaining({ code: 'E_PARAM' }),
      );
    }
  });
});

describe('the plan of an expansion', () => {
  const document = { width: 1024, height: 768 };
  const bounds = canvasOfSides(document, { ...noSides, right: 400 });
  const asked = {
    kind: 'expand',
    document,
    bounds,
    model: '',
    strength: 1,
    steps: 20,
    featherPx: 0,
    growPx: 0,
    area: 'context',
    paddingPx: 0,
    count: 1,
    dialect: 'pentimento',
  } as const;

  it('tells its passes, and steps and seconds of all of them', () => {
    const facts = { nativeSide: 512, secondsPerMegapixelStep: 1 };
    const plan = planRun(asked, facts);
    expect(plan.passes?.map((pass) => pass.workingSize)).toEqual([
      { width: 512, height: 768 },
      { width: 512, height: 768 },
    ]);
    expect(plan.steps).toBe(40);
    expect(plan.seconds).toBeCloseTo(2 * ((512 * 768) / 1e6) * 23);
    expect(plan.notes).toContain('It is painted in 2 passes.');
    expect(plan.context).toEqual({ x: 712, y: 0, width: 312, height: 768 });
  });

  it('is one pass of large patches without a model', () => {
    const { passes, context } = fitExpansion(
      { ...asked, kind: 'expand-patches' },
      { nativeSide: 0 },
    );
    expect(passes).toHaveLength(1);
    expect(context).toEqual({ x: 400, y: 0, width: 624, height: 768 });
    expect(unionRects(passes[0]!.area, rectOfSize(document))).toEqual(bounds);
  });
});
