/** Overlapping tiles of a picture, taken apart and put together (modules/images.py; reference version 1.10.1). */
import type { Size } from '../../../../shared/geometry.ts';
import { cropImage, type Image8, newImage8, pasteImage, toChannels } from '../pillow/image8.ts';
import { pasteThroughMask } from '../pillow/pasteThroughMask.ts';
import type { Mask } from '../raster.ts';

interface TileRow {
  /** Upper edge, pixels; negative where the picture is smaller than a tile. */
  readonly y: number;
  /** Left edges. */
  readonly xs: readonly number[];
}

export interface TileGrid {
  /** Of the whole picture. */
  readonly size: Size;
  readonly tile: Size;
  /** Pixels over which neighbours fade into each other. */
  readonly overlap: number;
  readonly rows: readonly TileRow[];
}

/** As few tiles as cover the picture with at least that overlap, spread evenly; the last ones end with the picture. */
export function splitGrid(size: Size, tile: Size, overlap: number): TileGrid {
  const xs = starts(size.width, tile.width, overlap);
  const rows = starts(size.height, tile.height, overlap).map((y) => ({ y, xs }));
  return { size, tile, overlap, rows };
}

function starts(length: number, tile: number, overlap: number): number[] {
  const count = Math.ceil((length - overlap) / (tile - overlap));
  const step = count > 1 ? (length - tile) / (count - 1) : 0;
  return Array.from({ length: Math.max(0, count) }, (_, i) => {
    const start = Math.trunc(i * step);
    return start + tile >= length ? length - tile : start;
  });
}

/** The tiles of a picture of the grid's size, row by row; black (0) where a tile reaches past it. */
export function cutTiles(image: Image8, grid: TileGrid): Image8[] {
  const { width, height } = grid.tile;
  return grid.rows.flatMap(({ y, xs }) =>
    xs.map((x) => cropImage(image, [x, y, x + width, y + height])),
  );
}

/** A grid and its tiles, all lengths times a whole factor. */
export function scaledGrid(grid: TileGrid, factor: number): TileGrid {
  const scaled = ({ width, height }: Size) => ({ width: width * factor, height: height * factor });
  return {
    size: scaled(grid.size),
    tile: scaled(grid.tile),
    overlap: grid.overlap * factor,
    rows: grid.rows.map(({ y, xs }) => ({ y: y * factor, xs: xs.map((x) => x * factor) })),
  };
}

/**
 * The tiles put together, RGB: each fades in over its left and upper `overlap` pixels (a ramp from 0 that
 * never reaches 255), the rest of it covers what lies there.
 */
export function combineGrid(grid: TileGrid, tiles: readonly Image8[]): Image8 {
  const { size, tile, overlap } = grid;
  const combined = newImage8(size.width, size.height, 3);
  let next = 0;
  for (const { y, xs } of grid.rows) {
    const row = newImage8(size.width, tile.height, 3);
    for (const x of xs) {
      const piece = toChannels(tiles[next++], 3);
      if (x === 0) pasteImage(row, piece, 0, 0);
      else {
        const edge = cropImage(piece, [0, 0, overlap, tile.height]);
        pasteThroughMask(
          row,
          edge,
          ramp(edge, (px) => px, overlap),
          { x, y: 0 },
        );
        const rest = cropImage(piece, [overlap, 0, tile.width, tile.height]);
        pasteImage(row, rest, x + overlap, 0);
      }
    }
    if (y === 0) pasteImage(combined, row, 0, 0);
    else {
      const edge = cropImage(row, [0, 0, row.width, overlap]);
      pasteThroughMask(
        combined,
        edge,
        ramp(edge, (_px, py) => py, overlap),
        { x: 0, y },
      );
      pasteImage(combined, cropImage(row, [0, overlap, row.width, tile.height]), 0, y + overlap);
    }
  }
  return combined;
}

function ramp(size: Size, place: (x: number, y: number) => number, overlap: number): Mask {
  const { width, height } = size;
  const data = Uint8Array.from({ length: width * height }, (_, i) =>
    Math.trunc((place(i % width, Math.floor(i / width)) * 255) / overlap),
  );
  return { width, height, data };
}
