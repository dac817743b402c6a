/** The schedules there are, by the names people know. */
import { PentimentoError } from '../../../../shared/errors.ts';
import { nearestNames } from '../../../../shared/nearest.ts';
import { plainName } from './plainName.ts';
import {
  alignYourSteps,
  beta,
  ddim,
  exponential,
  karras,
  klOptimal,
  normal,
  polyexponential,
  sgmUniform,
  simple,
  uniform,
  type Schedule,
} from './schedules.ts';

export type ScheduleId =
  | 'uniform'
  | 'karras'
  | 'exponential'
  | 'polyexponential'
  | 'sgm_uniform'
  | 'kl_optimal'
  | 'align_your_steps'
  | 'simple'
  | 'normal'
  | 'ddim'
  | 'beta';

export interface ScheduleEntry {
  readonly id: ScheduleId;
  /** As AUTOMATIC1111 lists it. */
  readonly label: string;
  readonly aliases: readonly string[];
  readonly sigmas: Schedule;
}

export const schedules: readonly ScheduleEntry[] = [
  { id: 'uniform', label: 'Uniform', aliases: ['default'], sigmas: uniform },
  { id: 'karras', label: 'Karras', aliases: [], sigmas: karras },
  { id: 'exponential', label: 'Exponential', aliases: [], sigmas: exponential },
  { id: 'polyexponential', label: 'Polyexponential', aliases: [], sigmas: polyexponential },
  { id: 'sgm_uniform', label: 'SGM Uniform', aliases: ['SGMUniform'], sigmas: sgmUniform },
  { id: 'kl_optimal', label: 'KL Optimal', aliases: ['KLOptimal'], sigmas: klOptimal },
  {
    id: 'align_your_steps',
    label: 'Align Your Steps',
    aliases: ['ays', 'align_your_steps_v1'],
    sigmas: alignYourSteps,
  },
  { id: 'simple', label: 'Simple', aliases: [], sigmas: simple },
  { id: 'normal', label: 'Normal', aliases: [], sigmas: normal },
  { id: 'ddim', label: 'DDIM', aliases: ['ddim_uniform'], sigmas: ddim },
  { id: 'beta', label: 'Beta', aliases: [], sigmas: beta },
];

const byName = new Map(
  schedules.flatMap((entry) =>
    [entry.id, entry.label, ...entry.aliases].map((name) => [plainName(name), entry] as const),
  ),
);

export function scheduleById(id: ScheduleId): ScheduleEntry {
  return byName.get(plainName(id))!;
}

/** The schedule of a name; undefined when there is none. */
export function findScheduleExactly(name: string): ScheduleEntry | undefined {
  return byName.get(plainName(name));
}

/**
 * The schedule of a name in any of its spellings; undefined for 'automatic' and '' (the sampler's
 * preferred one). Throws E_SCHEDULE_UNKNOWN with the nearest names.
 */
export function findSchedule(name: string): ScheduleEntry | undefined {
  if (['', 'automatic', 'auto'].includes(plainName(name))) return undefined;
  const found = byName.get(plainName(name));
  if (found) return found;
  const near = nearestNames(name, ['Automatic', ...schedules.map((entry) => entry.label)]);
  const ask = near.length > 0 ? ` Nearest: ${near.slice(0, 3).join(', ')}.` : '';
  throw new PentimentoError(
    'E_SCHEDULE_UNKNOWN',
    `"${name.slice(0, 60)}" is not one of them.${ask}`,
  );
}
