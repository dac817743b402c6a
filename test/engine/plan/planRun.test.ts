import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { containsRect, rectOfSize } from '../../../shared/geometry.ts';
import { limits } from '../../../shared/limits.ts';
import type { PlanRequest } from '../../../shared/plan.ts';
import { visibleReachPx } from '../../../service/engine/plan/contextRect.ts';
import { planRun } from '../../../service/engine/plan/planRun.ts';

const facts = { nativeSide: 512 };
const base: PlanRequest = {
  kind: 'inpaint',
  document: { width: 4000, height: 3000 },
  bounds: { x: 1800, y: 1200, width: 400, height: 300 },
  model: '',
  strength: 1,
  steps: 20,
  featherPx: 8,
  growPx: 0,
  area: 'context',
  paddingPx: 32,
  count: 1,
  dialect: 'pentimento',
};

describe('planRun', () => {
  it('lets the model see the selection, what can show of it, and surroundings', () => {
    const plan = planRun(base, facts);
    const reach = visibleReachPx(8, 0);
    const { x, y, width, height } = base.bounds;
    const shown = {
      x: x - reach,
      y: y - reach,
      width: width + 2 * reach,
      height: height + 2 * reach,
    };
    expect(containsRect(plan.context, shown)).toBe(true);
    expect(plan.context.width).toBeGreaterThan(width * 1.5);
    expect(plan.context.width).toBeLessThan(1600);
  });

  it('scales a small selection up to what the model was trained at', () => {
    const plan = planRun(
      { ...base, area: 'masked', bounds: { x: 100, y: 100, width: 40, height: 40 } },
      facts,
    );
    expect(plan.scale).toBeGreaterThan(2);
    expect(plan.workingSize.width).toBeGreaterThanOrEqual(448);
    expect(plan.notes.join()).toContain('scaled up');
  });

  it('scales a large area down and says so', () => {
    const plan = planRun({ ...base, area: 'whole' }, facts);
    expect(plan.context).toEqual(rectOfSize(base.document));
    expect(plan.scale).toBeLessThan(0.3);
    expect(plan.notes.join()).toContain('scaled down');
  });

  it("tells the scale of AUTOMATIC1111's own crop where only the selection is worked on", () => {
    const bounds = { x: 1800, y: 1200, width: 400, height: 300 };
    const small = { x: 1800, y: 1200, width: 90, height: 60 };
    const webui = { ...base, dialect: 'a1111', area: 'masked' } as const;
    // 20 px of blur and 32 of padding around it, grown to a square.
    const plan = planRun({ ...webui, bounds }, facts);
    expect(plan.context).toEqual(rectOfSize(base.document));
    expect(plan.workingSize).toEqual({ width: 512, height: 512 });
    expect(plan.scale).toBeCloseTo(512 / 504, 5);
    expect(plan.notes).toEqual([]);
    const enlarged = planRun({ ...webui, bounds: small }, facts);
    expect(enlarged.scale).toBeCloseTo(512 / 194, 5);
    expect(enlarged.notes).toEqual([expect.stringContaining('scaled up 2.64 times')]);
    const whole = planRun({ ...webui, area: 'whole', bounds: small }, facts);
    expect(whole.notes).toEqual([expect.stringContaining('scaled down to 18 %')]);
  });

  it('holds very long pictures to a size that every part of the program takes', () => {
    const document = { width: 8, height: 20_000 };
    const bounds = { x: 0, y: 6000, width: 8, height: 8000 };
    const { workingSize } = planRun({ ...base, document, bounds }, { nativeSide: 256 });
    expect(workingSize).toEqual({ width: 8, height: limits.side.max });
    const wide = { width: 30_000, height: 100 };
    const all = { x: 0, y: 0, ...wide };
    const image = { ...base, kind: 'image', document: wide, bounds: all } as const;
    expect(planRun(image, { nativeSide: 1024 }).workingSize.width).toBe(limits.side.max);
  });

  it('stays inside any document, at multiples of 8, hardly stretched', () => {
    fc.assert(
      fc.property(
        fc.record({
          width: fc.integer({ min: 8, max: 6000 }),
          height: fc.integer({ min: 8, max: 6000 }),
        }),
        fc.record({
          x: fc.double({ min: 0, max: 0.99, noNaN: true }),
          y: fc.double({ min: 0, max: 0.99, noNaN: true }),
          w: fc.double({ min: 0, max: 1, noNaN: true }),
          h: fc.double({ min: 0, max: 1, noNaN: true }),
        }),
        fc.constantFrom('context' as const, 'masked' as const, 'whole' as const),
        fc.constantFrom('inpaint' as const, 'image' as const, 'text' as const),
        (document, share, area, kind) => {
          const x = Math.floor(share.x * document.width);
          const y = Math.floor(share.y * document.height);
          const bounds = {
            x,
            y,
            width: Math.max(1, Math.floor(share.w * (document.width - x))),
            height: Math.max(1, Math.floor(share.h * (document.height - y))),
          };
          const plan = planRun({ ...base, kind, document, bounds, area }, facts);
          expect(containsRect(rectOfSize(document), plan.context)).toBe(true);
          expect(containsRect(plan.context, bounds)).toBe(true);
          const { width, height } = plan.workingSize;
          expect(width % 8 === 0 && height % 8 === 0 && width >= 8 && height >= 8).toBe(true);
          // Rounding up adds at most 64 pixels to each side.
          expect(width * height).toBeLessThanOrEqual(512 * 512 * 1.5 + 64 * (width + height));
          const scaleX = width / plan.context.width;
          if (plan.context.width * plan.scale > 400)
            expect(Math.abs(scaleX / plan.scale - 1)).toBeLessThan(0.02);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('refuses a selection outside the picture', () => {
    expect(() =>
      planRun({ ...base, bounds: { x: 9000, y: 0, width: 5, height: 5 } }, facts),
    ).toThrow(/selection is empty/);
  });

  it('estimates from what was measured', () => {
    const plan = planRun(base, { ...facts, secondsPerMegapixelStep: 10, modelBytes: 4e9 });
    const megapixels = (plan.workingSize.width * plan.workingSize.height) / 1e6;
    expect(plan.seconds).toBeCloseTo(10 * megapixels * (plan.steps + 3), 5);
    expect(plan.memoryBytes).toBeGreaterThan(4e9);
  });

  it('estimates by the evaluations that the sampler makes, where it is named', () => {
    const seconds = (sampler: string, strength = 1) => {
      const request = { ...base, sampler, strength };
      return planRun(request, { ...facts, secondsPerMegapixelStep: 10 }).seconds!;
    };
    expect(seconds('DPM++ 2M')).toBe(seconds('Euler a'));
    expect(seconds('Heun') / seconds('Euler')).toBeCloseTo((39 + 3) / (20 + 3), 5);
    expect(seconds('Heun', 0.5) / seconds('Euler', 0.5)).toBeCloseTo((21 + 3) / (11 + 3), 5);
    expect(seconds('DPM adaptive')).toBe(seconds('Euler'));
  });

  it('says what the sampler will do otherwise than asked', () => {
    const notes = (sampler: string, schedule: string) =>
      planRun({ ...base, area: 'context', sampler, schedule }, facts).notes;
    expect(notes('PLMS', 'karras').join()).toMatch(/Karras is not used/);
    expect(notes('Euler', 'karras').join()).not.toMatch(/not used/);
    expect(() => notes('Oiler', 'karras')).toThrow(/Oiler/);
  });

  it('counts evaluations as the named programs do', () => {
    const steps = (dialect: PlanRequest['dialect'], strength: number) =>
      planRun({ ...base, dialect, strength }, facts).steps;
    expect(steps('a1111', 0.75)).toBe(16);
    expect(steps('a1111', 1)).toBe(20);
    expect(steps('diffusers', 0.75)).toBe(15);
    expect(steps('pentimento', 0.5)).toBe(11);
  });
});
