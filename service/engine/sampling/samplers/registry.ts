/** The samplers there are, by the names people know. */
import { PentimentoError } from '../../../../shared/errors.ts';
import { nearestNames } from '../../../../shared/nearest.ts';
import { findScheduleExactly, type ScheduleEntry, type ScheduleId } from '../sigmas/registry.ts';
import { plainName } from '../sigmas/plainName.ts';
import { schedulerSamplers } from '../schedulers/entries.ts';
import type { Levels } from '../sigmas/levels.ts';
import type { UniPcLevels } from '../sigmas/uniPcLevels.ts';
import type { Sampler } from '../types.ts';
import { comfySamplers } from './comfySamplers.ts';
import { webuiSamplers } from './webuiSamplers.ts';

export interface SamplerEntry {
  /** As AUTOMATIC1111 lists it, or would; what recipes hold. */
  readonly name: string;
  /** Names in other programs. */
  readonly aliases: readonly string[];
  readonly sample: Sampler;
  /** The schedule that "automatic" stands for. */
  readonly schedule: ScheduleId;
  /**
   * `sigma`: any schedule; `timestep`: the schedule is always the list of DDIM's timesteps, and the
   * original program starts and ends in the variance-preserving convention.
   */
  readonly space: 'sigma' | 'timestep';
  /** What `noise.next` must answer: nothing is used, independent draws, or a Brownian tree. */
  readonly noise: 'none' | 'independent' | 'brownian';
  /** Two evaluations a step, except a last one to 0. */
  readonly secondOrder?: boolean;
  /** The schedule is built one longer and its last but one sigma left out. */
  readonly dropsPenultimate?: boolean;
  /** Eta when none is asked for; absent: the sampler has no eta. */
  readonly eta?: number;
  /** AUTOMATIC1111's "eta noise seed delta" applies. */
  readonly usesSeedDelta?: boolean;
  /** Runs over the levels of a consistency model, and its denoiser has that boundary. */
  readonly consistency?: boolean;
  /** Needs the unconditional prediction at every step. */
  readonly needsUnconditional?: boolean;
  /** What the CFG scale is multiplied with (1). */
  readonly guidanceFactor?: number;
  /** Only the ends of the schedule and the number of its steps matter. */
  readonly betweenEnds?: boolean;
  /** Levels of its own in place of DDIM's, as AUTOMATIC1111 runs it. */
  readonly ownLevels?: (asked: UniPcLevels) => Levels;
  /** Evaluations over at least two sigmas where they are not one or two a step; undefined: not known. */
  readonly evaluations?: (sigmas: readonly number[]) => number | undefined;
}

/** Those of AUTOMATIC1111 in its order, then those that only other programs have. */
export const samplers: readonly SamplerEntry[] = [
  ...webuiSamplers,
  ...comfySamplers,
  ...schedulerSamplers,
];

const byName = new Map(
  samplers.flatMap((entry) =>
    [entry.name, ...entry.aliases].map((name) => [plainName(name), entry] as const),
  ),
);

export interface FoundSampler {
  readonly entry: SamplerEntry;
  /** The schedule that the name carried ("DPM++ 2M Karras"). */
  readonly schedule?: ScheduleEntry;
}

/**
 * The sampler of a name in any of its spellings; "DPM++ 2M Karras" is split. Throws E_SAMPLER_UNKNOWN
 * with the nearest names.
 */
export function findSampler(name: string): FoundSampler {
  const exact = byName.get(plainName(name));
  if (exact) return { entry: exact };
  const words = name.trim().split(/[\s_]+/);
  for (let count = 1; count < words.length; count++) {
    const entry = byName.get(plainName(words.slice(0, -count).join(' ')));
    const schedule = findScheduleExactly(words.slice(-count).join(' '));
    if (entry && schedule) return { entry, schedule };
  }
  const near = nearestNames(
    name,
    samplers.map((entry) => entry.name),
  );
  const ask = near.length > 0 ? ` Nearest: ${near.slice(0, 3).join(', ')}.` : '';
  throw new PentimentoError(
    'E_SAMPLER_UNKNOWN',
    `"${name.slice(0, 60)}" is not one of them.${ask}`,
  );
}
