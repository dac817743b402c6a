/** Which of diffusers' schedules a sampler and a schedule of our names stand for. */
import type { SamplerEntry } from '../samplers/registry.ts';
import type { DiffusersSchedule } from './diffusersLevels.ts';
import type { ScheduleId } from './registry.ts';

/** A scheduler's configuration, but for what the sampler and the schedule decide. */
export type DiffusersSpacing = Omit<DiffusersSchedule, 'kind' | 'sigmas'>;

/** Those that work on variance-preserving latents; all others go by sigmas, as Euler does. */
const kinds: Readonly<Record<string, DiffusersSchedule['kind']>> = {
  DDIM: 'ddim',
  'DPM++ 2M': 'multistep',
  'DPM++ 2M SDE': 'multistep',
  'DPM++ 2M SDE Heun': 'multistep',
  'DPM++ 3M SDE': 'multistep',
};

const choices: Partial<Record<ScheduleId, Partial<DiffusersSchedule>>> = {
  karras: { sigmas: 'karras' },
  exponential: { sigmas: 'exponential' },
  beta: { sigmas: 'beta' },
  sgm_uniform: { spacing: 'trailing' },
  simple: { spacing: 'trailing' },
  uniform: { spacing: 'linspace' },
  normal: { spacing: 'linspace' },
  ddim: { spacing: 'leading' },
};

/**
 * The schedule of diffusers' scheduler for this sampler; `asked` undefined: the configured spacing
 * itself. DDIM has only timesteps, so sigmas are not spread for it. Undefined where diffusers has no
 * such schedule (names as in its table of AUTOMATIC1111's: docs, api/schedulers/overview).
 */
export function diffusersChoice(
  sampler: Pick<SamplerEntry, 'name'>,
  asked: ScheduleId | undefined,
  spacing: DiffusersSpacing,
): DiffusersSchedule | undefined {
  const kind = kinds[sampler.name] ?? 'euler';
  if (asked === undefined || kind === 'ddim') return { ...spacing, kind };
  const choice = choices[asked];
  return choice && { ...spacing, ...choice, kind };
}
