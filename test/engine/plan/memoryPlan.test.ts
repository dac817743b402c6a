import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryPlan, workBytes } from '../../../service/engine/plan/memoryPlan.ts';

const square = (side: number) => ({ width: side, height: side });
const machine = (availableBytes: number, lowMemory = false) => ({ availableBytes, lowMemory });
const sd1 = 4.28e9;
const model = { modelBytes: sd1 };

describe('the memory a run needs', () => {
  it('is the weights and the largest intermediate results', () => {
    const { memoryBytes, notes } = memoryPlan(model, square(512), undefined);
    expect(memoryBytes).toBe(Math.round(sd1 + workBytes('decode', 512 * 512)));
    expect(memoryBytes).toBeGreaterThan(sd1 + workBytes('predict', 512 * 512));
    expect(notes).toEqual([]);
  });

  it('is said when all networks at once do not fit', () => {
    const { memoryBytes, notes } = memoryPlan(model, square(512), machine(5e9));
    expect(memoryBytes).toBeLessThan(5e9);
    expect(notes).toEqual([
      'It would need about 5.6 GB of memory and 5.0 GB are free: its networks are loaded one after another, which takes longer. A smaller size needs less.',
    ]);
  });

  it('comes with the next step when not even one at a time fits', () => {
    const { notes } = memoryPlan(model, square(768), machine(2e9));
    expect(notes).toEqual([
      'It needs about 4.2 GB of memory and 2.0 GB are free: close other programs, or choose a smaller size or model.',
    ]);
    expect(memoryPlan(model, square(256), machine(2e9)).notes[0]).toMatch(
      /choose a smaller model\.$/,
    );
  });

  it('is less in low-memory mode, of which nothing needs to be said', () => {
    const low = memoryPlan(model, square(512), machine(64e9, true));
    expect(low.memoryBytes).toBeLessThan(
      0.8 * memoryPlan(model, square(512), undefined).memoryBytes,
    );
    expect(low.notes).toEqual([]);
    expect(memoryPlan(model, square(512), machine(1e9, true)).notes).toHaveLength(1);
  });

  it('is said when a budget, not the memory, is too small', () => {
    const budget = { ...machine(64e9), budgetBytes: 5e9 };
    const { memoryBytes, notes } = memoryPlan(model, square(512), budget);
    expect(memoryBytes).toBeLessThan(5e9);
    expect(notes).toEqual([
      'It would need about 5.6 GB of memory and its budget is 5.0 GB: its networks are loaded one after another, which takes longer. A smaller size needs less; --memory-budget gives more.',
    ]);
    expect(memoryPlan(model, square(512), { ...budget, budgetBytes: 6e9 }).notes).toEqual([]);
  });

  it('counts ControlNets in every way of running, and a further model one after the other', () => {
    const plain = (m: Parameters<typeof machine>) => memoryPlan(model, square(512), machine(...m));
    const controlled = { ...model, controlBytes: [1.44e9, 1.44e9] };
    const more = 2 * 1.44e9;
    const whole = memoryPlan(controlled, square(512), undefined).memoryBytes;
    expect(whole).toBeGreaterThanOrEqual(plain([64e9]).memoryBytes + more);
    const low = memoryPlan(controlled, square(512), machine(64e9, true)).memoryBytes;
    expect(low - plain([64e9, true]).memoryBytes).toBeGreaterThan(0.9 * more);
    const refined = { ...model, furtherBytes: 3e9 };
    expect(memoryPlan(refined, square(512), undefined).memoryBytes).toBe(
      plain([64e9]).memoryBytes + 3e9,
    );
    expect(memoryPlan(refined, square(512), machine(64e9, true))).toEqual(plain([64e9, true]));
  });

  it('grows with the size, and a note is there exactly when the memory does not suffice', () => {
    const sides = fc.integer({ min: 64, max: 2048 });
    fc.assert(
      fc.property(sides, sides, fc.integer({ min: 1e9, max: 40e9 }), (a, b, free) => {
        const [small, large] = [Math.min(a, b), Math.max(a, b)].map((side) =>
          memoryPlan(model, square(side), undefined),
        );
        expect(small.memoryBytes).toBeLessThanOrEqual(large.memoryBytes);
        const told = memoryPlan(model, square(large === small ? a : Math.max(a, b)), machine(free));
        expect(told.notes.length > 0).toBe(large.memoryBytes > free);
      }),
    );
  });
});
