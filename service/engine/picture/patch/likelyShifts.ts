/**
 * Shifts by which a picture is like itself: those of patches at its old edge to patches like them, and the most
 * frequent ones between patches anywhere (He and Sun, Statistics of Patch Offsets for Image Completion, 2012).
 */
import { boundsOfMask } from '../../../../shared/geometry.ts';
import { inParts, type Sliced } from '../sliced.ts';
import { alikePatches } from './alikePatches.ts';
import type { PlacedLevel } from './patchMatch.ts';
import { coverage, shiftBetween, spaced, type Shift } from './shift.ts';

/** Patches that others are sought for, at the old edge and anywhere, and how many each is compared with. */
const atEdge = { queries: 96, compared: 8000 };
const anywhere = { queries: 250, compared: 4000 };
/** Stretches of the old edge, each with its own shifts, and how many those may be. */
const stretches = 12;
const perStretch = 4;
const mostFrequent = 16;
/** Of the level's longer side: shorter shifts are not sought. */
const leastShare = 1 / 15;
/** A shift that fills less of the hole would come in rows of small copies. */
const leastCovered = 0.2;
/** Shifts right across the hole: how often its own length, and how far aside, as a share of the level's side. */
const acrossTimes = [0.3, 0.5, 0.75, 1, 1.25, 1.5];
const asideShares = [0, -0.1, 0.1];
const visitsPerComparison = 8;

interface Vote {
  readonly shift: Shift;
  votes: number;
}

type Votes = Map<string, Vote>;

/** None twice; at most 64, and those right across. */
export function* likelyShifts(level: PlacedLevel): Sliced<Shift[]> {
  const covered = coverage(level);
  const found = [
    ...(yield* edgeShifts(level, covered)),
    ...(yield* frequentShifts(level, covered)),
    ...shiftsAcross(level, covered),
  ];
  return [...new Map(found.map((shift) => [keyOf(shift), shift])).values()];
}

type Covered = (shift: Shift) => number;

/** Of the known patches beside the hole, stretch by stretch. */
function* edgeShifts(level: PlacedLevel, covered: Covered): Sliced<Shift[]> {
  const { width, sources } = level;
  const compared = spaced(sources, atEdge.compared);
  const queries = spaced(sourcesAtEdge(level), atEdge.queries);
  const votes = Array.from({ length: stretches }, (): Votes => new Map());
  const isWanted = (shift: Shift) => covered(shift) >= leastCovered;
  const search = { compared, leastPx: leastPxOf(level), isWanted };
  yield* inParts(queries.length, compared.length * visitsPerComparison, (from, to) => {
    for (let n = from; n < to; n++) {
      for (const { source, worth } of alikePatches(level, queries[n], search)) {
        const shift = shiftBetween(queries[n], source, width);
        if (!isWanted(shift)) continue;
        const stretch = votes[Math.floor((n * stretches) / queries.length)];
        addVote(stretch, shift, worth * covered(shift));
      }
    }
  });
  return votes.flatMap((stretch) => mostVoted(stretch, perStretch));
}

/** Between patches anywhere, in both directions. */
function* frequentShifts(level: PlacedLevel, covered: Covered): Sliced<Shift[]> {
  const { width, sources } = level;
  const compared = spaced(sources, anywhere.compared);
  const queries = spaced(sources, anywhere.queries);
  const votes: Votes = new Map();
  const search = { compared, leastPx: leastPxOf(level), isWanted: () => true };
  yield* inParts(queries.length, compared.length * visitsPerComparison, (from, to) => {
    for (let n = from; n < to; n++) {
      for (const { source, worth } of alikePatches(level, queries[n], search)) {
        const { dx, dy } = shiftBetween(queries[n], source, width);
        for (const shift of [
          { dx, dy },
          { dx: -dx, dy: -dy },
        ]) {
          const share = covered(shift);
          if (share >= leastCovered) addVote(votes, shift, worth * share);
        }
      }
    }
  });
  return mostVoted(votes, mostFrequent);
}

/** So that there is one for every pixel of a band. */
function shiftsAcross(level: PlacedLevel, covered: Covered): Shift[] {
  const bounds = boundsOfMask(level.hole, level);
  if (!bounds) return [];
  const { width, height } = bounds;
  const found: Shift[] = [];
  for (const times of acrossTimes) {
    for (const share of asideShares) {
      for (const sign of [1, -1]) {
        const [dx, dy] = [sign * times * width, sign * times * height];
        found.push({ dx: Math.round(dx), dy: Math.round(share * level.height) });
        found.push({ dx: Math.round(share * level.width), dy: Math.round(dy) });
      }
    }
  }
  return found.filter((shift) => covered(shift) >= leastCovered);
}

function leastPxOf({ width, height }: PlacedLevel): number {
  return Math.max(width, height) * leastShare;
}

function sourcesAtEdge({ sources, width, targets, hole }: PlacedLevel): Int32Array {
  const isTarget = new Uint8Array(hole.length);
  for (const t of targets) isTarget[t] = 1;
  return sources.filter(
    (s) => isTarget[s - 1] || isTarget[s + 1] || isTarget[s - width] || isTarget[s + width],
  );
}

function keyOf({ dx, dy }: Shift): string {
  return `${dx},${dy}`;
}

function addVote(votes: Votes, shift: Shift, worth: number): void {
  const vote = votes.get(keyOf(shift));
  if (vote) vote.votes += worth;
  else votes.set(keyOf(shift), { shift, votes: worth });
}

/** Shifts next to one support it with half their votes, and are not taken beside it. */
function mostVoted(votes: Votes, most: number): Shift[] {
  const near = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => ({ dx, dy })));
  const supported = [...votes.values()].map(({ shift, votes: own }) => {
    const sums = near.map(({ dx, dy }) => {
      return votes.get(keyOf({ dx: shift.dx + dx, dy: shift.dy + dy }))?.votes ?? 0;
    });
    return { shift, sum: own / 2 + sums.reduce((a, b) => a + b, 0) / 2 };
  });
  supported.sort((a, b) => b.sum - a.sum || a.shift.dy - b.shift.dy || a.shift.dx - b.shift.dx);
  const out: Shift[] = [];
  for (const { shift } of supported) {
    if (out.length === most) break;
    const isBeside = ({ dx, dy }: Shift) =>
      Math.abs(dx - shift.dx) <= 1 && Math.abs(dy - shift.dy) <= 1;
    if (!out.some(isBeside)) out.push(shift);
  }
  return out;
}
