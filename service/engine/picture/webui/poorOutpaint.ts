/** "Poor man's outpainting" (AUTOMATIC1111's script of that name; reference version 1.10.1). */
import { type Image8, maskImage, newImage8, pasteImage } from '../pillow/image8.ts';
import type { Size } from '../../../../shared/geometry.ts';
import {
  type Direction,
  type Expansion,
  expansionOf,
  onCanvasStep,
} from '../../../../shared/outpaintScript.ts';
import type { Mask } from '../raster.ts';
import { keptMask } from './outpaintCanvas.ts';
import { combineGrid, cutTiles, splitGrid, type TileGrid } from './tileGrid.ts';

export interface PoorOutpaint {
  readonly expandPx: number;
  /** 0..64 (4): half the mask blur. */
  readonly maskBlurPx: number;
  readonly directions: readonly Direction[];
  readonly tile: Size;
}

/** One image-to-image run. */
export interface PoorTile {
  /** Its place among all tiles of the grid. */
  readonly index: number;
  readonly picture: Image8;
  readonly mask: Mask;
  readonly latentMask: Mask;
}

export interface PoorPlan {
  readonly grid: TileGrid;
  /** All tiles, to be combined at the end. */
  readonly tiles: readonly Image8[];
  /** Those that are not wholly inside the old picture, in order; each takes the next seed. */
  readonly work: readonly PoorTile[];
  /** What the runs take as mask blur. */
  readonly maskBlurPx: number;
}

/** The canvas (black where it is new) and its masks, cut into tiles. The picture is RGB. */
export function planPoorOutpaint(picture: Image8, options: PoorOutpaint): PoorPlan {
  const { expandPx, maskBlurPx: blur, tile } = options;
  const grown = expansionOf(picture, expandPx, options.directions);
  const width = onCanvasStep(picture.width + grown.left + grown.right);
  const height = onCanvasStep(picture.height + grown.up + grown.down);
  const canvas = newImage8(width, height, 3);
  pasteImage(canvas, picture, grown.left, grown.up);
  const grid = splitGrid(canvas, tile, expandPx);
  const tiles = cutTiles(canvas, grid);
  const masks = cutTiles(maskImage(insetMask(canvas, grown, blur * 2)), grid);
  const latentMasks = cutTiles(maskImage(insetMask(canvas, grown, Math.floor(blur / 2))), grid);
  const places = grid.rows.flatMap(({ y, xs }) => xs.map((x) => ({ x, y })));
  const work = places.flatMap(({ x, y }, index): PoorTile[] => {
    const isOld =
      x >= grown.left &&
      x + tile.width <= width - grown.right &&
      y >= grown.up &&
      y + tile.height <= height - grown.down;
    if (isOld) return [];
    const { data: mask } = masks[index];
    const { data: latentMask } = latentMasks[index];
    return [
      {
        index,
        picture: tiles[index],
        mask: { ...tile, data: mask },
        latentMask: { ...tile, data: latentMask },
      },
    ];
  });
  return { grid, tiles, work, maskBlurPx: blur * 2 };
}

/** The old picture is kept, less `insetPx` on each side that grows. */
function insetMask(canvas: Size, grown: Expansion, insetPx: number): Mask {
  const edge = (px: number) => (px > 0 ? px + insetPx : px);
  return keptMask(canvas, [
    edge(grown.left),
    edge(grown.up),
    canvas.width - edge(grown.right),
    canvas.height - edge(grown.down),
  ]);
}

/** The whole picture from the runs' answers, in the order of `work`. */
export function finishPoorOutpaint(plan: PoorPlan, answers: readonly Image8[]): Image8 {
  const tiles = [...plan.tiles];
  plan.work.forEach(({ index }, n) => (tiles[index] = answers[n]));
  return combineGrid(plan.grid, tiles);
}
