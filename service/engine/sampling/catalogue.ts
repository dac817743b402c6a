/** What can be chosen, with what there is to know before choosing. Pure. */
import type { SamplerInfo, SamplingCatalogue, ScheduleInfo } from '../../../shared/api.ts';
import { samplers, type SamplerEntry } from './samplers/registry.ts';
import { samplerSentences, scheduleSentences } from './sentences.ts';
import { scheduleById, schedules, type ScheduleEntry } from './sigmas/registry.ts';

/** Every registered sampler and schedule; the suggested ones first, in the order of the sentences. */
export function samplingCatalogue(): SamplingCatalogue {
  return {
    samplers: inOrder(samplers.map(samplerInfo), Object.keys(samplerSentences), (s) => s.name),
    schedules: inOrder(schedules.map(scheduleInfo), Object.keys(scheduleSentences), (s) => s.id),
  };
}

function samplerInfo(entry: SamplerEntry): SamplerInfo {
  const sentence = samplerSentences[entry.name];
  return {
    name: entry.name,
    aliases: [...entry.aliases],
    about: sentence?.about ?? '',
    isSuggested: sentence?.isSuggested === true,
    group: sentence?.group ?? 'classic',
    automatic: scheduleById(entry.schedule).label,
    ...(entry.space === 'timestep'
      ? { ownSchedule: `${entry.name} works on the model’s own timesteps; no other schedule fits.` }
      : {}),
    options: {
      ...(entry.eta === undefined ? {} : { eta: entry.eta }),
      hasChurn: churned.has(entry.name),
      hasNoise: churned.has(entry.name) || (entry.noise !== 'none' && !unscaled.has(entry.name)),
      hasSeedDelta: entry.usesSeedDelta === true,
    },
  };
}

/** Samplers that put noise back before a step (samplers/churn.ts). */
const churned: ReadonlySet<string> = new Set(['Euler', 'Heun', 'HeunPP2', 'DPM2']);
/** Samplers whose noise is always as strong as the level asks. */
const unscaled: ReadonlySet<string> = new Set(['LCM']);

function scheduleInfo(entry: ScheduleEntry): ScheduleInfo {
  const { about, isSuggested } = scheduleSentences[entry.id];
  return {
    id: entry.id,
    label: entry.label,
    aliases: [...entry.aliases],
    about,
    isSuggested: isSuggested === true,
  };
}

function inOrder<T>(items: readonly T[], names: readonly string[], nameOf: (item: T) => string) {
  const place = (item: T) => (names.indexOf(nameOf(item)) + names.length + 1) % (names.length + 1);
  return [...items].sort((a, b) => place(a) - place(b));
}
