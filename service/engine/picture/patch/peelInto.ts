/**
 * The first estimate at the coarsest scale: the hole is filled ring by ring from outside, each pixel with that
 * of the patch that fits best what is known so far around it (Newson et al., Video Inpainting of Complex
 * Scenes, 2014), so that edges that reach the hole go on into it.
 */
import { inParts, type Sliced } from '../sliced.ts';
import { patchChannels, patchRadius, type PatchLevel } from './patchLevel.ts';
import type { PatchField, PlacedLevel } from './patchMatch.ts';
import { priorCost } from './sourcePrior.ts';

/** Patches that each pixel is compared with; of more, as many are taken by chance. */
const mostSources = 1500;

/** Fills the level's hole and writes the matches found into the field. */
export function* peelInto(
  level: PlacedLevel,
  field: PatchField,
  random: () => number,
): Sliced<void> {
  const sources = someOf(level.sources, random);
  const known = level.hole.map((v) => 1 - v);
  for (;;) {
    const ring = ringOf(known, level);
    if (ring.length === 0) return;
    const found = new Int32Array(ring.length);
    yield* inParts(ring.length, sources.length * 20, (from, to) => {
      for (let n = from; n < to; n++) found[n] = bestFor(level, { p: ring[n], known, sources });
    });
    for (let n = 0; n < ring.length; n++)
      take(level, field, { p: ring[n], source: found[n], known });
  }
}

function someOf(all: Int32Array, random: () => number): Int32Array {
  if (all.length <= mostSources) return all;
  return Int32Array.from({ length: mostSources }, () => all[Math.floor(random() * all.length)]);
}

/** Unknown pixels that have a known neighbour, row by row. */
function ringOf(known: Uint8Array, { width, height }: PatchLevel): number[] {
  const ring: number[] = [];
  for (let p = 0; p < known.length; p++) {
    if (known[p]) continue;
    const x = p % width;
    const y = (p - x) / width;
    const isNear = (dx: number, dy: number) =>
      x + dx >= 0 && x + dx < width && y + dy >= 0 && y + dy < height && known[p + dy * width + dx];
    if (isNear(-1, 0) || isNear(1, 0) || isNear(0, -1) || isNear(0, 1)) ring.push(p);
  }
  return ring;
}

/** The nearest pixel that can be the centre of a patch. */
function centreFor(p: number, { width, height }: PatchLevel): number {
  const x = p % width;
  const y = (p - x) / width;
  const cx = Math.min(width - 1 - patchRadius, Math.max(patchRadius, x));
  const cy = Math.min(height - 1 - patchRadius, Math.max(patchRadius, y));
  return cy * width + cx;
}

interface Asked {
  readonly p: number;
  /** 1 where a colour is known or was found. */
  readonly known: Uint8Array;
  readonly sources: Int32Array;
}

/** The centre of the source that differs least where the patch around `p` is known. */
function bestFor(level: PlacedLevel, { p, known, sources }: Asked): number {
  const { width, data } = level;
  const centre = centreFor(p, level);
  const offsets: number[] = [];
  for (let dy = -patchRadius; dy <= patchRadius; dy++) {
    for (let dx = -patchRadius; dx <= patchRadius; dx++) {
      if (known[centre + dy * width + dx]) offsets.push(dy * width + dx);
    }
  }
  const share = offsets.length / (2 * patchRadius + 1) ** 2;
  let best = sources[0];
  let least = Infinity;
  for (const source of sources) {
    let sum = priorCost(level, centre, source) * share;
    for (let k = 0; k < offsets.length && sum < least; k++) {
      const a = (centre + offsets[k]) * patchChannels;
      const b = (source + offsets[k]) * patchChannels;
      for (let c = 0; c < patchChannels; c++) sum += (data[a + c] - data[b + c]) ** 2;
    }
    if (sum < least) {
      least = sum;
      best = source;
    }
  }
  return best;
}

function take(
  level: PlacedLevel,
  field: PatchField,
  { p, source, known }: { readonly p: number; readonly source: number; readonly known: Uint8Array },
): void {
  const centre = centreFor(p, level);
  const from = (source + p - centre) * patchChannels;
  for (let c = 0; c < patchChannels; c++) {
    level.data[p * patchChannels + c] = level.data[from + c];
  }
  known[p] = 1;
  if (centre === p) field.match[p] = source;
}
