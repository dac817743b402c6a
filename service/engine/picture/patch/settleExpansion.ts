/** The scales of a fill past a picture's edges: large shifted copies first, then patches where these meet. */
import { inParts, type Sliced } from '../sliced.ts';
import { patchKernel } from './patchKernel.ts';
import { patchChannels, patchRadius, type PatchLevel } from './patchLevel.ts';
import {
  enlargedField,
  measureField,
  randomField,
  type PatchField,
  type PlacedLevel,
} from './patchMatch.ts';
import { placed, settle, settleScales, visitsOfRounds } from './settleScales.ts';
import { shiftInto } from './shiftInto.ts';
import type { SourcePrior } from './sourcePrior.ts';

/** Copies are laid at the finest scale with no more hole pixels. */
const mostLabelled = 6000;
/** Rounds of matching and voting at every scale. */
const rounds = 3;
/** Of laying the copies, per hole pixel. */
const visitsPerCopied = 50_000;

/** As settleScales; where no copy could be laid, it is that. */
export function* settleExpansion(
  levels: readonly PatchLevel[],
  random: () => number,
  priors: readonly SourcePrior[],
): Sliced<{ level: PlacedLevel; field: PatchField }> {
  const kernel = patchKernel(levels[0].width * levels[0].height);
  const first = firstScale(levels);
  let level = placed(levels[first], kernel, priors[first]);
  let field = randomField(level, random);
  if (!(yield* shiftInto(level, field))) return yield* settleScales(levels, random, priors);
  yield* measureField(level, field);
  yield* settle(level, field, { rounds, isFinest: true, random });
  for (let i = first - 1; i >= 0; i--) {
    const below = { level, field };
    level = placed(levels[i], kernel, priors[i]);
    field = yield* enlargedField(level, below, random);
    yield* copyMatches(level, field);
    yield* measureField(level, field);
    yield* settle(level, field, { rounds, isFinest: true, random });
  }
  return { level, field };
}

/** Visits that it takes, about. */
export function visitsOfExpansion(levels: readonly PatchLevel[]): number {
  const first = firstScale(levels);
  const copying = levels[first].targets.length * visitsPerCopied;
  const settling = levels.slice(0, first + 1).map((level) => visitsOfRounds(level, rounds));
  return settling.reduce((sum, v) => sum + v, copying);
}

function firstScale(levels: readonly PatchLevel[]): number {
  const found = levels.findIndex(({ hole }) => hole.reduce((sum, v) => sum + v, 0) <= mostLabelled);
  return found < 0 ? levels.length - 1 : found;
}

/** Each hole pixel becomes the middle of its own match: a mean of several would begin the scale blurred. */
function* copyMatches({ width, height, hole, data }: PlacedLevel, field: PatchField): Sliced<void> {
  const inside = (v: number, side: number) =>
    Math.min(side - 1 - patchRadius, Math.max(patchRadius, v));
  yield* inParts(height, width * 3, (from, to) => {
    for (let p = from * width; p < to * width; p++) {
      if (hole[p] === 0) continue;
      const x = p % width;
      const centre = inside((p - x) / width, height) * width + inside(x, width);
      const source = (field.match[centre] + p - centre) * patchChannels;
      for (let c = 0; c < patchChannels; c++) data[p * patchChannels + c] = data[source + c];
    }
  });
}
