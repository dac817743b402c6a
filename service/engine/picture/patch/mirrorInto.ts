/** A first estimate where a picture goes on past its edges: what is known there, mirrored. */
import { inParts, type Sliced } from '../sliced.ts';
import { patchChannels, type PatchLevel } from './patchLevel.ts';

/**
 * Fills the level's hole: each pixel becomes the one as far behind the nearest known pixel, or that pixel itself
 * where the mirror image ends. Colours and edges meet the picture; where they come from is sought later.
 */
export function* mirrorInto(level: PatchLevel): Sliced<void> {
  const { width, height, hole, data } = level;
  const near = yield* nearestKnown(level);
  yield* inParts(hole.length, patchChannels, (from, to) => {
    for (let p = from; p < to; p++) {
      const q = near[p];
      if (hole[p] === 0 || q < 0) continue;
      const [qx, qy] = [q % width, Math.floor(q / width)];
      const x = 2 * qx - (p % width);
      const y = 2 * qy - Math.floor(p / width);
      const isThere = x >= 0 && y >= 0 && x < width && y < height && hole[y * width + x] === 0;
      const at = (isThere ? y * width + x : q) * patchChannels;
      for (let c = 0; c < patchChannels; c++) data[p * patchChannels + c] = data[at + c];
    }
  });
}

/** Of each pixel the nearest known one, handed on forth and back (Danielsson 1980); -1 without any. */
function* nearestKnown({ width, height, hole }: PatchLevel): Sliced<Int32Array> {
  const near = Int32Array.from(hole, (v, p) => (v === 0 ? p : -1));
  const apart = (p: number, q: number) =>
    ((p % width) - (q % width)) ** 2 + (Math.floor(p / width) - Math.floor(q / width)) ** 2;
  const take = (p: number, x: number, y: number) => {
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    const q = near[y * width + x];
    if (q >= 0 && (near[p] < 0 || apart(p, q) < apart(p, near[p]))) near[p] = q;
  };
  for (const s of [-1, 1]) {
    yield* inParts(hole.length, 8, (from, to) => {
      for (let n = from; n < to; n++) {
        const p = s < 0 ? n : hole.length - 1 - n;
        const x = p % width;
        const y = (p - x) / width;
        for (const [dx, dy] of [
          [s, 0],
          [0, s],
          [s, s],
          [-s, s],
        ] as const)
          take(p, x + dx, y + dy);
      }
    });
  }
  return near;
}
