/** Where a painted band takes over from the picture. */
import { describe, expect, it } from 'vitest';
import type { Mask, Raster } from '../../../service/engine/picture/raster.ts';
import { seamAlpha } from '../../../service/engine/picture/seamAlpha.ts';
import { drain } from '../../../service/engine/picture/sliced.ts';

const size = { width: 48, height: 60 };
const reachPx = 24;
/** New: the columns right of the rim. */
const area = { x: 32, y: 0, width: 16, height: 60 };
const soft: Mask = {
  ...size,
  data: Uint8Array.from({ length: size.width * size.height }, (_, i) =>
    i % size.width < 8 ? 0 : i % size.width >= 32 ? 255 : 128,
  ),
};
/** Where both pictures agree: a winding line of three columns. */
const middle = (y: number) => 20 + Math.round(4 * Math.sin(y / 6));

function raster(value: (x: number, y: number) => number, channels: 3 | 4 = 3): Raster {
  const { width, height } = size;
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    data.fill(value(i % width, Math.floor(i / width)), i * channels, i * channels + 3);
    if (channels === 4) data[i * 4 + 3] = i % width < 32 ? 255 : 0;
  }
  return { width, height, channels, depth: 8, data };
}

const known = raster(() => 90, 4);
const painted = raster((x, y) => (Math.abs(x - middle(y)) <= 1 ? 90 : 200));
const at = (mask: Mask, x: number, y: number) => mask.data[y * size.width + x] ?? -1;

describe('the seam', () => {
  const alpha = drain(seamAlpha(soft, { painted, known, area, reachPx }));

  it('is cut where picture and band agree', () => {
    for (let y = 0; y < size.height; y++) {
      expect(at(alpha, middle(y) - 7, y)).toBe(0);
      expect(at(alpha, middle(y) + 7, y)).toBe(255);
    }
  });

  it('shows everything new, and nothing painted beyond the rim', () => {
    for (let y = 0; y < size.height; y++) {
      for (let x = 0; x < size.width; x++) {
        if (x < 8) expect(at(alpha, x, y)).toBe(0);
        if (x >= 32) expect(at(alpha, x, y)).toBe(255);
      }
    }
  });

  it('is faded where the rim is too narrow for a cut', () => {
    expect(drain(seamAlpha(soft, { painted, known, area, reachPx: 8 }))).toBe(soft);
  });

  it('shows the band where nothing is known', () => {
    const nothing = raster(() => 0, 4);
    nothing.data.fill(0);
    const shown = drain(seamAlpha(soft, { painted, known: nothing, area, reachPx }));
    for (let y = 0; y < size.height; y++) expect(at(shown, 12, y)).toBe(255);
  });
});
