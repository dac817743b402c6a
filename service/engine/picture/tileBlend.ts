/**
 * A picture seen in overlapping tiles whose answers are put together without a seam: between two
 * neighbours lies one ramp, in the middle of what both have seen, so that the rims, where a network
 * lacks surroundings, are not used. Weights add up to 1 everywhere. Pure.
 */

/** Where tiles begin on one axis, and where one gives way to the next. */
export interface TileAxis {
  /** Side of a tile, pixels. */
  readonly side: number;
  readonly starts: readonly number[];
  /** Between tile i and i + 1; one fewer than tiles. */
  readonly cuts: readonly number[];
  /** Half the width of a ramp, pixels. */
  readonly halfRamp: number;
}

/** As few tiles as cover `length` pixels with at least that overlap (at most half a tile), spread evenly. */
export function tileAxis(length: number, tilePx: number, overlapPx: number): TileAxis {
  const side = tilePx <= 0 ? length : Math.min(tilePx, length);
  const overlap = Math.min(overlapPx, Math.floor(side / 2));
  const count = side === length ? 1 : Math.ceil((length - overlap) / (side - overlap));
  const starts = Array.from({ length: count }, (_, i) =>
    count === 1 ? 0 : Math.round((i * (length - side)) / (count - 1)),
  );
  const cuts = starts.slice(1).map((next, i) => ((starts[i] ?? 0) + side + next) / 2);
  return { side, starts, cuts, halfRamp: overlap / 4 };
}

/** The weights of tile `index` over its own pixels, each made `scale` times larger. */
export function tileWeights(axis: TileAxis, index: number, scale: number): Float32Array {
  const { side, starts, cuts, halfRamp } = axis;
  const start = starts[index] ?? 0;
  const [before, after] = [cuts[index - 1], cuts[index]];
  return Float32Array.from({ length: side * scale }, (_, i) => {
    const at = start + (i + 0.5) / scale;
    const risen = before === undefined ? 1 : ramp(at - before, halfRamp);
    const left = after === undefined ? 1 : 1 - ramp(at - after, halfRamp);
    return risen * left;
  });
}

/** 0 before the ramp, 1 after it. */
function ramp(distance: number, half: number): number {
  if (half === 0) return distance < 0 ? 0 : 1;
  return Math.min(1, Math.max(0, (distance + half) / (2 * half)));
}

/** Rows of the enlarged picture, from the top, that no tile row after `index` changes any more. */
export function finishedRows(axis: TileAxis, index: number, scale: number): number {
  const cut = axis.cuts[index];
  if (cut === undefined) return ((axis.starts[index] ?? 0) + axis.side) * scale;
  return Math.max(0, Math.floor((cut - axis.halfRamp) * scale));
}
