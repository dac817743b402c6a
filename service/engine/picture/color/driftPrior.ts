/**
 * What is expected of a drift before anything is seen: no drift on average, and how far each way of drifting
 * usually goes (standard deviations, code values of 0..1). Where the surroundings do not tell a coefficient
 * (colours or places that only the painted part has) it stays near what the others make likely.
 */
import { choleskyOf, inverseColumn } from './cholesky.ts';
import { castTerm, colorTerms, terms, waves } from './driftTerms.ts';

const unknowns = terms * 3;
/** One channel brighter or darker by a factor, all of them together, and plain offsets. */
const channelGain = 0.03;
const contrast = 0.035;
const offset = 0.015;
/** Colourfulness, and a turn of hue (radians) around the grey axis. */
const saturation = 0.04;
const hueTurn = 0.035;
/** Any other linear mixing of channels. */
const mixing = 0.012;
/** Curvature in the channel's own value, and of any other kind. */
const ownCurve = 0.03;
const otherCurve = 0.012;
/** A tint of one half wave over the context; faster waves are weaker by their number to the power of 1.5. */
const tint = 4 / 255;
/** A cast of the painted part alone, where there is one. */
export const castDeviation = 4 / 255;
const lumaShares = [0.299, 0.587, 0.114];

/** Coefficients that move together, and by how much for one standard deviation. */
type Way = readonly (readonly [index: number, by: number])[];

const indexOf = (term: number, channel: number): number => term * 3 + channel;

let known: Float64Array | undefined;

/** The inverse of the coefficients' covariance [3 terms x 3 terms]; always the same, not to be written to. */
export function priorPrecision(): Float64Array {
  return (known ??= precisionOf());
}

function precisionOf(): Float64Array {
  const covariance = new Float64Array(unknowns ** 2);
  for (const way of [...singleWays(), ...colorWays()]) {
    for (const [i, a] of way) for (const [j, b] of way) covariance[i * unknowns + j] += a * b;
  }
  const lower = choleskyOf(covariance, unknowns);
  const out = new Float64Array(unknowns ** 2);
  for (let i = 0; i < unknowns; i++) out.set(inverseColumn(lower, unknowns, i), i * unknowns);
  return out;
}

/** Each coefficient for itself. */
function singleWays(): Way[] {
  return Array.from({ length: unknowns }, (_, index) => {
    return [[index, deviationOf(Math.floor(index / 3), index % 3)]];
  });
}

function deviationOf(term: number, channel: number): number {
  if (term === 0) return offset;
  if (term < 4) return mixing;
  if (term < colorTerms) return term === 4 + channel ? ownCurve : otherCurve;
  if (term === castTerm) return castDeviation;
  const { u, v } = waves[term - colorTerms];
  return tint * (u + v) ** -1.5;
}

/** Gain of one channel (around black), contrast (around grey), saturation and hue. */
function colorWays(): Way[] {
  const channels = [0, 1, 2];
  const turn = hueTurn / Math.sqrt(3);
  return [
    ...channels.map((c): Way => {
      return [
        [indexOf(1 + c, c), channelGain],
        [indexOf(0, c), channelGain / 2],
      ];
    }),
    channels.map((c) => [indexOf(1 + c, c), contrast] as const),
    channels.flatMap((c) =>
      channels.map((d) => {
        return [indexOf(1 + d, c), saturation * ((c === d ? 1 : 0) - lumaShares[d])] as const;
      }),
    ),
    channels.flatMap((c) => [
      [indexOf(1 + ((c + 1) % 3), c), turn] as const,
      [indexOf(1 + ((c + 2) % 3), c), -turn] as const,
    ]),
  ];
}
