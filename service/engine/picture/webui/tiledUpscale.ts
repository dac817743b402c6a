/** Enlarging by a network that sees tiles, as AUTOMATIC1111 does it (modules/upscaler_utils.py; reference version 1.10.1). */
import { rectOfSize } from '../../../../shared/geometry.ts';
import { cropImage as cropFloat } from '../crop.ts';
import type { FloatImage } from '../raster.ts';
import { newImage8, type Image8 } from '../pillow/image8.ts';
import { combineGrid, cutTiles, scaledGrid, splitGrid } from './tileGrid.ts';
import { mapInto } from '../mapInto.ts';

/** A network: RGB 0..1 in, RGB about 0..1 out, larger by a whole factor. */
export type UpscaleTile = (tile: FloatImage) => Promise<FloatImage>;

interface Tiling {
  /** Side in pixels; 0: the whole picture at once. */
  readonly tilePx: number;
  readonly overlapPx: number;
}

/** ESRGAN's and DAT's way: tiles rounded to 8 bits, faded into each other. The picture is RGB. */
export async function upscaleFaded(
  image: Image8,
  upscale: UpscaleTile,
  { tilePx, overlapPx }: Tiling,
): Promise<Image8> {
  const run = async (tile: Image8) => toLevels(await upscale(toUnit(tile)));
  if (tilePx <= 0) return run(image);
  const grid = splitGrid(image, { width: tilePx, height: tilePx }, overlapPx);
  const tiles: Image8[] = [];
  for (const tile of cutTiles(image, grid)) tiles.push(await run(tile));
  return combineGrid(scaledGrid(grid, Math.floor(tiles[0].width / tilePx)), tiles);
}

/** SwinIR's and ScuNET's way: tiles in float, the mean where they overlap. The picture is RGB. */
export async function upscaleAveraged(
  image: Image8,
  upscale: UpscaleTile,
  { tilePx, overlapPx, scale }: Tiling & { readonly scale: number },
): Promise<Image8> {
  const whole = toUnit(image);
  const side = Math.min(tilePx, image.width, image.height);
  if (side <= 0) return toLevels(await upscale(whole));
  const width = image.width * scale;
  const sums = new Float32Array(width * image.height * scale * 3);
  const counts = new Float32Array(width * image.height * scale);
  for (const y of alignedStarts(image.height, side, overlapPx)) {
    for (const x of alignedStarts(image.width, side, overlapPx)) {
      const tile = cropFloat(whole, { ...rectOfSize({ width: side, height: side }), x, y });
      addTile({ sums, counts, width }, await upscale(tile), { x: x * scale, y: y * scale });
    }
  }
  for (let i = 0; i < sums.length; i++) sums[i] /= counts[Math.floor(i / 3)];
  return toLevels({ width, height: image.height * scale, data: sums });
}

/** Every stride, and one that ends with the picture. */
function alignedStarts(length: number, side: number, overlap: number): number[] {
  const starts: number[] = [];
  for (let i = 0; i < length - side; i += side - overlap) starts.push(i);
  return [...starts, length - side];
}

function addTile(
  to: { readonly sums: Float32Array; readonly counts: Float32Array; readonly width: number },
  tile: FloatImage,
  at: { readonly x: number; readonly y: number },
): void {
  for (let y = 0; y < tile.height; y++) {
    for (let x = 0; x < tile.width; x++) {
      const from = (y * tile.width + x) * 3;
      const place = (at.y + y) * to.width + at.x + x;
      to.counts[place] += 1;
      for (let c = 0; c < 3; c++) to.sums[place * 3 + c] += tile.data[from + c];
    }
  }
}

function toUnit({ width, height, data }: Image8): FloatImage {
  return { width, height, data: mapInto(new Float32Array(data.length), data, (v) => v / 255) };
}

/** Clamped and rounded half to even, as numpy rounds. */
function toLevels({ width, height, data }: FloatImage): Image8 {
  // Storing into this array rounds exactly so.
  const levels = mapInto(new Uint8ClampedArray(data.length), data, (v) => v * 255);
  return newImage8(width, height, 3, new Uint8Array(levels.buffer));
}
