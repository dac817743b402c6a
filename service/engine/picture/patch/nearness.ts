/**
 * Where patches of a removal should come from: not from much farther away than the hole is deep. A fit alone is
 * content with one texture all over a hole (a meadow that climbs a rock, wood that covers a saucer), because
 * the more of it there is, the fewer borders have to fit. With a cost of distance each part of the hole goes on
 * from its own side, and borders meet inside (He and Sun, Statistics of Patch Offsets for Image Completion,
 * 2012: the offsets of like patches are short).
 */
import { inParts, type Sliced } from '../sliced.ts';
import { holeDepth } from './holeDepth.ts';
import { patchChannels, patchRadius, type PatchLevel } from './patchLevel.ts';

/** What a source costs for being far from its place. */
export interface Nearness {
  /** Up to this distance nothing, pixels. */
  readonly free: number;
  /** Beyond: times the square of the pixels, squared differences summed over a patch. */
  readonly perSquaredPx: number;
}

const patchPixels = (2 * patchRadius + 1) ** 2;
/** Of the way to the nearest whole patch from the hole's deepest pixel: what costs nothing. */
const freeShare = 0.5;
/** As far again as that whole way: so many times the variance around the hole, per pixel of a patch. */
const strength = 0.5;
/** It counts that much less from one scale to the next finer one: things are placed coarse, texture fine. */
const perScale = 0.12;
/** Known pixels whose variance counts: so near to the hole at the coarsest scale. */
const ringPx = 8;

/** Of all levels, from fine to coarse. */
export function* nearnessOf(levels: readonly PatchLevel[]): Sliced<Nearness[]> {
  const last = levels.length - 1;
  const variance = yield* ringVariance(levels[last]);
  return levels.map(({ depth }, index) => {
    const deepest = depth.reduce((most, v) => Math.max(most, v), 1);
    const reach = deepest + patchRadius + 1;
    const share = perScale ** (last - index);
    const perReach = strength * variance * patchPixels * share;
    return { free: freeShare * reach, perSquaredPx: perReach / reach ** 2 };
  });
}

/** Of the patch around `source` for the one around `target`. */
export function distanceCost(
  { width, depth }: PatchLevel,
  { free, perSquaredPx }: Nearness,
  { target, source }: { readonly target: number; readonly source: number },
): number {
  // Around a known pixel what is known tells enough.
  if (depth[target] === 0) return 0;
  const dx = (target % width) - (source % width);
  const dy = ((target / width) | 0) - ((source / width) | 0);
  const squared = dx * dx + dy * dy;
  return squared > free * free ? perSquaredPx * (Math.sqrt(squared) - free) ** 2 : 0;
}

/** The same level where distance costs only that share of it, 0..1. */
export function withShareOf<T extends { readonly nearness?: Nearness | undefined }>(
  level: T,
  share: number,
): T {
  const { nearness } = level;
  if (!nearness || share === 1) return level;
  return { ...level, nearness: { ...nearness, perSquaredPx: share * nearness.perSquaredPx } };
}

/** Of colours and texture measures around the hole, summed over the channels. */
function* ringVariance(level: PatchLevel): Sliced<number> {
  const { data, hole } = level;
  const away = yield* holeDepth(
    hole.map((v) => 1 - v),
    level,
  );
  const sums = new Float64Array(patchChannels);
  const squares = new Float64Array(patchChannels);
  let count = 0;
  yield* inParts(hole.length, patchChannels, (from, to) => {
    for (let i = from; i < to; i++) {
      if (hole[i] || away[i] > ringPx) continue;
      count++;
      for (let c = 0; c < patchChannels; c++) {
        const v = data[i * patchChannels + c];
        sums[c] += v;
        squares[c] += v * v;
      }
    }
  });
  if (count === 0) return 0;
  return sums.reduce((all, sum, c) => all + squares[c] / count - (sum / count) ** 2, 0);
}
