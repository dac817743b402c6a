import fc from 'fast-check';
import { expect, it } from 'vitest';
import { solveLinear } from '../../../../service/engine/sampling/schedulers/solveLinear.ts';

it('answers what the rows make of the solution', () => {
  const entry = fc.double({ min: -5, max: 5, noNaN: true });
  const system = fc
    .integer({ min: 1, max: 5 })
    .chain((n) =>
      fc.tuple(
        fc.array(fc.array(entry, { minLength: n, maxLength: n }), { minLength: n, maxLength: n }),
        fc.array(entry, { minLength: n, maxLength: n }),
      ),
    );
  fc.assert(
    fc.property(system, ([noise, wanted]) => {
      // A heavy diagonal, not in its place, keeps the system well conditioned.
      const rows = noise.map((row, i) =>
        row.map((v, k) => v + (k === (i + 1) % row.length ? 40 : 0)),
      );
      const right = rows.map((row) => row.reduce((sum, v, k) => sum + v * wanted[k]!, 0));
      for (const [i, value] of solveLinear(rows, right).entries()) {
        expect(value).toBeCloseTo(wanted[i]!, 8);
      }
    }),
  );
});
