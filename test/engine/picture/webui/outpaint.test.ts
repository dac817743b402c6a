import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cropImage, newImage8 } from '../../../../service/engine/picture/pillow/image8.ts';
import {
  matchedNoise,
  noisedImage,
} from '../../../../service/engine/picture/webui/matchedNoise.ts';
import { directions } from '../../../../shared/outpaintScript.ts';
import { outpaintMk2 } from '../../../../service/engine/picture/webui/outpaintMk2.ts';
import {
  finishPoorOutpaint,
  planPoorOutpaint,
} from '../../../../service/engine/picture/webui/poorOutpaint.ts';
import {
  combineGrid,
  cutTiles,
  splitGrid,
} from '../../../../service/engine/picture/webui/tileGrid.ts';
import {
  upscaleAveraged,
  upscaleFaded,
  type UpscaleTile,
} from '../../../../service/engine/picture/webui/tiledUpscale.ts';
import { numpyUniforms } from '../../../../service/engine/sampling/noise/pcg64.ts';
import { noiseImage, rectangleMask } from '../pixels.ts';

const someDirections = fc.subarray([...directions], { minLength: 1 });

describe('tile grids', () => {
  it('give back the picture when nothing was changed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 40, max: 90 }),
        fc.integer({ min: 40, max: 90 }),
        fc.integer({ min: 8, max: 40 }),
        fc.integer({ min: 0, max: 7 }),
        (width, height, side, overlap) => {
          const image = noiseImage(width, height, 3);
          const grid = splitGrid(image, { width: side, height: side }, overlap);
          // The original cuts places to whole pixels, 60.999... to 60: then its last row or column stays black.
          const { y, xs } = grid.rows[grid.rows.length - 1]!;
          const [right, bottom] = [xs[xs.length - 1]! + side, y + side];
          expect(right >= width - 1 && bottom >= height - 1).toBe(true);
          const expected = image.data.map((v, i) => {
            const pixel = Math.floor(i / 3);
            return pixel % width < right && Math.floor(pixel / width) < bottom ? v : 0;
          });
          expect(combineGrid(grid, cutTiles(image, grid)).data).toEqual(expected);
        },
      ),
      { numRuns: 25, examples: [[40, 74, 11, 6]] },
    );
  });
});

describe('tiled enlarging', () => {
  const doubled: UpscaleTile = ({ width, height, data }) => {
    const out = new Float32Array(data.length * 4);
    for (let i = 0; i < out.length; i++) {
      const pixel = Math.floor(i / 3);
      const x = Math.floor((pixel % (width * 2)) / 2);
      out[i] = data[(Math.floor(pixel / (width * 4)) * width + x) * 3 + (i % 3)];
    }
    return Promise.resolve({ width: width * 2, height: height * 2, data: out });
  };

  it('does not show the tiles of a network that looks at single pixels', async () => {
    const image = noiseImage(45, 38, 3);
    const whole = await upscaleFaded(image, doubled, { tilePx: 0, overlapPx: 0 });
    const tiling = { tilePx: 16, overlapPx: 4 };
    expect((await upscaleFaded(image, doubled, tiling)).data).toEqual(whole.data);
    const averaged = await upscaleAveraged(image, doubled, { ...tiling, scale: 2 });
    expect(averaged.data).toEqual(whole.data);
    expect(averaged).toMatchObject({ width: 90, height: 76 });
  });
});

describe("poor man's outpainting", () => {
  it('keeps the old picture where it is and works only on tiles with something new', () => {
    fc.assert(
      fc.property(someDirections, fc.integer({ min: 20, max: 90 }), (chosen, side) => {
        const picture = noiseImage(side, 50, 3);
        const options = {
          expandPx: 16,
          maskBlurPx: 2,
          directions: chosen,
          tile: { width: 64, height: 64 },
        };
        const plan = planPoorOutpaint(picture, options);
        expect(plan.work.length).toBeGreaterThan(0);
        const out = finishPoorOutpaint(
          plan,
          plan.work.map((tile) => tile.picture),
        );
        expect([out.width % 64, out.height % 64]).toEqual([0, 0]);
        const x = chosen.includes('left') ? out.width - side : 0;
        const y = chosen.includes('up') ? out.height - 50 : 0;
        if (chosen.includes('left') && chosen.includes('right')) return;
        if (chosen.includes('up') && chosen.includes('down')) return;
        expect(cropImage(out, [x, y, x + side, y + 50]).data).toEqual(picture.data);
      }),
      { numRuns: 20 },
    );
  });
});

describe('outpainting mk2', () => {
  it('grows one side after the other and never touches the old picture outside the strip', () => {
    const picture = noiseImage(70, 60, 3);
    const boxes: number[] = [];
    const runs = outpaintMk2(picture, {
      expandPx: 20,
      maskBlurPx: 2,
      directions: ['right', 'down'],
      processing: { width: 64, height: 64 },
      fill: (canvas) => canvas,
    });
    let state = runs.next();
    while (state.done !== true) {
      const { width, height } = state.value.picture;
      boxes.push(width, height);
      const white = newImage8(width, height, 3);
      state = runs.next({ ...white, data: white.data.fill(255) });
    }
    const out = state.value;
    expect(boxes).toEqual([64, 64, 128, 64]);
    expect([out.width, out.height]).toEqual([128, 128]);
    expect(cropImage(out, [0, 0, 64, 60]).data).toEqual(cropImage(picture, [0, 0, 64, 60]).data);
  });
});

describe('matchedNoise', () => {
  it('keeps what is known and takes the colours of the rest from it', () => {
    const image = noiseImage(30, 22, 3);
    for (let i = 0; i < image.data.length; i++) if (i % 3 === 2) image.data[i] = 40;
    const mask = rectangleMask(30, 22, [20, 0, 30, 22]);
    const noised = noisedImage(
      image,
      matchedNoise(image, mask, { falloff: 1, colorVariation: 0.05 }, numpyUniforms(0)),
    );
    let changed = 0;
    for (let i = 0; i < mask.data.length; i++) {
      const [now, before] = [noised, image].map((p) => p.data.subarray(i * 3, i * 3 + 3));
      // Cut, not rounded: a level can be lost on the way through 0..1.
      if (mask.data[i] === 0) now.forEach((v, c) => expect(before[c] - v).toBeLessThanOrEqual(1));
      else {
        expect([39, 40]).toContain(now[2]);
        if (now[0] !== before[0]) changed++;
      }
    }
    expect(changed).toBeGreaterThan(150);
  });
});

describe('numpyUniforms', () => {
  it('is even over 0..1 and another stream for another seed', () => {
    const of = (seed: number) => Array.from({ length: 2000 }, numpyUniforms(seed));
    const values = of(7);
    expect(values.every((v) => v >= 0 && v < 1)).toBe(true);
    expect(values.reduce((s, v) => s + v, 0) / 2000).toBeCloseTo(0.5, 1);
    expect(of(7)).toEqual(values);
    expect(of(8)).not.toEqual(values);
  });
});
