/** A start for a picture that goes on past its edges: large shifted copies of what is there. */
import { inParts, type Sliced } from '../sliced.ts';
import { likelyShifts } from './likelyShifts.ts';
import { patchChannels, patchRadius } from './patchLevel.ts';
import type { PatchField, PlacedLevel } from './patchMatch.ts';
import { sourceOf, type Shift } from './shift.ts';
import { labelShifts } from './shiftLabels.ts';
import { spreadInto } from './spreadInto.ts';

/** Fills the level's hole and writes the matches into the field; false (and nothing is written) without a likely shift. */
export function* shiftInto(level: PlacedLevel, field: PatchField): Sliced<boolean> {
  const shifts = yield* likelyShifts(level);
  if (shifts.length === 0) return false;
  const label = yield* labelShifts(level, shifts);
  // What no shift reaches keeps a membrane and a match by chance.
  yield* spreadInto(level);
  const { data, hole, targets } = level;
  yield* inParts(hole.length, patchChannels, (from, to) => {
    for (let p = from; p < to; p++) {
      const q = label[p] < 0 ? -1 : sourceOf(level, p, shifts[label[p]]);
      if (q < 0) continue;
      for (let c = 0; c < patchChannels; c++) {
        data[p * patchChannels + c] = data[q * patchChannels + c];
      }
    }
  });
  yield* inParts(targets.length, 20, (from, to) => {
    for (let n = from; n < to; n++) {
      const source = matchOf(level, targets[n], { label, shifts });
      if (source >= 0) field.match[targets[n]] = source;
    }
  });
  return true;
}

/** The source that the label at a target, or near it in the hole, points to; -1 without one. */
function matchOf(
  level: PlacedLevel,
  t: number,
  { label, shifts }: { readonly label: Int32Array; readonly shifts: readonly Shift[] },
): number {
  const { width, isSource } = level;
  for (let r = 0; r <= patchRadius; r++) {
    for (const p of r === 0 ? [t] : [t - r, t + r, t - r * width, t + r * width]) {
      if (!(label[p] >= 0)) continue;
      const source = sourceOf(level, t, shifts[label[p]]);
      if (source >= 0 && isSource[source] === 1) return source;
    }
  }
  return -1;
}
