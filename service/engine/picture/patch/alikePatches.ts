/** The patches of a picture that are most like one of its own, far from it and from each other. */
import { patchChannels, patchRadius } from './patchLevel.ts';
import type { PlacedLevel } from './patchMatch.ts';
import { shiftBetween, type Shift } from './shift.ts';

export interface Alike {
  /** Centre of the patch. */
  readonly source: number;
  /** 1 for the most like one, the less the worse it fits beside that. */
  readonly worth: number;
}

interface AlikeSearch {
  /** Centres of patches to compare with. */
  readonly compared: Int32Array;
  /** Nearer ones say nothing but that pictures are smooth, pixels. */
  readonly leastPx: number;
  readonly isWanted: (shift: Shift) => boolean;
}

interface Found {
  readonly source: number;
  readonly difference: number;
}

const most = 4;
/** Pixels around each found one within which a still better fit is sought: not all were compared. */
const refinedPx = 2;
/** Squared difference of two patches that are as good as equal. */
const noise = 0.05;

/** Up to four, the most like one first. */
export function alikePatches(level: PlacedLevel, query: number, search: AlikeSearch): Alike[] {
  const { width } = level;
  const { compared, leastPx, isWanted } = search;
  const found: Found[] = [];
  for (const source of compared) {
    const shift = shiftBetween(query, source, width);
    if (farther(shift) < leastPx) continue;
    const difference = differenceOf(level, query, source);
    if (found.length === most && difference >= found[most - 1].difference) continue;
    if (isWanted(shift)) keep(found, { source, difference }, { width, leastPx });
  }
  const unit = (found[0]?.difference ?? 0) + noise;
  return found.map(({ source, difference }) => ({
    source: refined(level, query, source),
    worth: Math.exp(1 - (difference + noise) / unit),
  }));
}

function farther({ dx, dy }: Shift): number {
  return Math.max(Math.abs(dx), Math.abs(dy));
}

/** Of two that are near each other the better one is kept. */
function keep(
  found: Found[],
  one: Found,
  { width, leastPx }: { readonly width: number; readonly leastPx: number },
): void {
  const near = found.findIndex(
    ({ source }) => farther(shiftBetween(one.source, source, width)) < leastPx / 2,
  );
  if (near >= 0) {
    if (found[near].difference <= one.difference) return;
    found.splice(near, 1);
  }
  found.push(one);
  found.sort((a, b) => a.difference - b.difference);
  found.length = Math.min(found.length, most);
}

function refined(level: PlacedLevel, query: number, source: number): number {
  let best = source;
  let least = Infinity;
  for (let y = -refinedPx; y <= refinedPx; y++) {
    for (let x = -refinedPx; x <= refinedPx; x++) {
      const s = source + y * level.width + x;
      if (level.isSource[s] !== 1) continue;
      const difference = differenceOf(level, query, s);
      if (difference >= least) continue;
      least = difference;
      best = s;
    }
  }
  return best;
}

function differenceOf({ kernel, width }: PlacedLevel, a: number, b: number): number {
  const corner = (patchRadius * width + patchRadius) * patchChannels;
  return kernel.difference(
    a * patchChannels - corner,
    b * patchChannels - corner,
    width * patchChannels,
  );
}
