/** Edges one pixel wide (sd-webui-controlnet 1.1.455, lvminthin.py). */
import type { Mask } from '../raster.ts';

/** 3x3 from the top: 1 must be white, -1 must be black, 0 may be either. */
type Pattern = readonly number[];

const thinning: readonly Pattern[] = [
  [-1, -1, -1, 0, 1, 0, 1, 1, 1],
  [0, -1, -1, 1, 1, -1, 0, 1, 0],
];
const pruning: readonly Pattern[] = [
  [-1, -1, -1, -1, 1, -1, 0, 0, -1],
  [-1, -1, -1, -1, 1, -1, -1, 0, 0],
];
const mostRounds = 32;

/** A quarter turn against the clock. */
function turned(pattern: Pattern): Pattern {
  return pattern.map((_, i) => pattern[(i % 3) * 3 + 2 - Math.floor(i / 3)]);
}

function inAllDirections(patterns: readonly Pattern[]): Pattern[] {
  const all: Pattern[] = [];
  let current = patterns;
  for (let turn = 0; turn < 4; turn++) {
    all.push(...current);
    current = current.map(turned);
  }
  return all;
}

/** A mask with a rim around it that matches anything. */
interface Rimmed {
  readonly stride: number;
  readonly state: Uint8Array;
  /** Indices of what is white. */
  white: number[];
}

const [black, white, outside] = [0, 1, 2];

function rimmed({ width, height, data }: Mask): Rimmed {
  const stride = width + 2;
  const state = new Uint8Array(stride * (height + 2)).fill(outside);
  const found: number[] = [];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0, n = (y + 1) * stride + 1; x < width; x++, i++, n++) {
      state[n] = data[i] > 127 ? white : black;
      if (data[i] > 127) found.push(n);
    }
  }
  return { stride, state, white: found };
}

/** Blackens the middles of all matches at once; answers whether there were any. */
function removeMatches(mask: Rimmed, pattern: Pattern): boolean {
  const { state, stride } = mask;
  const wanted = pattern.flatMap((value, k) => {
    if (value === 0 || k === 4) return [];
    const offset = (Math.floor(k / 3) - 1) * stride + (k % 3) - 1;
    return [{ offset, other: value > 0 ? black : white }];
  });
  const found = mask.white.filter((n) =>
    wanted.every(({ offset, other }) => state[n + offset] !== other),
  );
  if (found.length === 0) return false;
  for (const n of found) state[n] = black;
  mask.white = mask.white.filter((n) => state[n] === white);
  return true;
}

/** Thins what is white (255) on black (0) to lines; `prune` takes the loose ends' last pixels off. */
export function thinned({ width, height, data }: Mask, prune: boolean): Mask {
  const mask = rimmed({ width, height, data });
  const patterns = inAllDirections(thinning);
  for (let round = 0; round < mostRounds; round++) {
    const changed = patterns.map((pattern) => removeMatches(mask, pattern));
    if (!changed.includes(true)) break;
  }
  if (prune) for (const pattern of inAllDirections(pruning)) removeMatches(mask, pattern);
  const out = new Uint8Array(width * height);
  for (const n of mask.white) {
    out[(Math.floor(n / mask.stride) - 1) * width + (n % mask.stride) - 1] = 255;
  }
  return { width, height, data: out };
}

/** Where a grey map is the largest along one of four directions; 0 elsewhere. */
export function directionalMaxima({ width, height, data }: Mask): Mask {
  const directions = [
    [1, 0],
    [0, 1],
    [1, 1],
    [1, -1],
  ] as const;
  const at = (x: number, y: number): number =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : data[y * width + x];
  const out = data.map((value, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    const isTop = directions.some(
      ([dx, dy]) => at(x - dx, y - dy) <= value && at(x + dx, y + dy) <= value,
    );
    return isTop ? value : 0;
  });
  return { width, height, data: out };
}
