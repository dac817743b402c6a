import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newImage8 } from '../../../service/engine/picture/pillow/image8.ts';
import { outpaintMk2 } from '../../../service/engine/picture/webui/outpaintMk2.ts';
import { planPoorOutpaint } from '../../../service/engine/picture/webui/poorOutpaint.ts';
import { fitOutpaintScript } from '../../../service/engine/plan/planOutpaintScript.ts';
import { canvasOfSides } from '../../../shared/expand.ts';
import { directions, type Direction } from '../../../shared/outpaintScript.ts';

const question = fc.record({
  width: fc.integer({ min: 30, max: 200 }),
  height: fc.integer({ min: 30, max: 200 }),
  px: fc.integer({ min: 8, max: 60 }),
  chosen: fc.subarray([...directions], { minLength: 1 }),
});
const tile = { width: 64, height: 64 };

function planned(
  q: { width: number; height: number; px: number; chosen: readonly Direction[] },
  fill: 'fill' | 'mk2',
) {
  const px = (side: Direction) => (q.chosen.includes(side) ? q.px : 0);
  const document = { width: q.width, height: q.height };
  const sides = { left: px('left'), right: px('right'), top: px('up'), bottom: px('down') };
  return fitOutpaintScript({ document, bounds: canvasOfSides(document, sides), fill }, tile.width);
}

const sizesOf = (runs: ReadonlyArray<{ readonly width: number; readonly height: number }>) =>
  runs.map(({ width, height }) => [width, height]);

describe('the plan of an outpainting script', () => {
  it("has poor man's tiles, one pass each", () => {
    fc.assert(
      fc.property(question, (q) => {
        const { work } = planPoorOutpaint(newImage8(q.width, q.height, 3), {
          expandPx: q.px,
          maskBlurPx: 4,
          directions: q.chosen,
          tile,
        });
        expect(planned(q, 'fill').passes).toHaveLength(work.length);
      }),
      { numRuns: 60 },
    );
  });

  it('has the strips of mk2', () => {
    fc.assert(
      fc.property(question, (q) => {
        const runs = outpaintMk2(newImage8(q.width, q.height, 3), {
          expandPx: q.px,
          maskBlurPx: 8,
          directions: q.chosen,
          processing: tile,
          fill: (canvas) => canvas,
        });
        const strips: Array<{ width: number; height: number }> = [];
        let state = runs.next();
        while (state.done !== true) {
          strips.push(state.value.picture);
          state = runs.next(state.value.picture);
        }
        const { passes } = planned(q, 'mk2');
        expect(sizesOf(passes.map((pass) => pass.workingSize))).toEqual(sizesOf(strips));
      }),
      { numRuns: 60 },
    );
  });
});
