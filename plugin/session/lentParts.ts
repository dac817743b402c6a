/** Whose text encoder and VAE go with a model that is a UNet alone. */
import type { ModelInfo } from '../../shared/api.ts';
import { activeModel, usableCheckpoints } from './select.ts';
import type { SessionState } from './state.ts';

/** Full models of the active model's family; none where it has its own parts. */
export function lenderChoices(state: SessionState): readonly ModelInfo[] {
  const model = activeModel(state);
  if (model?.partsFrom === undefined) return [];
  return usableCheckpoints(state).filter(
    ({ family, partsFrom }) => family === model.family && partsFrom === undefined,
  );
}

/** The one that is set, where the active model can have it; undefined: the one that lends by itself. */
export function chosenLender(state: SessionState): ModelInfo | undefined {
  return lenderChoices(state).find(({ id }) => id === state.settings.partsFrom);
}

/** As a request has it; nothing where none is set. */
export function partsFromOf(state: SessionState): { partsFrom?: string } {
  const lender = chosenLender(state);
  return lender ? { partsFrom: lender.id } : {};
}
