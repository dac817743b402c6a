/** Several pictures as one (AUTOMATIC1111's image_grid; modules/images.py, reference version 1.10.1). */
import type { Size } from '../../../../shared/geometry.ts';
import { type Image8, newImage8, pasteImage } from '../pillow/image8.ts';

export interface SheetRows {
  /** Asked for; absent: by the settings. */
  readonly rows: number | undefined;
  /** The setting: above 0 so many, 0 the batch size, -1 about a square. */
  readonly setting: number;
  readonly batchSize: number;
  /** About a square without empty cells. */
  readonly preventEmpty: boolean;
}

/** At most as many rows as pictures. */
export function sheetRows(count: number, how: SheetRows): number {
  return Math.min(count, how.rows ?? settingsRows(count, how));
}

function settingsRows(count: number, { setting, batchSize, preventEmpty }: SheetRows): number {
  if (setting > 0) return setting;
  if (setting === 0) return batchSize;
  const side = Math.sqrt(count);
  if (!preventEmpty) return roundHalfEven(side);
  let rows = Math.floor(side);
  while (count % rows !== 0) rows--;
  return rows;
}

function roundHalfEven(v: number): number {
  const low = Math.floor(v);
  return v - low === 0.5 ? low + (low % 2) : Math.round(v);
}

/** The sheet's size for pictures of these sizes: every cell as large as the largest. */
export function sheetSize(sizes: readonly Size[], rows: number): Size {
  const cell = cellOf(sizes);
  return { width: Math.ceil(sizes.length / rows) * cell.width, height: rows * cell.height };
}

function cellOf(sizes: readonly Size[]): Size {
  return {
    width: Math.max(...sizes.map((s) => s.width)),
    height: Math.max(...sizes.map((s) => s.height)),
  };
}

/** RGB pictures row by row, each in the middle of its cell, on white. */
export function contactSheet(images: readonly Image8[], rows: number): Image8 {
  const { width, height } = sheetSize(images, rows);
  const cell = cellOf(images);
  const columns = width / cell.width;
  const sheet = newImage8(width, height, 3);
  sheet.data.fill(255);
  images.forEach((image, i) => {
    const x = (i % columns) * cell.width + Math.floor((cell.width - image.width) / 2);
    const y = Math.floor(i / columns) * cell.height + Math.floor((cell.height - image.height) / 2);
    pasteImage(sheet, image, x, y);
  });
  return sheet;
}
