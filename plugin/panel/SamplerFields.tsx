import type { SamplerGroup, SamplerInfo } from '../../shared/api.ts';
import { activeSampler } from '../session/select.ts';
import type { SessionState } from '../session/state.ts';
import type { Option, OptionGroup } from './controls/options.ts';
import { OptionPicker } from './controls/OptionPicker.tsx';
import { useSession } from './useSession.ts';

const groupNames: Readonly<Record<SamplerGroup, string>> = {
  steady: 'Steady: settle on one picture',
  lively: 'Lively: fresh noise at every step',
  thorough: 'Thorough: two looks at every step',
  'few-steps': 'For models made for few steps',
  classic: 'Classic: for older recipes',
};
const notKnown = 'The list comes from the service, which does not answer yet.';

/** Sampler and schedule, each with a sentence; the service knows them. */
export function SamplerFields() {
  const [state, { change }] = useSession();
  const { catalogue, settings } = state;
  const sampler = activeSampler(state);
  const samplers = catalogue?.samplers ?? [];
  return (
    <>
      <OptionPicker
        label="Sampler"
        shown={sampler?.name ?? settings.sampler}
        about={aboutSampler(state, sampler)}
        value={sampler?.name ?? settings.sampler}
        suggested={samplers.filter((s) => s.isSuggested).map(samplerOption)}
        more={samplerGroups(samplers)}
        isDisabled={catalogue === undefined}
        onChange={(name) => change({ sampler: name })}
      />
      <ScheduleField sampler={sampler} />
    </>
  );
}

function aboutSampler({ catalogue, settings }: SessionState, sampler: SamplerInfo | undefined) {
  if (!catalogue) return notKnown;
  return sampler?.about ?? `The service does not know “${settings.sampler}”: choose another one.`;
}

function samplerOption({ name, about, aliases }: SamplerInfo): Option {
  return { value: name, label: name, about, aliases };
}

function samplerGroups(samplers: readonly SamplerInfo[]): OptionGroup[] {
  const others = samplers.filter((s) => !s.isSuggested);
  return Object.entries(groupNames)
    .map(([group, label]) => ({
      label,
      options: others.filter((s) => s.group === group).map(samplerOption),
    }))
    .filter(({ options }) => options.length > 0);
}

function ScheduleField({ sampler }: { readonly sampler: SamplerInfo | undefined }) {
  const [{ catalogue, settings }, { change }] = useSession();
  const schedules = catalogue?.schedules ?? [];
  const automatic = automaticOption(sampler, settings.dialect === 'diffusers');
  const options = schedules.map(({ id, label, about, aliases, isSuggested }) => ({
    option: { value: id, label, about, aliases },
    isSuggested,
  }));
  const all = [automatic, ...options.map(({ option }) => option)];
  const name = settings.schedule.toLowerCase();
  const chosen = all.find((o) =>
    [o.value, o.label, ...o.aliases].some((known) => known.toLowerCase() === name),
  );
  const own = sampler?.ownSchedule;
  return (
    <OptionPicker
      label="Schedule"
      shown={own === undefined ? (chosen?.label ?? settings.schedule) : 'Its own'}
      about={own ?? chosen?.about}
      value={chosen?.value ?? settings.schedule}
      suggested={[automatic, ...options.flatMap((o) => (o.isSuggested ? [o.option] : []))]}
      more={[
        { label: 'Others', options: options.flatMap((o) => (o.isSuggested ? [] : [o.option])) },
      ]}
      isDisabled={own !== undefined || catalogue === undefined}
      onChange={(schedule) => change({ schedule })}
    />
  );
}

function automaticOption(sampler: SamplerInfo | undefined, isSchedulers: boolean): Option {
  const base = { value: 'automatic', aliases: [] };
  if (isSchedulers) {
    return {
      ...base,
      label: 'Automatic',
      about: 'The spacing that diffusers gives this sampler by itself.',
    };
  }
  return {
    ...base,
    label: sampler ? `Automatic (${sampler.automatic})` : 'Automatic',
    about: 'What this sampler is usually run with.',
  };
}
