/** The second model for the last steps. */
import type { ModelInfo } from '../../shared/api.ts';
import type { Refiner } from '../../shared/stages.ts';
import { activeModel, usableCheckpoints } from './select.ts';
import type { Settings } from './settings.ts';
import type { SessionState } from './state.ts';

const families = ['sdxl', 'sdxl-refiner'];

/** SDXL was published with one: models that could go on with what the active one begins, and the one that is set. */
export function refinerChoices(state: SessionState): readonly ModelInfo[] {
  const model = activeModel(state);
  const { refinerModel } = state.settings;
  const isFitting = ({ id, family, variant }: ModelInfo) =>
    families.includes(family) && variant === 'base' && id !== model?.id;
  return usableCheckpoints(state).filter((other) =>
    families.includes(model?.family ?? '') ? isFitting(other) : other.id === refinerModel,
  );
}

/** As a request has it; nothing where none is set. */
export function refinerOf({
  refinerModel,
  refinerSwitch,
}: Pick<Settings, 'refinerModel' | 'refinerSwitch'>): { refiner?: Refiner } {
  if (refinerModel === '') return {};
  return { refiner: { model: refinerModel, switchAt: refinerSwitch } };
}
