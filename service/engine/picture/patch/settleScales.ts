/** The scales of a patch fill, settled one after another from the coarsest on. */
import { inParts, type Sliced } from '../sliced.ts';
import { patchKernel, type PatchKernel } from './patchKernel.ts';
import { halveLevel, type PatchLevel } from './patchLevel.ts';
import {
  enlargedField,
  measureField,
  randomField,
  sweep,
  visitsPerTarget,
  type PatchField,
  type PlacedLevel,
} from './patchMatch.ts';
import { vote, visitsPerVote } from './patchVote.ts';
import { mirrorInto } from './mirrorInto.ts';
import { peelInto } from './peelInto.ts';
import type { SourcePrior } from './sourcePrior.ts';
import { spreadInto } from './spreadInto.ts';

/** The coarsest scale is reached when the hole is no deeper than this, pixels. */
const coarsestDepthPx = 6;
const leastSidePx = 20;
/** Fewer patches to copy from are too few. */
export const leastSources = 16;
/** Rounds of matching and voting at the coarsest scale and at the finest. */
const coarsestRounds = 16;
const finestRounds = 3;
const sweepsPerRound = 2;
/** Each way to begin is tried so often where that costs little: chance decides which of several good fills it becomes. */
const triesEach = 3;
/** Larger holes at the coarsest scale are long and thin, where a membrane tells all there is. */
const mostPeeledPixels = 2000;

/** From fine to coarse. */
export function* scalesOf(finest: PatchLevel): Sliced<PatchLevel[]> {
  const levels = [finest];
  for (;;) {
    const level = levels[levels.length - 1];
    if (deepestOf(level) <= coarsestDepthPx) return levels;
    if (Math.min(level.width, level.height) < 2 * leastSidePx) return levels;
    const next = yield* halveLevel(level);
    if (next.sources.length < leastSources) return levels;
    levels.push(next);
  }
}

function deepestOf(level: PatchLevel): number {
  let most = 0;
  for (const d of level.depth) if (d > most) most = d;
  return most;
}

/** Visits that settling them takes, about. */
export function visitsOf(levels: readonly PatchLevel[]): number {
  const ofLevel = (level: PatchLevel, index: number) =>
    visitsOfRounds(level, roundsAt(index, levels.length));
  return levels.map(ofLevel).reduce((sum, v) => sum + v, 0);
}

/** Visits of so many rounds at one scale, about. */
export function visitsOfRounds(level: PatchLevel, rounds: number): number {
  const perRound = sweepsPerRound * visitsPerTarget(level) + visitsPerVote;
  return level.targets.length * rounds * perRound;
}

function roundsAt(index: number, count: number): number {
  if (count === 1) return coarsestRounds;
  const t = index / (count - 1);
  return Math.round(finestRounds + (coarsestRounds - finestRounds) * t);
}

/** Fills the hole of the finest level, the first; answers it as it is then. */
export function* settleScales(
  levels: readonly PatchLevel[],
  random: () => number,
  priors?: readonly SourcePrior[],
): Sliced<{ level: PlacedLevel; field: PatchField }> {
  const kernel = patchKernel(levels[0].width * levels[0].height);
  const coarsest = levels.length - 1;
  let level = placed(levels[coarsest], kernel, priors?.[coarsest]);
  let field = yield* settledStart(level, { isFinest: coarsest === 0, random });
  for (let i = coarsest - 1; i >= 0; i--) {
    const below = { level, field };
    level = placed(levels[i], kernel, priors?.[i]);
    field = yield* startFrom(level, below, random);
    const rounds = roundsAt(i, levels.length);
    yield* settle(level, field, { rounds, isFinest: i === 0, random });
  }
  return { level, field };
}

/** The level in the kernel's memory, over the one that lay there before. */
export function placed(
  level: PatchLevel,
  kernel: PatchKernel,
  prior: SourcePrior | undefined,
): PlacedLevel {
  return { ...level, kernel, prior, data: kernel.place(level.data) };
}

/** Of the ways to begin the one that ends with patches that fit best. */
function* settledStart(
  level: PlacedLevel,
  how: { readonly isFinest: boolean; readonly random: () => number },
): Sliced<PatchField> {
  const { random } = how;
  const tries: Array<{ field: PatchField; data: Float32Array; misfit: number }> = [];
  const holePixels = level.hole.reduce((sum, v) => sum + v, 0);
  const outer = level.prior ? mirrorInto : spreadInto;
  const ways = holePixels <= mostPeeledPixels ? [peelInto, outer] : [outer];
  const isCheap = ways.length > 1 && !how.isFinest;
  for (const begin of isCheap ? Array.from({ length: triesEach }, () => ways).flat() : ways) {
    level.prior?.usage.counts.fill(0);
    const field = randomField(level, random);
    yield* begin(level, field, random);
    yield* measureField(level, field);
    yield* settle(level, field, { ...how, rounds: coarsestRounds });
    yield* measureField(level, field);
    const misfit = level.targets.reduce((sum, t) => sum + field.distance[t], 0);
    tries.push({ field, data: level.data.slice(), misfit });
  }
  const best = tries.reduce((a, b) => (b.misfit < a.misfit ? b : a));
  level.data.set(best.data);
  return best.field;
}

function* startFrom(
  level: PlacedLevel,
  below: { readonly level: PatchLevel; readonly field: PatchField },
  random: () => number,
): Sliced<PatchField> {
  const field = yield* enlargedField(level, below, random);
  // The coarse colours would blur this scale: its own pixels at the enlarged offsets are taken instead.
  yield* inParts(level.targets.length, 1, (from, to) => {
    for (let n = from; n < to; n++) field.distance[level.targets[n]] = 1;
  });
  yield* vote(level, field, 0.75);
  yield* measureField(level, field);
  return field;
}

interface Settling {
  readonly rounds: number;
  readonly isFinest: boolean;
  readonly random: () => number;
}

/** Matching and voting in turn until the scale has settled; votes get sharper towards the end. */
export function* settle(level: PlacedLevel, field: PatchField, work: Settling): Sliced<void> {
  const { random } = work;
  for (let round = 0; round < work.rounds; round++) {
    for (let turn = 0; turn < sweepsPerRound; turn++) {
      yield* sweep(level, field, { turn: round * sweepsPerRound + turn, random });
    }
    yield* vote(level, field, sharpnessAt(work, round));
    if (round < work.rounds - 1) yield* measureField(level, field);
  }
}

/** Means of many patches settle the structure but blur; towards the end the best patch decides nearly alone. */
function sharpnessAt(work: Settling, round: number): number {
  const share = round / Math.max(1, work.rounds - 1);
  return work.isFinest ? 0.25 - 0.2 * share : 0.5 - 0.3 * share;
}
