/** Settings that suit the model that will run, when others are set. Pure. */
import type { SuggestedSettings } from '../../shared/api.ts';
import { activeModel, activeSampler, usableCheckpoints } from './select.ts';
import { defaultSettings, type Settings } from './settings.ts';
import type { SessionState } from './state.ts';

type Change = Pick<Settings, 'sampler' | 'schedule' | 'steps' | 'cfgScale'>;

export interface SettingsOffer {
  /** The model was made for few steps; or it was not, and such settings were left from another one. */
  readonly kind: 'few-steps' | 'usual';
  readonly modelId: string;
  readonly change: Change;
}

/** Undefined when nothing is to be offered. */
export function settingsOffer(state: SessionState): SettingsOffer | undefined {
  const model = activeModel(state);
  if (!model || state.settings.mode === 'remove') return undefined;
  const offer = (kind: SettingsOffer['kind'], change: Change) =>
    isSet(state, change) ? undefined : { kind, modelId: model.id, change };
  if (model.suggested) return offer('few-steps', changeOf(state, model.suggested));
  // LCM and Lightning come as LoRAs as well: then few steps are meant.
  if (/<(?:lora|lyco):/i.test(state.settings.prompt)) return undefined;
  const isLeft = usableCheckpoints(state).some(
    ({ suggested }) => suggested && isSet(state, changeOf(state, suggested)),
  );
  const { sampler, schedule, steps, cfgScale } = defaultSettings;
  return isLeft ? offer('usual', { sampler, schedule, steps, cfgScale }) : undefined;
}

/** With the schedule as requests hold it. */
function changeOf({ catalogue }: SessionState, suggested: SuggestedSettings): Change {
  const { sampler, schedule, steps, cfgScale } = suggested;
  const known = catalogue?.schedules.find((s) => s.label === schedule);
  return { sampler, schedule: known?.id ?? schedule, steps, cfgScale };
}

function isSet(state: SessionState, change: Change): boolean {
  const { settings } = state;
  const sampler = activeSampler(state)?.name ?? settings.sampler;
  return (
    sampler === change.sampler &&
    settings.schedule === change.schedule &&
    settings.steps === change.steps &&
    settings.cfgScale === change.cfgScale
  );
}
