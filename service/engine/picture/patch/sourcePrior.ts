/**
 * Where patches of a picture that goes on past its edges may come from. Inside such a band nothing is known, so that
 * a fit alone is content with any piece of the picture, copied whole: only its rim would not agree. Three things
 * are known of pictures in general: what stands at one height belongs to one layer of the scene (sky, hills,
 * ground), what is there once (a sun, a face, a cup) is not there twice, and textures do not come in rows.
 */
import { inParts, type Sliced } from '../sliced.ts';
import { halveLevel, patchChannels, patchRadius, type PatchLevel } from './patchLevel.ts';
import { noUsage, usageCost, type SourceUsage } from './sourceUsage.ts';

/** What a source costs beside its misfit, in the same squared differences summed over a patch. */
export interface SourcePrior {
  /** Per pixel, for patches around it: how much it is alone in the picture. */
  readonly rarity: Float32Array;
  /** Times the square of the rows between a place and its source. */
  readonly perSquaredRow: number;
  readonly usage: SourceUsage;
}

const patchPixels = (2 * patchRadius + 1) ** 2;
/** What a source from the other end of the picture's height costs, squared difference per pixel. */
const uprightness = 0.3;
/** Of a patch's distance to its nearest like: what counts against it. */
const rarityShare = 0.5;
/** Both count that much less from one scale to the next finer one: things are placed coarse, texture fine. */
const perScale = 0.5;
/** Rarity is measured where patches hold whole things: at a scale of at most so many sources. */
const mostSources = 3000;
const leastSources = 16;
/** Of two patches; where there are more pairs each source is compared with some of the others. */
const mostComparisons = 1_500_000;

/** Of all levels, from fine to coarse. */
export function* priorsOf(levels: readonly PatchLevel[]): Sliced<SourcePrior[]> {
  let coarse = levels[levels.length - 1];
  let last = levels.length - 1;
  while (coarse.sources.length > mostSources) {
    const next = yield* halveLevel(coarse);
    if (next.sources.length < leastSources) break;
    coarse = next;
    last++;
  }
  const rarity = yield* rarityOf(coarse);
  const priors: SourcePrior[] = [];
  for (const [index, level] of levels.entries()) {
    const share = perScale ** (last - index);
    priors.push({
      rarity: enlarged(rarity, coarse, { size: level, scale: 2 ** (last - index), share }),
      perSquaredRow: (share * uprightness * patchPixels) / level.height ** 2,
      usage: yield* noUsage(level),
    });
    yield level.width * level.height * 3;
  }
  return priors;
}

/** Of the patch around `source` for the one around `target`; 0 without a prior. */
export function priorCost(
  { prior, width, depth }: PatchLevel & { readonly prior?: SourcePrior | undefined },
  target: number,
  source: number,
): number {
  if (!prior) return 0;
  const rows = ((target / width) | 0) - ((source / width) | 0);
  const { rarity, perSquaredRow, usage } = prior;
  const used = usageCost(usage, source);
  // Around a known pixel what is known tells more than what is usual.
  return depth[target] > 0 ? rarity[source] + perSquaredRow * rows * rows + used : used;
}

/** Per source: its distance to the nearest one that shares no pixel with it; 0 elsewhere. */
function* rarityOf({ width, sources, data }: PatchLevel): Sliced<Float32Array> {
  const out = new Float32Array(data.length / patchChannels);
  const step = Math.ceil(sources.length ** 2 / mostComparisons);
  const others = sources.filter((_, n) => n % step === 0);
  yield* inParts(sources.length, others.length * 10, (from, to) => {
    for (let n = from; n < to; n++) {
      const a = sources[n];
      let least = Infinity;
      for (const b of others) {
        const dx = Math.abs((a % width) - (b % width));
        const dy = Math.abs(((a / width) | 0) - ((b / width) | 0));
        if (Math.max(dx, dy) <= 2 * patchRadius) continue;
        least = Math.min(least, distance(data, { a, b, width }, least));
      }
      out[a] = least === Infinity ? 0 : least;
    }
  });
  return out;
}

/** Squared difference of two patches, or something above `enough`. */
function distance(
  data: Float32Array,
  { a, b, width }: { readonly a: number; readonly b: number; readonly width: number },
  enough: number,
): number {
  let sum = 0;
  for (let y = -patchRadius; y <= patchRadius && sum < enough; y++) {
    const from = y * width - patchRadius;
    const i = (a + from) * patchChannels;
    const j = (b + from) * patchChannels;
    for (let k = 0; k < (2 * patchRadius + 1) * patchChannels; k++) {
      sum += (data[i + k] - data[j + k]) ** 2;
    }
  }
  return sum;
}

/** The measure at a finer level, as its nearest patch has it. */
function enlarged(
  rarity: Float32Array,
  coarse: PatchLevel,
  to: {
    readonly size: { readonly width: number; readonly height: number };
    readonly scale: number;
    readonly share: number;
  },
): Float32Array {
  const { width, height } = to.size;
  const out = new Float32Array(width * height);
  const inside = (v: number, side: number) =>
    Math.min(side - 1 - patchRadius, Math.max(patchRadius, Math.floor(v / to.scale)));
  for (let y = 0; y < height; y++) {
    const row = inside(y, coarse.height) * coarse.width;
    for (let x = 0; x < width; x++) {
      out[y * width + x] = to.share * rarityShare * rarity[row + inside(x, coarse.width)];
    }
  }
  return out;
}
