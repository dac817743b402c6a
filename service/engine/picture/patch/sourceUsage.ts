/**
 * How often each part of a picture is copied from. A texture that is made of few sources shows their rows and
 * columns; so a source that is used often costs more (Kaspar et al., Self Tuning Texture Optimization, 2015, do so
 * with a count for each pixel; here one for each small square, kept as matches change).
 */
import { inParts, type Sliced } from '../sliced.ts';
import { patchChannels, patchRadius, type PatchLevel } from './patchLevel.ts';

/** Side of the squares of source centres that are counted together, pixels. */
const squarePx = 8;
/** Of a patch's squared differences from its mean: what one more copy of it costs. */
const contrastShare = 0.5;
/** A copy never costs more, in squared differences summed over a patch; else flat patches would win. */
const mostPerCopy = 0.3;

const patchPixels = (2 * patchRadius + 1) ** 2;

export interface SourceUsage {
  /** Matches into each square. */
  readonly counts: Int32Array;
  /** Squares in a row. */
  readonly columns: number;
  /** Of the level, pixels. */
  readonly width: number;
  /** Matches into a square that cost nothing: as many as copy it once, or more where there is more to fill. */
  readonly free: number;
  /** Per source: what each match beyond those costs. */
  readonly perMatch: Float32Array;
}

/** Nothing is used so far. */
export function* noUsage(level: PatchLevel): Sliced<SourceUsage> {
  const columns = Math.ceil(level.width / squarePx);
  const copies = level.targets.length / Math.max(1, level.sources.length);
  return {
    counts: new Int32Array(columns * Math.ceil(level.height / squarePx)),
    columns,
    width: level.width,
    free: Math.max(1, copies) * squarePx ** 2,
    perMatch: yield* costPerMatch(level),
  };
}

/** Squared differences summed over a patch. */
export function usageCost(usage: SourceUsage, source: number): number {
  const over = usage.counts[squareOf(usage, source)] - usage.free;
  return over > 0 ? over * usage.perMatch[source] : 0;
}

/** Counts all matches anew. */
export function countMatches(usage: SourceUsage, targets: Int32Array, match: Int32Array): void {
  usage.counts.fill(0);
  for (const t of targets) usage.counts[squareOf(usage, match[t])]++;
}

/** One match has changed. */
export function moveMatch(usage: SourceUsage, from: number, to: number): void {
  usage.counts[squareOf(usage, from)]--;
  usage.counts[squareOf(usage, to)]++;
}

function squareOf({ columns, width }: SourceUsage, source: number): number {
  const y = (source / width) | 0;
  const x = source - y * width;
  return ((y / squarePx) | 0) * columns + ((x / squarePx) | 0);
}

function* costPerMatch(level: PatchLevel): Sliced<Float32Array> {
  const { sources } = level;
  const out = new Float32Array(level.width * level.height);
  yield* inParts(sources.length, patchPixels * 2, (from, to) => {
    for (let n = from; n < to; n++) {
      const perCopy = Math.min(mostPerCopy, contrastShare * contrastAt(level, sources[n]));
      out[sources[n]] = perCopy / squarePx ** 2;
    }
  });
  return out;
}

/** Squared differences of a patch's colours from their mean. */
function contrastAt({ width, data }: PatchLevel, centre: number): number {
  let all = 0;
  for (let c = 0; c < 3; c++) {
    let sum = 0;
    let squares = 0;
    for (let y = -patchRadius; y <= patchRadius; y++) {
      const row = (centre + y * width - patchRadius) * patchChannels + c;
      for (let x = 0; x < 2 * patchRadius + 1; x++) {
        const v = data[row + x * patchChannels];
        sum += v;
        squares += v * v;
      }
    }
    all += squares - (sum * sum) / patchPixels;
  }
  return Math.max(0, all);
}
