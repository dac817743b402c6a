/** Pictures side by side, as one file. */
import { fromFloatImage, toFloatImage } from '../../service/engine/picture/convert.ts';
import type { FloatImage, Mask, Raster } from '../../service/engine/picture/raster.ts';
import { resizeImage } from '../../service/engine/picture/resize.ts';

const cellWidth = 230;
const gapPx = 4;

/** All of the same size; white between them. */
export function strip(cells: readonly FloatImage[]): Raster {
  const [{ width, height }] = cells;
  const size = { width: cellWidth, height: Math.round((height * cellWidth) / width) };
  const total = { width: cells.length * (cellWidth + gapPx) - gapPx, height: size.height };
  const data = new Float32Array(total.width * total.height * 3).fill(1);
  for (const [n, cell] of cells.entries()) {
    const small = resizeImage(cell, size);
    for (let y = 0; y < size.height; y++) {
      const row = small.data.subarray(y * cellWidth * 3, (y + 1) * cellWidth * 3);
      data.set(row, (y * total.width + n * (cellWidth + gapPx)) * 3);
    }
  }
  return fromFloatImage({ ...total, data }, { channels: 3, depth: 8 });
}

export function colors(raster: Raster): FloatImage {
  return toFloatImage(raster).image;
}

export function maskPicture(
  { width, height, data }: Pick<Mask, 'width' | 'height'> & { data: ArrayLike<number> },
  most: number,
): FloatImage {
  const out = Float32Array.from(
    { length: data.length * 3 },
    (_, i) => data[Math.floor(i / 3)] / most,
  );
  return { width, height, data: out };
}

/** Eight times how far apart two pictures are; black where they are equal. */
export function difference(a: FloatImage, b: FloatImage): FloatImage {
  return { ...a, data: a.data.map((v, i) => Math.min(1, 8 * Math.abs(v - b.data[i]))) };
}
