/** What a model was made for, as the defaults of a run: Turbo, LCM, Lightning and Hyper need few steps. */
import type { ModelInfo } from '../../shared/api.ts';
import { limits } from '../../shared/limits.ts';
import type { Options } from './options.ts';

export interface SuitedOptions {
  readonly options: Options;
  /** What was set, in a sentence; undefined when nothing was. */
  readonly note: string | undefined;
}

/** The options with what suits the model that will run, where they are not given. */
export function withModelDefaults(options: Options, models: readonly ModelInfo[]): SuitedOptions {
  const model = namedModel(options.model ?? '', models);
  if (!model?.suggested) return { options, note: undefined };
  const { sampler, schedule, steps, cfgScale } = model.suggested;
  const defaults = {
    steps: String(steps),
    cfg: String(cfgScale),
    sampler,
    schedule,
  } satisfies Partial<Options>;
  const missing = Object.entries(defaults).filter(
    ([name]) => options[name as keyof typeof defaults] === undefined,
  );
  if (missing.length === 0) return { options, note: undefined };
  const words = missing.map(([name, value]) => `--${name} ${quoted(value)}`).join(' ');
  return {
    options: { ...options, ...Object.fromEntries(missing) },
    note: `"${model.name}" is a few-step model: ${words} unless you give others.`,
  };
}

/** Side of the pictures that the model was trained with, pixels. */
export function nativeSideOf({ model = '' }: Options, models: readonly ModelInfo[]): number {
  const found = namedModel(model, models);
  return found?.nativeSide ?? (found?.family.startsWith('sdxl') ? 1024 : limits.side.default);
}

/** As the service finds it: by id or name, with or without its file's ending; the first one for ''. */
function namedModel(wanted: string, models: readonly ModelInfo[]): ModelInfo | undefined {
  const usable = models.filter(({ kind, usable: isUsable }) => kind === 'checkpoint' && isUsable);
  if (wanted === '') return usable[0];
  const lower = wanted.toLowerCase();
  const names = [lower, lower.replace(/\.[a-z]+$/, '')];
  const isNamed = (model: ModelInfo) =>
    names.includes(model.id) || names.includes(model.name.toLowerCase());
  return usable.find(({ id, name }) => id === wanted || name === wanted) ?? usable.find(isNamed);
}

function quoted(value: string): string {
  return value.includes(' ') ? `"${value}"` : value;
}
