/** What a request's sampler and schedule names stand for. */
import { findSampler, type SamplerEntry } from './samplers/registry.ts';
import { findSchedule, scheduleById, type ScheduleEntry } from './sigmas/registry.ts';

export interface ChosenSampling {
  readonly sampler: SamplerEntry;
  readonly schedule: ScheduleEntry;
  /** The schedule that was named; undefined: the sampler's own was left to us. */
  readonly named: ScheduleEntry | undefined;
}

/**
 * The schedule asked for, else the one in the sampler's name ("DPM++ 2M Karras"), else the one the
 * sampler prefers. Samplers over timesteps always have their own. Throws E_SAMPLER_UNKNOWN,
 * E_SCHEDULE_UNKNOWN.
 */
export function chooseSampling(names: {
  readonly sampler: string;
  readonly schedule: string;
}): ChosenSampling {
  const { entry, schedule: named } = findSampler(names.sampler);
  const asked = findSchedule(names.schedule) ?? named;
  const own = scheduleById(entry.schedule);
  const schedule = entry.space === 'timestep' ? own : (asked ?? own);
  return { sampler: entry, schedule, named: asked };
}
