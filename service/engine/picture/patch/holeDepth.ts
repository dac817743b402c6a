import type { Size } from '../../../../shared/geometry.ts';
import { inParts, type Sliced } from '../sliced.ts';

/** Distance to the hole's rim along the grid, forth and back (3-4 chamfer, Borgefors 1986); 0 outside. */
export function* holeDepth(hole: Uint8Array, { width, height }: Size): Sliced<Float32Array> {
  const out = new Float32Array(hole.length);
  for (let i = 0; i < out.length; i++) if (hole[i]) out[i] = 1e6;
  const take = (i: number, x: number, y: number, step: number) => {
    if (x < 0 || x >= width || y < 0 || y >= height) return;
    const there = out[y * width + x] + step;
    if (there < out[i]) out[i] = there;
  };
  for (const s of [-1, 1]) {
    yield* inParts(height, width * 4, (from, to) => {
      for (let n = from * width; n < to * width; n++) {
        const i = s < 0 ? n : out.length - 1 - n;
        if (out[i] === 0) continue;
        const x = i % width;
        const y = (i - x) / width;
        take(i, x + s, y, 1);
        take(i, x, y + s, 1);
        take(i, x + s, y + s, 4 / 3);
        take(i, x - s, y + s, 4 / 3);
      }
    });
  }
  return out;
}
