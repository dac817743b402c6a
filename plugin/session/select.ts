/** Facts derived from the state; nothing here is stored. */
import { expandHint, expandObstacle, expandsByPatches } from './expansion.ts';
import type { ModelInfo, SamplerInfo } from '../../shared/api.ts';
import { maxPromptCharacters } from '../../shared/limits.ts';
import { isEmptyRect } from '../../shared/geometry.ts';
import type { Recipe } from '../../shared/recipe.ts';
import { controlsObstacle, type ControlScene } from './controls.ts';
import { scheduleWords } from './settingWords.ts';
import type { Run, SessionState, Situation } from './state.ts';

export function usableCheckpoints(state: SessionState): readonly ModelInfo[] {
  return state.models.filter((model) => model.kind === 'checkpoint' && model.usable);
}

/** The model that will run: the chosen one, else the first; undefined without any. */
export function activeModel(state: SessionState): ModelInfo | undefined {
  const models = usableCheckpoints(state);
  return models.find((model) => model.id === state.settings.model) ?? models[0];
}

/** What the service tells of the sampler that is set, by any of its names. */
export function activeSampler({ catalogue, settings }: SessionState): SamplerInfo | undefined {
  const name = settings.sampler.toLowerCase();
  return catalogue?.samplers.find((sampler) =>
    [sampler.name, ...sampler.aliases].some((known) => known.toLowerCase() === name),
  );
}

/** Seed of the newest picture, to use it again; undefined before the first. */
export function lastSeed(state: SessionState): number | undefined {
  return runsWithResults(state)[0]?.results.at(-1)?.info.recipe.seed;
}

export function hasSelection(state: SessionState): boolean {
  const { selectionBounds } = state.host;
  return selectionBounds !== undefined && !isEmptyRect(selectionBounds);
}

function hasLayerContent(state: SessionState): boolean {
  const { layerBounds } = state.host;
  return layerBounds !== undefined && !isEmptyRect(layerBounds);
}

/** What the button does now. Without any model only Remove is left. */
export function situationOf(state: SessionState): Situation {
  const { mode, strength } = state.settings;
  if (mode === 'remove' || mode === 'expand') return mode;
  if (hasSelection(state)) {
    if (!activeModel(state)) return 'remove';
    if (mode === 'restyle') return 'restyle';
    return mode === 'refine' ? 'refine' : 'fill';
  }
  if (!hasLayerContent(state) || strength >= 1) return 'generate';
  return mode === 'restyle' ? 'restyle' : 'refine';
}

export interface MainButton {
  readonly label: string;
  readonly isEnabled: boolean;
  /** Why it cannot be pressed, or what to know before. */
  readonly hint: string | undefined;
}

const verbs: Readonly<Record<Situation, string>> = {
  generate: 'Generate',
  refine: 'Refine',
  restyle: 'Restyle',
  fill: 'Fill',
  remove: 'Remove',
  expand: 'Expand',
};

const wholeLabels: Partial<Record<Situation, string>> = {
  remove: 'Remove selection',
  expand: 'Expand picture',
};

/** The one button: its label says what will happen. */
export function mainButton(state: SessionState): MainButton {
  const situation = situationOf(state);
  const what = hasSelection(state) ? ' selection' : situation === 'generate' ? '' : ' layer';
  const label = wholeLabels[situation] ?? verbs[situation] + what;
  const hint = obstacle(state, situation);
  if (hint !== undefined) return { label, isEnabled: false, hint };
  if (situation === 'expand')
    return { label, isEnabled: true, hint: expandHint(state.settings, activeModel(state)) };
  const isFallback = situation === 'remove' && state.settings.mode !== 'remove';
  return {
    label,
    isEnabled: true,
    hint: isFallback
      ? 'No model has been found, so the selection is filled from its surroundings.'
      : undefined,
  };
}

function obstacle(state: SessionState, situation: Situation): string | undefined {
  const { prompt, negativePrompt } = state.settings;
  const isTooLong = Math.max(prompt.length, negativePrompt.length) > maxPromptCharacters;
  if (isTooLong && situation !== 'remove' && !expandsByPatches(state.settings, activeModel(state)))
    return 'The prompt is too long.';
  if (state.service.phase !== 'ready') return 'Waiting for the service.';
  if (!state.host.document) return 'Open a picture first.';
  if (situation === 'expand') return expandObstacle(state);
  if (situation === 'remove') {
    return hasSelection(state) ? undefined : 'Select what should go.';
  }
  if (activeModel(state)) {
    return controlsObstacle(state.settings.controls, controlScene(state, situation));
  }
  return 'No model has been found yet. Select something to remove it without a model.';
}

function controlScene(state: SessionState, situation: Situation): ControlScene {
  const isSelected = hasSelection(state);
  return {
    hasPicture: situation !== 'generate' || isSelected,
    hasSelection: isSelected,
    documentId: state.host.document?.id,
    models: state.models,
    family: activeModel(state)?.family,
    hasFile: (id) => state.previews.controls[id]?.picture !== undefined,
  };
}

/** The words under the strength slider, with the strength from which each holds. */
export function strengthWord(strength: number): string {
  if (strength >= 0.8) return 'replace';
  if (strength >= 0.55) return 'restyle';
  return strength >= 0.3 ? 'rework' : 'touch up';
}

/** The run that is working, and those that wait behind it (oldest first). */
export function activeRuns(state: SessionState): readonly Run[] {
  return state.runs.filter((run) => isActive(run)).reverse();
}

export function isActive(run: Run): boolean {
  const { state } = run.phase;
  return state === 'sending' || state === 'queued' || state === 'running';
}

/** Runs that have something to show, newest first. */
export function runsWithResults(state: SessionState): readonly Run[] {
  return state.runs.filter((run) => run.results.length > 0);
}

/** Runs that ended badly and were not put away, newest first. */
export function failedRuns(state: SessionState): readonly Run[] {
  return state.runs.filter((run) => run.phase.state === 'failed');
}

/** Seconds until the run ends, from the steps seen so far; undefined before two steps. */
export function secondsLeft(run: Run): number | undefined {
  if (run.phase.state !== 'running') return undefined;
  const { firstStep, lastAtMs, index, count, step, steps } = run.phase.progress;
  if (!firstStep || steps === 0) return undefined;
  const done = index * steps + step;
  const since = done - firstStep.done;
  if (since < 1) return undefined;
  return (((lastAtMs - firstStep.atMs) / since) * (count * steps - done)) / 1000;
}

/** Share of the whole run that is done, 0..1; undefined while it is being prepared. */
export function shareDone(run: Run): number | undefined {
  if (run.phase.state !== 'running') return undefined;
  const { index, count, step, steps } = run.phase.progress;
  return steps === 0 ? undefined : Math.min(1, (index * steps + step) / (count * steps));
}

/** A recipe in one line, as the panel shows and copies it. */
export function recipeLine(recipe: Recipe): string {
  const { request } = recipe;
  if (request.kind === 'remove') {
    return `Remove without a model · feather ${request.featherPx} · seed ${recipe.seed}`;
  }
  if (request.kind === 'expand-patches') {
    return `Expanded without a model · overlap ${request.overlapPx} · seed ${recipe.seed}`;
  }
  if (request.kind === 'upscale') return `Enlarged by ${recipe.upscalers?.[0] ?? request.upscaler}`;
  const model = recipe.model
    ? `${recipe.model.name}${recipe.model.hash ? ` [${recipe.model.hash}]` : ''} · `
    : '';
  const strength = request.kind === 'text' ? '' : ` · strength ${request.strength}`;
  const feather = request.kind === 'inpaint' ? ` · feather ${request.featherPx}` : '';
  const schedule = request.schedule === 'automatic' ? '' : ` ${scheduleWords(request.schedule)}`;
  return (
    `${model}${request.sampler}${schedule} · ${request.steps} steps · ` +
    `CFG ${request.cfgScale}${strength}${feather} · seed ${recipe.seed}`
  );
}
