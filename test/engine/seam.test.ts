/**
 * No seam: with a model that paints what was there, and with patches of the surroundings, the gradient
 * across the selection's edge is that of the picture itself.
 */
import { describe, expect, it } from 'vitest';
import type { PixelDepth } from '../../shared/frame.ts';
import { flatten } from '../../service/engine/picture/composite.ts';
import { fromFloatImage, maxOfDepth } from '../../service/engine/picture/convert.ts';
import { seededRandom } from '../../service/engine/picture/patch/patchMatch.ts';
import type { Mask, Raster } from '../../service/engine/picture/raster.ts';
import type { GenerateRequest } from '../../shared/request.ts';
import { inpaint, remove, result, selection } from './jobs.ts';
import { oracleModel } from './oracleModel.ts';

const size = { width: 128, height: 128 };
const box = { x: 44, y: 40, width: 40, height: 46 };
const mask: Mask = selection(size, box);

const surfaces = {
  flat: () => 0.55,
  gradient: (x: number, y: number) => 0.2 + x / 250 + y / 600,
  grain: (x: number, y: number, noise: number) => 0.4 + x / 900 + y / 900 + noise * 0.06,
  texture: (x: number, y: number, noise: number) =>
    0.5 + 0.18 * Math.sin(x / 2.1 + Math.sin(y / 7)) + 0.1 * Math.cos(y / 1.7) + noise * 0.02,
} as const;
type Surface = keyof typeof surfaces;

function picture(surface: Surface, depth: PixelDepth): Raster {
  const random = seededRandom(5);
  const noise = Float32Array.from({ length: size.width * size.height }, () => random() * 2 - 1);
  const data = new Float32Array(noise.length * 3);
  for (let i = 0; i < data.length; i++) {
    const p = Math.floor(i / 3);
    const [x, y] = [p % size.width, Math.floor(p / size.width)];
    data[i] = surfaces[surface](x, y, noise[p]) + (i % 3) * 0.03;
  }
  return fromFloatImage({ ...size, data }, { channels: 3, depth });
}

/**
 * Between pixels inside and outside the selection's edge, in levels of 255: the mean size of the
 * gradient across it, and the mean step from one side to the other (means over three pixels each).
 */
function edge(raster: Raster): { gradient: number; step: number } {
  const scale = 255 / maxOfDepth(raster.depth);
  const at = (x: number, y: number) => raster.data[(y * size.width + x) * 3 + 1] * scale;
  let gradient = 0;
  let step = 0;
  let count = 0;
  const right = box.x + box.width - 1;
  for (let y = box.y + 2; y < box.y + box.height - 2; y++) {
    for (const [inside, outwards] of [
      [box.x, -1],
      [right, 1],
    ]) {
      const mean = (first: number, way: number) =>
        (at(first, y) + at(first + way, y) + at(first + 2 * way, y)) / 3;
      gradient += Math.abs(at(inside, y) - at(inside + outwards, y));
      step += mean(inside + outwards, outwards) - mean(inside, -outwards);
      count++;
    }
  }
  return { gradient: gradient / count, step: step / count };
}

async function filled(
  original: Raster,
  request: GenerateRequest,
  change?: (v: number, c: number) => number,
) {
  const made = await result(request, { picture: original, mask, model: oracleModel(change) });
  return flatten(original, made.color, made.alpha, made.bounds);
}

interface Allowed {
  /** Levels beyond the picture's own. */
  readonly gradient: number;
  readonly step: number;
}

function expectNoSeam(original: Raster, made: Raster, allowed: Allowed): void {
  const own = edge(original);
  const now = edge(made);
  expect(now.gradient).toBeLessThanOrEqual(own.gradient * 1.1 + allowed.gradient);
  expect(Math.abs(now.step - own.step)).toBeLessThanOrEqual(allowed.step);
}

const depths = [8, 16] as const;
const feathers = [0, 4, 32];
const sides = [64, 128, 256];
const names = Object.keys(surfaces) as Surface[];

describe.each(names)('a %s surface', (surface) => {
  for (const depth of depths) {
    const original = picture(surface, depth);
    for (const featherPx of feathers) {
      for (const side of sides) {
        const workingSize = { width: side, height: side };
        const request = inpaint(size, { featherPx, workingSize, area: 'whole' }, original);

        it(`shows no edge of what was painted alike (${depth} bits, feather ${featherPx}, at ${side})`, async () => {
          const rounding = depth === 8 ? 0.3 : 0.02;
          expectNoSeam(original, await filled(original, request), {
            gradient: rounding,
            step: 0.3 + rounding,
          });
        });

        it(`shows none of a drift of colour (${depth} bits, feather ${featherPx}, at ${side})`, async () => {
          const drift = (v: number, c: number) => v * 1.05 + 0.02 - c * 0.02;
          const corrected = await filled(original, request, drift);
          expectNoSeam(original, corrected, { gradient: 0.6, step: 0.8 });
          const as = await filled(original, { ...request, colorMatch: 0 }, drift);
          // Without the correction there is one, but where the feather hides it.
          if (featherPx === 0)
            expect(Math.abs(edge(as).step - edge(original).step)).toBeGreaterThan(3);
        });
      }
    }

    it(`takes patches of itself without an edge (${depth} bits)`, async () => {
      const made = await filled(original, remove(size, { featherPx: 0 }, original));
      // Other patches, so the step may differ by the chance of their texture.
      expectNoSeam(original, made, { gradient: 1, step: 1 + edge(original).gradient / 10 });
    });
  }
});

describe('the grain of what was painted at half the size', () => {
  const original = picture('grain', 8);
  const request = inpaint(size, {
    featherPx: 0,
    workingSize: { width: 64, height: 64 },
    area: 'whole',
  });
  /** Mean size of the gradient inside. */
  const roughness = (raster: Raster) => {
    let sum = 0;
    for (let y = box.y + 4; y < box.y + box.height - 4; y++) {
      for (let x = box.x + 4; x < box.x + box.width - 4; x++) {
        const i = (y * size.width + x) * 3 + 1;
        sum += Math.abs(raster.data[i] - raster.data[i + 3]);
      }
    }
    return sum / (box.height - 8) / (box.width - 8);
  };

  it('is missing, and comes back when it is asked for', async () => {
    const smooth = await filled(original, request);
    const matched = await filled(original, { ...request, grainMatch: 1 });
    expect(roughness(smooth)).toBeLessThan(0.5 * roughness(original));
    expect(roughness(matched)).toBeGreaterThan(0.85 * roughness(original));
    expect(roughness(matched)).toBeLessThan(1.15 * roughness(original));
    expectNoSeam(original, matched, { gradient: 1, step: 1.2 });
  });

  it('is told in the recipe, and the same again with the same seed', async () => {
    const asked = { ...request, grainMatch: 1 };
    const source = { picture: original, mask, model: oracleModel() };
    const made = await result(asked, source);
    const { grain } = made.recipe;
    expect(grain?.around).toBeGreaterThan(5);
    expect(grain?.before).toBeLessThan(5);
    expect(Math.abs((grain?.after ?? 0) - (grain?.around ?? 0))).toBeLessThan(1.5);
    expect((await result(asked, source)).color).toEqual(made.color);
    const none = await result(request, source);
    expect(none.recipe.grain).toBeUndefined();
  });

  it('is left as it is where nothing was painted', async () => {
    const made = await filled(original, { ...request, grainMatch: 1, featherPx: 4 });
    const changed = Array.from(made.data.keys()).filter((i) => made.data[i] !== original.data[i]);
    const far = changed.filter((i) => {
      const [x, y] = [Math.floor(i / 3) % size.width, Math.floor(i / 3 / size.width)];
      return (
        x < box.x - 15 ||
        x >= box.x + box.width + 15 ||
        y < box.y - 15 ||
        y >= box.y + box.height + 15
      );
    });
    expect(far).toEqual([]);
  });
});
