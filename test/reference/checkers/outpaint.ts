/** Kind "outpaint": both outpainting scripts, tiles, contact sheets and loopback. */
import { type Image8, newImage8 } from '../../../service/engine/picture/pillow/image8.ts';
import type { Mask } from '../../../service/engine/picture/raster.ts';
import {
  contactSheet,
  sheetRows,
  sheetSize,
} from '../../../service/engine/picture/webui/contactSheet.ts';
import { matchedNoise, noisedImage } from '../../../service/engine/picture/webui/matchedNoise.ts';
import type { Direction } from '../../../shared/outpaintScript.ts';
import { outpaintMk2, type Mk2Step } from '../../../service/engine/picture/webui/outpaintMk2.ts';
import {
  finishPoorOutpaint,
  planPoorOutpaint,
} from '../../../service/engine/picture/webui/poorOutpaint.ts';
import { resizePass, upscaleInPasses } from '../../../service/engine/picture/webui/resizeImage.ts';
import {
  combineGrid,
  cutTiles,
  splitGrid,
} from '../../../service/engine/picture/webui/tileGrid.ts';
import { numpyUniforms } from '../../../service/engine/sampling/noise/pcg64.ts';
import { loopbackPasses, type LoopbackCurve } from '../../../service/variants/loopback.ts';
import { type Case, type Checker, Unsupported } from '../case.ts';
import { answer8, image8, inputs, mask8 } from '../image8Case.ts';

type Answer = Readonly<Record<string, unknown>>;
type Pair = readonly [number, number];

const sizeOf = ([width, height]: Pair) => ({ width, height });

/** What stands for a run: the picture, tinted by the run's number. */
function tinted(image: Image8, n: number): Image8 {
  const shift = [37, 53, 71].map((k) => ((k * n) % 61) - 30);
  const data = Uint8Array.from(image.data, (v, i) => Math.min(255, Math.max(0, v + shift[i % 3])));
  return newImage8(image.width, image.height, 3, data);
}

/** Bounds of the values that are 0, ends exclusive. */
function blackBox(mask: Mask): number[] | null {
  const at = [...mask.data.keys()].filter((i) => mask.data[i] === 0);
  if (at.length === 0) return null;
  let left = mask.width;
  let right = 0;
  for (const i of at) {
    left = Math.min(left, i % mask.width);
    right = Math.max(right, (i % mask.width) + 1);
  }
  const row = (i: number) => Math.floor(i / mask.width);
  return [left, row(at[0]), right, row(at[at.length - 1]) + 1];
}

interface OutpaintRow {
  readonly size: Pair;
  readonly pixels: number;
  readonly maskBlur: number;
  readonly directions: readonly Direction[];
  readonly processing: Pair;
  readonly tile: Pair;
}

function runMk2(picture: Image8, row: OutpaintRow, fill: (c: Image8, m: Mask) => Image8) {
  const steps: Mk2Step[] = [];
  const runs = outpaintMk2(picture, {
    expandPx: row.pixels,
    maskBlurPx: row.maskBlur,
    directions: row.directions,
    processing: sizeOf(row.processing),
    fill,
  });
  let state = runs.next();
  while (state.done !== true) {
    steps.push(state.value);
    state = runs.next(state.value.picture);
  }
  return { steps, result: state.value };
}

function mk2Steps(row: OutpaintRow): Answer {
  const blank = newImage8(row.size[0], row.size[1], 3);
  const { steps, result } = runMk2(blank, row, (canvas) => canvas);
  return {
    steps: steps.map(({ picture, mask, latentMask, maskBlurPx }) => ({
      size: [picture.width, picture.height],
      init: [picture.width, picture.height],
      blur: maskBlurPx,
      maskSize: [mask.width, mask.height],
      keep: blackBox(mask),
      latentKeep: blackBox(latentMask),
    })),
    result: [result.width, result.height],
  };
}

async function mk2(c: Case): Promise<Answer> {
  const read = inputs(c);
  const options = {
    falloff: read.number('falloff'),
    colorVariation: read.number('colorVariation'),
  };
  const { steps, result } = runMk2(
    await image8(c, c.input['picture']),
    c.input as unknown as OutpaintRow,
    (canvas, mask) => noisedImage(canvas, matchedNoise(canvas, mask, options, numpyUniforms(0))),
  );
  return {
    steps: steps.map(({ picture, mask, latentMask }) => ({
      init: answer8(picture),
      mask: answer8(mask),
      latentMask: answer8(latentMask),
    })),
    picture: answer8(result),
  };
}

async function noise(c: Case): Promise<Answer> {
  const read = inputs(c);
  const image = await image8(c, c.input['picture']);
  const mask = await mask8(c, c.input['mask']);
  const options = {
    falloff: read.number('falloff'),
    colorVariation: read.number('colorVariation'),
  };
  const noised = matchedNoise(image, mask, options, numpyUniforms(0));
  const sample: number[] = [];
  const { width, height } = image;
  for (let y = 0; y < height; y += Math.max(1, Math.floor(height / 6))) {
    for (let x = 0; x < width; x += Math.max(1, Math.floor(width / 6))) {
      sample.push(...noised.subarray((y * width + x) * 3, (y * width + x) * 3 + 3));
    }
  }
  return { picture: answer8(noisedImage(image, noised)), sample };
}

function planOf(picture: Image8, row: OutpaintRow) {
  return planPoorOutpaint(picture, {
    expandPx: row.pixels,
    maskBlurPx: row.maskBlur,
    directions: row.directions,
    tile: sizeOf(row.tile),
  });
}

function poorSteps(row: OutpaintRow): Answer {
  const plan = planOf(newImage8(row.size[0], row.size[1], 3), row);
  return {
    blur: plan.work.length > 0 ? plan.maskBlurPx : null,
    tiles: plan.grid.rows.flatMap(({ y, xs }) => xs.map((x) => [x, y])),
    processed: plan.work.length,
    keep: plan.work.map((tile) => blackBox(tile.mask)),
    latentKeep: plan.work.map((tile) => blackBox(tile.latentMask)),
    result: [plan.grid.size.width, plan.grid.size.height],
  };
}

async function poor(c: Case): Promise<Answer> {
  const plan = planOf(await image8(c, c.input['picture']), c.input as unknown as OutpaintRow);
  const answers = plan.work.map(({ picture }, n) => tinted(picture, n));
  return {
    tiles: plan.work.map((tile) => ({
      init: answer8(tile.picture),
      mask: answer8(tile.mask),
      latentMask: answer8(tile.latentMask),
    })),
    picture: answer8(finishPoorOutpaint(plan, answers)),
  };
}

interface GridRow {
  readonly size: Pair;
  readonly tile: Pair;
  readonly overlap: number;
}

function gridRow({ size, tile, overlap }: GridRow): Answer {
  const { rows } = splitGrid(sizeOf(size), sizeOf(tile), overlap);
  const count = rows.reduce((n, row) => n + row.xs.length, 0);
  return { rows: rows.map(({ y, xs }) => ({ y, x: xs })), count };
}

function tintedTiles(c: Case, image: Image8): { picture: Image8; count: number } {
  const grid = splitGrid(image, sizeOf(c.input['tile'] as Pair), inputs(c).number('overlap'));
  const tiles = cutTiles(image, grid).map(tinted);
  return { picture: combineGrid(grid, tiles), count: tiles.length };
}

interface LoopbackRow {
  readonly loops: number;
  readonly strength: number;
  readonly final: number;
  readonly curve: LoopbackCurve;
  readonly batches: number;
  readonly seed: number;
  readonly fill: number;
}

const contents = ['fill', 'original', 'latent-noise', 'latent-nothing'] as const;

function loopbackRow(row: LoopbackRow): Answer {
  const passes = Array.from({ length: row.batches }, (_, batch) =>
    loopbackPasses({
      strength: row.strength,
      finalStrength: row.final,
      loops: row.loops,
      curve: row.curve,
      seed: row.seed + batch * row.loops,
      maskedContent: contents[row.fill],
    }),
  ).flat();
  return {
    strength: passes.map((p) => p.strength),
    seed: passes.map((p) => p.seed),
    fill: passes.map((p) => contents.indexOf(p.maskedContent)),
  };
}

interface SheetRow {
  readonly sizes: readonly Pair[];
  readonly batchSize: number;
  readonly rows: number | null;
  readonly preventEmptySpots: boolean;
  readonly nRows: number;
}

function sheetOf(row: SheetRow): number[] {
  const rows = sheetRows(row.sizes.length, {
    rows: row.rows ?? undefined,
    setting: row.nRows,
    batchSize: row.batchSize,
    preventEmpty: row.preventEmptySpots,
  });
  const { width, height } = sheetSize(row.sizes.map(sizeOf), rows);
  return [width, height];
}

async function sheetPixels(c: Case): Promise<Answer> {
  const images: Image8[] = [];
  for (const picture of c.input['pictures'] as unknown[]) images.push(await image8(c, picture));
  const how = { rows: undefined, setting: -1, batchSize: 1, preventEmpty: false };
  return { picture: answer8(contactSheet(images, sheetRows(images.length, how))) };
}

async function sdUpscale(c: Case): Promise<Answer> {
  const read = inputs(c);
  const image = await image8(c, c.input['picture']);
  const enlarged = upscaleInPasses(image, read.number('scale'), resizePass('lanczos'));
  const { picture, count } = tintedTiles(c, enlarged);
  const seeds = Array.from({ length: count }, (_, i) => read.number('seed') + i);
  return { picture: answer8(picture), seeds };
}

export const check: Checker = async (c) => {
  const read = inputs(c);
  switch (read.text('function')) {
    case 'numpy_default_rng': {
      const uniform = numpyUniforms(read.number('seed'));
      return { values: Array.from({ length: read.number('count') }, uniform) };
    }
    case 'matched_noise':
      return noise(c);
    case 'mk2_steps':
      return { rows: read.rows<OutpaintRow>().map(mk2Steps) };
    case 'mk2':
      return mk2(c);
    case 'poor_steps':
      return { rows: read.rows<OutpaintRow>().map(poorSteps) };
    case 'poor':
      return poor(c);
    case 'split_grid':
      return { rows: read.rows<GridRow>().map(gridRow) };
    case 'combine_grid': {
      const { picture, count } = tintedTiles(c, await image8(c, c.input['picture']));
      return { picture: answer8(picture), tiles: count };
    }
    case 'loopback':
      return { rows: read.rows<LoopbackRow>().map(loopbackRow) };
    case 'sd_upscale':
      return sdUpscale(c);
    case 'image_grid':
      return { sizes: read.rows<SheetRow>().map(sheetOf) };
    case 'image_grid_pixels':
      return sheetPixels(c);
    default:
      // Annotations are measured in a font that is not part of the product.
      throw new Unsupported(read.text('function'));
  }
};
