/** The samplers there are, by the names people know. */
import { PentimentoError } from '../../../../shared/errors.ts';
import { nearestNames } from '../../../../shared/nearest.ts';
import { findScheduleExactly, type ScheduleEntry, type ScheduleId } from '../sigmas/registry.ts';
import { plainName } from '../sigmas/plainName.ts';
import type { Sampler } from '../types.ts';
import { ddim } from './ddim.ts';
import { dpm2, dpm2Ancestral } from './dpm2.ts';
import { dpmpp2m } from './dpmpp2m.ts';
import { dpmpp2mSde, dpmpp2mSdeHeun } from './dpmpp2mSde.ts';
import { dpmpp2sAncestral } from './dpmpp2sAncestral.ts';
import { dpmpp3mSde } from './dpmpp3mSde.ts';
import { dpmppSde } from './dpmppSde.ts';
import { euler } from './euler.ts';
import { eulerAncestral } from './eulerAncestral.ts';
import { heun } from './heun.ts';
import { lms } from './lms.ts';

export interface SamplerEntry {
  /** As AUTOMATIC1111 lists it; what recipes hold. */
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
}

const sigmaSampler = { space: 'sigma', noise: 'none', schedule: 'uniform' } as const;

export const samplers: readonly SamplerEntry[] = [
  {
    ...sigmaSampler,
    name: 'DPM++ 2M',
    aliases: ['k_dpmpp_2m', 'dpmpp_2m', 'DPMSolverMultistepScheduler'],
    sample: dpmpp2m,
    schedule: 'karras',
  },
  {
    ...sigmaSampler,
    name: 'DPM++ SDE',
    aliases: ['k_dpmpp_sde', 'dpmpp_sde', 'dpmpp_sde_gpu'],
    sample: dpmppSde,
    schedule: 'karras',
    noise: 'brownian',
    secondOrder: true,
    eta: 1,
  },
  {
    ...sigmaSampler,
    name: 'DPM++ 2M SDE',
    aliases: ['k_dpmpp_2m_sde', 'dpmpp_2m_sde', 'dpmpp_2m_sde_gpu'],
    sample: dpmpp2mSde,
    schedule: 'exponential',
    noise: 'brownian',
    eta: 1,
  },
  {
    ...sigmaSampler,
    name: 'DPM++ 2M SDE Heun',
    aliases: ['k_dpmpp_2m_sde_heun', 'dpmpp_2m_sde_heun'],
    sample: dpmpp2mSdeHeun,
    schedule: 'exponential',
    noise: 'brownian',
    eta: 1,
  },
  {
    ...sigmaSampler,
    name: 'DPM++ 2S a',
    aliases: ['k_dpmpp_2s_a', 'dpmpp_2s_ancestral', 'DPM++ 2S ancestral'],
    sample: dpmpp2sAncestral,
    schedule: 'karras',
    noise: 'independent',
    secondOrder: true,
    usesSeedDelta: true,
    eta: 1,
  },
  {
    ...sigmaSampler,
    name: 'DPM++ 3M SDE',
    aliases: ['k_dpmpp_3m_sde', 'dpmpp_3m_sde', 'dpmpp_3m_sde_gpu'],
    sample: dpmpp3mSde,
    schedule: 'exponential',
    noise: 'brownian',
    dropsPenultimate: true,
    eta: 1,
  },
  {
    ...sigmaSampler,
    name: 'Euler a',
    aliases: [
      'k_euler_a',
      'k_euler_ancestral',
      'euler_ancestral',
      'Euler ancestral',
      'EulerAncestralDiscreteScheduler',
    ],
    sample: eulerAncestral,
    noise: 'independent',
    usesSeedDelta: true,
    eta: 1,
  },
  {
    ...sigmaSampler,
    name: 'Euler',
    aliases: ['k_euler', 'EulerDiscreteScheduler'],
    sample: euler,
  },
  {
    ...sigmaSampler,
    name: 'LMS',
    aliases: ['k_lms', 'LMSDiscreteScheduler'],
    sample: lms,
  },
  {
    ...sigmaSampler,
    name: 'Heun',
    aliases: ['k_heun', 'HeunDiscreteScheduler'],
    sample: heun,
    secondOrder: true,
  },
  {
    ...sigmaSampler,
    name: 'DPM2',
    aliases: ['k_dpm_2', 'dpm_2', 'KDPM2DiscreteScheduler'],
    sample: dpm2,
    schedule: 'karras',
    secondOrder: true,
    dropsPenultimate: true,
  },
  {
    ...sigmaSampler,
    name: 'DPM2 a',
    aliases: ['k_dpm_2_a', 'dpm_2_ancestral', 'DPM2 ancestral', 'KDPM2AncestralDiscreteScheduler'],
    sample: dpm2Ancestral,
    schedule: 'karras',
    noise: 'independent',
    secondOrder: true,
    dropsPenultimate: true,
    usesSeedDelta: true,
    eta: 1,
  },
  {
    name: 'DDIM',
    aliases: ['DDIMScheduler'],
    sample: ddim,
    schedule: 'ddim',
    space: 'timestep',
    noise: 'independent',
    eta: 0,
  },
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
