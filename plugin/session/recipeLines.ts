/** A change of settings, readable: one line per fact. Pure. */
import type { ModelInfo } from '../../shared/api.ts';
import type { AdvancedSettings } from '../../shared/advanced.ts';
import {
  areaWords,
  dialectWords,
  emphasisWords,
  scheduleWords,
  startWords,
} from './settingWords.ts';
import { controlsLine } from './controls.ts';
import { hiresWords } from './hires.ts';
import { defaultSettings, type Settings } from './settings.ts';

export interface RecipeLine {
  readonly name: string;
  readonly value: string;
}

type Print = (settings: Partial<Settings>, models: readonly ModelInfo[]) => string | undefined;

/** In the order of the panel; what says nothing beyond its default is left out. */
const lines: ReadonlyArray<readonly [name: string, print: Print]> = [
  ['Model', ({ model }, models) => models.find((m) => m.id === model)?.name],
  ['Parts of', ({ partsFrom }, models) => models.find((m) => m.id === partsFrom)?.name],
  ['VAE', ({ vae }, models) => models.find((m) => m.id === vae)?.name],
  ['Sampler', ({ sampler }) => sampler],
  ['Schedule', ({ schedule }) => schedule && scheduleWords(schedule)],
  ['Steps', ({ steps }) => text(steps)],
  ['CFG', ({ cfgScale }) => text(cfgScale)],
  ['Seed', ({ seed, isSeedFixed }) => (isSeedFixed === false ? 'random' : text(seed))],
  ['Variation', variationWords],
  ['Noise', ({ noiseSource }) => (noiseSource === 'nv' ? 'as on NVIDIA cards' : undefined)],
  ['Strength', ({ strength }) => text(strength)],
  ['Second pass', ({ hires }) => hires && hiresWords(hires)],
  ['Clip skip', unlessDefault('clipSkip')],
  ['CFG rescale', unlessDefault('guidanceRescale')],
  ['Emphasis', ({ emphasis }) => unlessUsual(emphasis, 'emphasis', emphasisWords)],
  ['Eta', ({ eta }) => text(eta)],
  ['Churn', unlessDefault('sChurn')],
  ['Step noise', unlessDefault('sNoise')],
  ['Seed delta', unlessDefault('etaNoiseSeedDelta')],
  ['Feather', ({ featherPx }) => pixels(featherPx)],
  ['Grow', ({ growPx }) => (growPx === 0 ? undefined : pixels(growPx))],
  ['Start from', ({ maskedContent: m }) => unlessUsual(m, 'maskedContent', startWords)],
  ['Sees', ({ area }) => unlessUsual(area, 'area', areaWords)],
  [
    'ControlNet',
    ({ controls = [] }, models) =>
      controls.length === 0 ? undefined : controlsLine(controls, models),
  ],
  ['Rules', ({ dialect }) => unlessUsual(dialect, 'dialect', dialectWords)],
];

/** What the change sets, prompts left out. */
export function recipeLines(
  change: Partial<Settings>,
  models: readonly ModelInfo[],
): readonly RecipeLine[] {
  const own = lines.flatMap(([name, print]) => {
    const value = print(change, models);
    return value === undefined ? [] : [{ name, value }];
  });
  return [...own, ...advancedSettingsLines(change.advanced ?? {})];
}

/** Settings without a field of their own: their names, apart at the capitals, are their words. */
export function advancedSettingsLines(advanced: AdvancedSettings): readonly RecipeLine[] {
  return Object.entries(advanced).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    const words = wordsOf(name);
    const shown = words.charAt(0).toUpperCase() + words.slice(1);
    return [{ name: shown, value: plainValue(value) }];
  });
}

function plainValue(value: string | number | boolean | object): string {
  if (value === true) return 'yes';
  if (typeof value !== 'object') return String(value);
  if ('width' in value) return Object.values(value).join(' × ');
  const parts = Object.entries(value).map(([name, part]) => `${wordsOf(name)} ${part}`);
  return parts.join(', ');
}

/** 'scheduleBias' as 'schedule bias'. */
function wordsOf(name: string): string {
  return name.replace(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`);
}

/** The word for a value that is not the default. */
function unlessUsual<T extends string>(
  value: T | undefined,
  name: keyof Settings,
  words: Readonly<Record<T, string>>,
): string | undefined {
  return value === undefined || value === defaultSettings[name] ? undefined : words[value];
}

function text(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

function pixels(value: number | undefined): string | undefined {
  return value === undefined ? undefined : `${value} px`;
}

type NumberSetting = 'clipSkip' | 'guidanceRescale' | 'sChurn' | 'sNoise' | 'etaNoiseSeedDelta';

function unlessDefault(name: NumberSetting): Print {
  return ({ [name]: value }) => (value === defaultSettings[name] ? undefined : text(value));
}

function variationWords({ variationSeed, variationStrength = 0 }: Partial<Settings>) {
  if (variationStrength === 0) return undefined;
  return `${variationStrength} towards seed ${variationSeed ?? -1}`;
}
