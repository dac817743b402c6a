/** Minimum cuts of grids, against trying all of them. */
import { describe, expect, it } from 'vitest';
import { cutGrid, type GridCut } from '../../../service/engine/picture/patch/gridCut.ts';
import { seededRandom } from '../../../service/engine/picture/patch/patchMatch.ts';
import { drain } from '../../../service/engine/picture/sliced.ts';

function randomGrid(random: () => number): GridCut {
  const width = 1 + Math.floor(random() * 4);
  const height = 1 + Math.floor(random() * 3);
  const links = new Int32Array(width * height * 4);
  const pull = new Int32Array(width * height);
  for (let p = 0; p < pull.length; p++) {
    pull[p] = Math.floor((random() - 0.5) * 20);
    const [x, y] = [p % width, Math.floor(p / width)];
    const isThere = [x < width - 1, x > 0, y < height - 1, y > 0];
    for (let d = 0; d < 4; d++) if (isThere[d]) links[p * 4 + d] = Math.floor(random() * 8);
  }
  return { width, height, links, pull };
}

function costOf({ width, links, pull }: GridCut, isSecond: (p: number) => boolean): number {
  let sum = 0;
  for (let p = 0; p < pull.length; p++) {
    sum += Math.max(0, isSecond(p) ? pull[p]! : -pull[p]!);
    if (isSecond(p)) continue;
    for (const [d, step] of [1, -1, width, -width].entries()) {
      if (links[p * 4 + d]! > 0 && isSecond(p + step)) sum += links[p * 4 + d]!;
    }
  }
  return sum;
}

function leastCost(grid: GridCut): number {
  let least = Infinity;
  for (let sides = 0; sides < 1 << grid.pull.length; sides++) {
    least = Math.min(
      least,
      costOf(grid, (p) => ((sides >> p) & 1) === 1),
    );
  }
  return least;
}

describe('a minimum cut', () => {
  it('is as cheap as the cheapest of all cuts', () => {
    const random = seededRandom(11);
    for (let n = 0; n < 300; n++) {
      const grid = randomGrid(random);
      const given = { ...grid, links: grid.links.slice(), pull: grid.pull.slice() };
      const side = drain(cutGrid(given));
      expect(costOf(grid, (p) => side[p] === 1)).toBe(leastCost(grid));
    }
  });

  it('leaves what nothing pulls on the first side', () => {
    const grid = { width: 3, height: 1, links: new Int32Array(12), pull: Int32Array.of(0, -1, 0) };
    expect([...drain(cutGrid(grid))]).toEqual([0, 1, 0]);
  });
});
