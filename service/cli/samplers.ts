/** samplers: the names that --sampler and --schedule take, and what each is good for. */
import type { SamplerInfo, SamplingCatalogue, ScheduleInfo } from '../../shared/api.ts';
import type { ServiceClient } from './client.ts';
import type { Terminal } from './terminal.ts';

const nameWidth = 20;
const settingNames = {
  eta: '--eta',
  hasChurn: '--s-churn --s-tmin --s-tmax',
  hasNoise: '--s-noise',
  hasSeedDelta: '--seed-delta',
} as const;

export async function listSamplers(client: ServiceClient, terminal: Terminal): Promise<void> {
  const catalogue = await client.samplers();
  terminal.json(catalogue);
  for (const line of catalogueLines(catalogue)) terminal.line(line);
}

/** The suggested ones are marked and come first. */
export function catalogueLines({ samplers, schedules }: SamplingCatalogue): string[] {
  return [
    'samplers (* good ones to begin with):',
    ...samplers.flatMap(samplerLines),
    '',
    'schedules (automatic: the one in brackets above):',
    ...schedules.map(scheduleLine),
  ];
}

function samplerLines(sampler: SamplerInfo): string[] {
  const { name, about, isSuggested, automatic, ownSchedule, options } = sampler;
  const { eta, ...abilities } = options;
  const settings = [
    ...(eta === undefined ? [] : [settingNames.eta]),
    ...(Object.keys(abilities) as (keyof typeof abilities)[]).flatMap((ability) =>
      abilities[ability] ? [settingNames[ability]] : [],
    ),
  ];
  const schedule = ownSchedule === undefined ? automatic : 'its own';
  const takes = settings.length === 0 ? '' : ` ${settings.join(' ')}`;
  return [row(name, isSuggested, about), `${' '.repeat(nameWidth + 4)}(${schedule})${takes}`];
}

function scheduleLine({ id, about, isSuggested }: ScheduleInfo): string {
  return row(id, isSuggested, about);
}

function row(name: string, isSuggested: boolean, about: string): string {
  return `${isSuggested ? ' * ' : '   '}${name.padEnd(nameWidth)} ${about}`;
}
