import { describe, expect, it } from 'vitest';
import { diffuseFill } from '../../../service/engine/picture/patch/diffuseFill.ts';
import {
  fillFromSurroundings,
  fillParts,
} from '../../../service/engine/picture/patch/patchFill.ts';
import type { FloatImage, Mask } from '../../../service/engine/picture/raster.ts';
import { giveWayBetween, inParts, mostVisits } from '../../../service/engine/picture/sliced.ts';

function image(
  width: number,
  height: number,
  value: (x: number, y: number, c: number) => number,
): FloatImage {
  const data = new Float32Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const p = Math.floor(i / 3);
    data[i] = value(p % width, Math.floor(p / width), i % 3);
  }
  return { width, height, data };
}

function disk(width: number, height: number, at: { x: number; y: number; r: number }): Mask {
  const data = Uint8Array.from({ length: width * height }, (_, i) =>
    Math.hypot((i % width) - at.x, Math.floor(i / width) - at.y) <= at.r ? 255 : 0,
  );
  return { width, height, data };
}

function meanError(a: FloatImage, b: FloatImage, where: Mask): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < a.data.length; i++) {
    if (where.data[Math.floor(i / 3)] === 0) continue;
    sum += Math.abs(a.data[i] - b.data[i]);
    count++;
  }
  return sum / count;
}

const stripes = image(
  128,
  96,
  (x, y, c) => (Math.floor((x + y) / 6) % 2 === 0 ? 0.2 : 0.8) + c * 0.05,
);
const hole = disk(128, 96, { x: 60, y: 50, r: 20 });

describe('fillFromSurroundings', () => {
  it('continues a pattern through the hole and keeps every other bit', async () => {
    const spoiled = {
      ...stripes,
      data: stripes.data.map((v, i) => (hole.data[Math.floor(i / 3)] ? 0.5 : v)),
    };
    const filled = await fillFromSurroundings(spoiled, hole, { seed: 3 });
    expect(meanError(filled, stripes, hole)).toBeLessThan(0.05);
    filled.data.forEach(
      (v, i) => hole.data[Math.floor(i / 3)] === 0 && expect(v).toBe(spoiled.data[i]),
    );
  });

  it('joins an edge that runs through', async () => {
    const edge = image(128, 96, (x, y) => (y > 48 + (x - 60) * 0.3 ? 0.75 : 0.25));
    const filled = await fillFromSurroundings(edge, hole, { seed: 1 });
    expect(meanError(filled, edge, hole)).toBeLessThan(0.04);
  });

  it('gives the same pixels for the same seed', async () => {
    const first = await fillFromSurroundings(stripes, hole, { seed: 9 });
    const again = await fillFromSurroundings(stripes, hole, { seed: 9 });
    expect(again.data).toEqual(first.data);
  });

  it('tells its progress up to the end', async () => {
    const seen: number[] = [];
    await fillFromSurroundings(stripes, hole, {
      seed: 1,
      onProgress: (done, total) => seen.push(done / total),
    });
    expect(seen.at(-1)).toBe(1);
    seen.forEach((v, i) => i > 0 && expect(v).toBeGreaterThanOrEqual(seen[i - 1]));
  });

  it('stops when it is told to', async () => {
    const big = image(300, 300, (x, y) => ((x * 7 + y * 13) % 32) / 32);
    const controller = new AbortController();
    const shares: number[] = [];
    const work = fillFromSurroundings(big, disk(300, 300, { x: 150, y: 150, r: 120 }), {
      seed: 1,
      signal: controller.signal,
      onProgress: (done, total) => {
        shares.push(done / total);
        controller.abort();
      },
    });
    await expect(work).rejects.toMatchObject({ code: 'E_CANCELLED' });
    expect(Math.max(...shares)).toBeLessThan(0.5);
  });

  it('fills at the border, thin lines, and pictures smaller than a patch', async () => {
    for (const at of [
      { x: 0, y: 0, r: 15 },
      { x: 127, y: 40, r: 9 },
      { x: 60, y: 95, r: 1 },
    ]) {
      const part = disk(128, 96, at);
      const filled = await fillFromSurroundings(stripes, part, { seed: 2 });
      expect(filled.data.every((v) => v >= 0 && v <= 1)).toBe(true);
      expect(meanError(filled, stripes, part)).toBeLessThan(0.3);
    }
    const tiny = image(5, 4, (x) => x / 5);
    const filled = await fillFromSurroundings(tiny, disk(5, 4, { x: 2, y: 2, r: 1 }), { seed: 2 });
    expect(meanError(filled, tiny, disk(5, 4, { x: 2, y: 2, r: 1 }))).toBeLessThan(0.1);
  });

  it('refuses an empty selection, a full one and one of another size', async () => {
    const mask = (v: number) => ({
      width: 128,
      height: 96,
      data: new Uint8Array(128 * 96).fill(v),
    });
    await expect(fillFromSurroundings(stripes, mask(0), { seed: 1 })).rejects.toMatchObject({
      code: 'E_MASK_EMPTY',
    });
    await expect(fillFromSurroundings(stripes, mask(1), { seed: 1 })).rejects.toMatchObject({
      code: 'E_MASK_FULL',
    });
    await expect(
      fillFromSurroundings(stripes, disk(4, 4, { x: 1, y: 1, r: 1 }), { seed: 1 }),
    ).rejects.toThrow(RangeError);
  });
});

/** What each uninterrupted stretch of a fill visits. */
function stretches(size: number, radius: number): number[] {
  const picture = image(size, size, (x, y) => ((x * 7 + y * 13) % 32) / 32);
  const all: number[] = [];
  const work = fillParts(picture, disk(size, size, { x: size / 2, y: size / 2, r: radius }), {
    seed: 1,
  });
  for (let state = work.next(); state.done !== true; state = work.next()) all.push(state.value);
  return all;
}

describe('a fill in parts', () => {
  it('never works longer without a pause because there is more to do', () => {
    const small = stretches(120, 20);
    const large = stretches(480, 100);
    const sum = (visits: readonly number[]) => visits.reduce((a, b) => a + b, 0);
    expect(sum(large)).toBeGreaterThan(5 * sum(small));
    // Every target of the finest scale is matched in each of six sweeps.
    expect(sum(large)).toBeGreaterThan(6 * Math.PI * 100 ** 2 * 50);
    expect(Math.max(...large)).toBeLessThanOrEqual(mostVisits);
    expect(Math.max(...small)).toBeLessThanOrEqual(mostVisits);
  });

  it('looks for a cancel after half a million visits at the latest', async () => {
    const seen = [0];
    await giveWayBetween(
      inParts(50_000, 999, () => undefined),
      { onVisits: (sum) => seen.push(sum) },
    );
    const between = seen.slice(1).map((v, i) => v - seen[i]);
    expect(between.length).toBeGreaterThan(30);
    expect(Math.max(...between)).toBeLessThanOrEqual(500_000);
  });

  it('does nothing more once it was told to stop', async () => {
    const controller = new AbortController();
    let parts = 0;
    const work = giveWayBetween(
      inParts(1000, mostVisits, () => {
        parts++;
        if (parts === 7) controller.abort();
      }),
      { signal: controller.signal },
    );
    await expect(work).rejects.toMatchObject({ code: 'E_CANCELLED' });
    expect(parts).toBeLessThanOrEqual(7 + 500_000 / mostVisits);
  });
});

describe('the evenness of a fill', () => {
  // A saddle: no place beside the hole is as bright as its middle is on every side.
  const saddle = image(
    160,
    120,
    (x, y, c) => 0.4 + ((x - 80) * (y - 60)) / 30_000 + ((x * 5 + y * 3) % 7) / 100 + c * 0.02,
  );
  const spot = disk(160, 120, { x: 80, y: 60, r: 22 });

  it('takes off differences of brightness between patches and their place', async () => {
    const raw = await fillFromSurroundings(saddle, spot, { seed: 4, evenness: 0 });
    const even = await fillFromSurroundings(saddle, spot, { seed: 4, evenness: 1 });
    expect(meanError(even, saddle, spot)).toBeLessThan(0.95 * meanError(raw, saddle, spot));
  });
});

describe('diffuseFill', () => {
  it('continues a ramp smoothly and mixes partly selected pixels', () => {
    const ramp = image(90, 60, (x, y) => 0.2 + x / 200 + y / 300);
    const filled = diffuseFill(ramp, disk(90, 60, { x: 40, y: 30, r: 18 }));
    expect(meanError(filled, ramp, disk(90, 60, { x: 40, y: 30, r: 18 }))).toBeLessThan(0.01);
    const dot = image(20, 20, (x, y) => (x === 10 && y === 10 ? 1 : 0));
    const mask = { width: 20, height: 20, data: new Uint8Array(400) };
    mask.data[210] = 51;
    expect(diffuseFill(dot, mask).data[630]).toBeCloseTo(0.8, 5);
  });

  it('answers a picture that is selected altogether with mid gray', () => {
    const filled = diffuseFill(
      image(9, 7, () => 1),
      { width: 9, height: 7, data: new Uint8Array(63).fill(255) },
    );
    filled.data.forEach((v) => expect(v).toBeCloseTo(0.5, 6));
  });
});
