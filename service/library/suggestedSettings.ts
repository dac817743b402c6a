/**
 * Models made to need few steps look like any other model: only their names tell, and what their
 * authors say they were made for.
 */
import type { SuggestedSettings } from '../../shared/api.ts';

interface Kind extends SuggestedSettings {
  readonly name: RegExp;
  /** A step count in the name is the one it was made for: 'sdxl_lightning_4step'. */
  readonly namesSteps: boolean;
}

const even = 'SGM Uniform';

const kinds: readonly Kind[] = [
  {
    name: /(?:^|[^a-z])(?:lcm|dmd2?)(?:[^a-z]|$)/i,
    namesSteps: true,
    sampler: 'LCM',
    schedule: even,
    steps: 6,
    cfgScale: 1.5,
  },
  { name: /lightning/i, namesSteps: true, sampler: 'Euler', schedule: even, steps: 6, cfgScale: 1 },
  {
    name: /hyper[-_ ]?(?:sd|\d+[-_ ]?steps?)|(?:^|[^a-z])hyper(?:[^a-z]|$)/i,
    namesSteps: true,
    sampler: 'Euler',
    schedule: even,
    steps: 8,
    cfgScale: 1,
  },
  { name: /turbo/i, namesSteps: false, sampler: 'Euler a', schedule: even, steps: 4, cfgScale: 1 },
];

/** Settings to offer for a checkpoint of that name; undefined for ordinary models. */
export function suggestedSettings(modelName: string): SuggestedSettings | undefined {
  const kind = kinds.find(({ name }) => name.test(modelName));
  if (!kind) return undefined;
  const { sampler, schedule, steps, cfgScale, namesSteps } = kind;
  const told = Number(/(\d{1,2})[-_ ]?steps?(?![a-z])/i.exec(modelName)?.[1]);
  const named = namesSteps && told >= 1 ? told : steps;
  return { sampler, schedule, steps: named, cfgScale };
}
