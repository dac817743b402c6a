import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../fixtures/builtProgram.ts';
import {
  distanceCost,
  nearnessOf,
  withShareOf,
} from '../../../service/engine/picture/patch/nearness.ts';
import { fillParts } from '../../../service/engine/picture/patch/patchFill.ts';
import {
  makeLevel,
  patchChannels,
  patchRadius,
} from '../../../service/engine/picture/patch/patchLevel.ts';
import { seededRandom } from '../../../service/engine/picture/patch/patchMatch.ts';
import { scalesOf } from '../../../service/engine/picture/patch/settleScales.ts';
import type { FloatImage, Mask } from '../../../service/engine/picture/raster.ts';
import { drain } from '../../../service/engine/picture/sliced.ts';

const size = { width: 200, height: 180 };
const pixels = size.width * size.height;
const foot = 90;

/** Grey blocks of rock above a meadow with a little noise. */
function mountainFoot(seed: number): FloatImage {
  const random = seededRandom(seed);
  const data = new Float32Array(pixels * 3);
  for (let i = foot * size.width; i < pixels; i++) {
    const n = 0.06 * (random() - 0.5);
    data.set([0.35 + n, 0.4 + n, 0.15 + n], i * 3);
  }
  for (let n = 0; n < 900; n++) {
    const left = Math.floor(random() * size.width);
    const top = Math.floor(random() * foot);
    const side = 3 + Math.floor(random() * 8);
    const v = 0.45 + 0.3 * (random() - 0.5);
    for (let y = top; y < Math.min(foot, top + side); y++) {
      for (let x = left; x < Math.min(size.width, left + side); x++) {
        data.set([v, v, v], (y * size.width + x) * 3);
      }
    }
  }
  return { ...size, data };
}

function disk({ x, y, r }: { x: number; y: number; r: number }): Mask {
  const isIn = (i: number) => Math.hypot((i % size.width) - x, Math.floor(i / size.width) - y) <= r;
  return { ...size, data: Uint8Array.from({ length: pixels }, (_, i) => (isIn(i) ? 255 : 0)) };
}

/** Of the hole: meadow above the foot or rock below it. */
function misplaced(filled: FloatImage, hole: Mask): number {
  let wrong = 0;
  let count = 0;
  for (let i = 0; i < pixels; i++) {
    if (hole.data[i] === 0) continue;
    count++;
    const isMeadow = filled.data[i * 3] - filled.data[i * 3 + 2] > 0.1;
    if (isMeadow !== i >= foot * size.width) wrong++;
  }
  return wrong / count;
}

function levelsOf(picture: FloatImage, hole: Mask) {
  const data = new Float32Array(pixels * patchChannels);
  for (let i = 0; i < pixels; i++) {
    data.set(picture.data.subarray(i * 3, i * 3 + 3), i * patchChannels);
  }
  const isHole = hole.data.map((v) => (v > 0 ? 1 : 0));
  return drain(scalesOf(drain(makeLevel(size, data, isHole))));
}

describe('a removal across the border of two textures', () => {
  it('goes on from each side with its own', () => {
    const hole = disk({ x: 100, y: 88, r: 40 });
    const shares = [1, 2, 3, 4, 5].map((seed) =>
      misplaced(drain(fillParts(mountainFoot(seed), hole, { seed: 1 })), hole),
    );
    // 0.25; without a cost of distance 0.30: meadow up to where the rock was, or rock down to the meadow.
    expect(shares.reduce((sum, v) => sum + v, 0) / shares.length).toBeLessThan(0.27);
  });

  it('brings nothing from beyond what surrounds it', async () => {
    // The sample landscape: meadow all around the hole, and a rock a little above it.
    const { left, top, width, height } = { left: 306, top: 352, width: 379, height: 358 };
    const photo = sharp(join(packageRoot, 'plugin/samples/landscape.jpg'));
    const bytes = await photo.extract({ left, top, width, height }).raw().toBuffer();
    const image = { width, height, data: Float32Array.from(bytes, (v) => v / 255) };
    const isIn = (i: number) => {
      const [x, y] = [(i % width) - 108, Math.floor(i / width) - 108];
      return x >= 0 && y >= 0 && x < 163 && y < 142;
    };
    const hole = { width, height, data: new Uint8Array(width * height) };
    for (let i = 0; i < hole.data.length; i++) hole.data[i] = isIn(i) ? 255 : 0;
    for (const seed of [1, 2]) {
      const filled = drain(fillParts(image, hole, { seed }));
      let rock = 0;
      for (let i = 0; i < hole.data.length; i++) {
        const [red, , blue] = filled.data.subarray(i * 3, i * 3 + 3);
        if (isIn(i) && (blue ?? 0) > (red ?? 0)) rock++;
      }
      // Four times as much cost of distance makes an island of rock: 5 % and more.
      expect(rock / (163 * 142)).toBeLessThan(0.01);
    }
  });
});

describe('the cost of distance', () => {
  const hole = disk({ x: 100, y: 88, r: 30 });
  const levels = levelsOf(mountainFoot(1), hole);
  const nearness = drain(nearnessOf(levels));
  const last = levels.length - 1;
  const level = levels[last];
  const middle = level.depth.indexOf(level.depth.reduce((a, b) => Math.max(a, b)));
  const deepest = level.depth[middle];
  const costAt = (px: number) =>
    distanceCost(level, nearness[last], { target: middle, source: middle + px });

  it('is nothing for near sources and grows with the square beyond', () => {
    const { free } = nearness[last];
    expect(free).toBeCloseTo(0.5 * (deepest + patchRadius + 1), 5);
    expect(costAt(Math.floor(free))).toBe(0);
    const [one, two] = [2, 5].map((beyond) => costAt(Math.ceil(free) + beyond));
    const over = Math.ceil(free) - free;
    expect(two / one).toBeCloseTo(((5 + over) / (2 + over)) ** 2, 5);
    expect(distanceCost(level, nearness[last], { target: 0, source: pixels })).toBe(0);
  });

  it('settles what lies where at coarse scales and hardly counts at fine ones', () => {
    expect(levels.length).toBeGreaterThan(2);
    const perHole = nearness.map(({ perSquaredPx, free }) => perSquaredPx * free ** 2);
    for (let n = 0; n < last; n++) expect(perHole[n] / perHole[n + 1]).toBeCloseTo(0.12, 5);
  });

  it('is measured by how much the surroundings differ: none on a flat picture', () => {
    const flat = { ...size, data: new Float32Array(pixels * 3).fill(0.4) };
    for (const { perSquaredPx } of drain(nearnessOf(levelsOf(flat, hole)))) {
      expect(perSquaredPx).toBeCloseTo(0, 9);
    }
  });

  it('can be lessened, down to nothing', () => {
    const placed = { nearness: nearness[last] };
    expect(withShareOf(placed, 1)).toBe(placed);
    expect(withShareOf(placed, 0.5).nearness.perSquaredPx).toBe(placed.nearness.perSquaredPx / 2);
    expect(withShareOf(placed, 0).nearness.perSquaredPx).toBe(0);
  });
});
