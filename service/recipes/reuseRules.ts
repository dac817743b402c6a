/** Recipe fields, by AUTOMATIC1111's names, that become settings of a request. Pure. */
import { PentimentoError } from '../../shared/errors.ts';
import { limits, type Range } from '../../shared/limits.ts';
import { Emphasis, MaskedContent } from '../../shared/request.ts';
import { chooseSampling } from '../engine/sampling/chooseSampling.ts';
import { pythonFloat } from '../engine/prompt/unicodeText.ts';
import type { FoundRecipe } from './foundRecipe.ts';

export const unknownReason = 'There is no such setting here.';

export type Values = Record<string, unknown>;

/** A field that becomes a setting; what it answers is checked against the request's own ranges. */
export type Rule = (value: string, read: Reader) => Values | string;

export interface Reader {
  readonly recipe: FoundRecipe;
  readonly get: (name: string) => string | undefined;
}

/** A number in a range. */
export const ranged =
  (setting: string, range: Range): Rule =>
  (text) => {
    const value = pythonFloat(text);
    if (value === undefined) return 'It is no number.';
    if (value < range.min || value > range.max) {
      return `It is outside the range from ${range.min} to ${range.max}.`;
    }
    return { [setting]: value };
  };
/** The setting inside a group of them. */
export const inside =
  (group: 'samplerOptions' | 'advanced', rule: Rule): Rule =>
  (text, read) => {
    const values = rule(text, read);
    return typeof values === 'string' ? values : { [group]: values };
  };
const samplerOption = (setting: string, range: Range): Rule =>
  inside('samplerOptions', ranged(setting, range));

const emphases = new Map(Emphasis.options.map((name) => [name.replace('-', ' '), name]));

/** Those that advancedRules.ts does not hold. */
export const reuseRules: Readonly<Record<string, Rule>> = {
  Steps: ranged('steps', limits.steps),
  'CFG scale': ranged('cfgScale', limits.cfgScale),
  Seed: (text) => (/^\d+$/.test(text) ? { seed: Number(text) } : 'It is no seed.'),
  'Clip skip': ranged('clipSkip', limits.clipSkip),
  Sampler: (text, { get }) => samplingNames(text, get('Schedule type')),
  'Schedule type': (text, { get }) => (get('Sampler') === undefined ? samplingNames('', text) : {}),
  'Size-1': (text, { get }) => workingSize(text, get('Size-2')),
  'Size-2': (_, { get }) => (get('Size-1') === undefined ? 'Its width is missing.' : {}),
  'Denoising strength': (text, read) =>
    read.get('Hires upscale') === undefined && read.get('Hires resize-1') === undefined
      ? ranged('strength', limits.strength)(text, read)
      : // It is the second pass's.
        {},
  'Mask blur': ranged('featherPx', limits.featherPx),
  'Masked content': (text) => {
    const content = text.replace(' ', '-');
    return MaskedContent.safeParse(content).success ? { maskedContent: content } : unknownReason;
  },
  'Masked area padding': ranged('paddingPx', limits.paddingPx),
  RNG: (text) => {
    if (text === 'CPU') return { noiseSource: 'cpu' };
    return text === 'GPU' || text === 'NV' ? { noiseSource: 'nv' } : unknownReason;
  },
  Emphasis: (text) => {
    const emphasis = emphases.get(text.toLowerCase());
    return emphasis === undefined ? unknownReason : { emphasis };
  },
  ENSD: (text) => (/^-?\d+$/.test(text) ? { etaNoiseSeedDelta: Number(text) } : 'It is no number.'),
  Eta: samplerOption('eta', limits.eta),
  'Eta DDIM': samplerOption('eta', limits.eta),
  'Sigma churn': samplerOption('sChurn', limits.sChurn),
  'Sigma tmin': samplerOption('sTmin', limits.sTmin),
  'Sigma tmax': samplerOption('sTmax', limits.sTmax),
  'Sigma noise': samplerOption('sNoise', limits.sNoise),
  'Variation seed': (text, { get }) => variation(text, get('Variation seed strength')),
  'Variation seed strength': (_, { get }) =>
    get('Variation seed') === undefined ? 'Its seed is missing.' : {},
  'Inpaint area': (text, { recipe, get }) => {
    if (text !== 'Only masked') return { area: 'whole' };
    // Our own text names no padding where the area was chosen for the selection.
    const isOurs = recipe.source === 'pentimento' && get('Masked area padding') === undefined;
    return { area: isOurs ? 'context' : 'masked' };
  },
};

/** The names as our lists have them; "DPM++ 2M Karras" is split. */
function samplingNames(sampler: string, schedule: string | undefined): Values | string {
  const asked = { sampler: sampler || 'Euler', schedule: schedule ?? 'automatic' };
  try {
    const chosen = chooseSampling(asked);
    const names = { schedule: chosen.named?.label ?? 'automatic' };
    return sampler === '' ? names : { sampler: chosen.sampler.name, ...names };
  } catch (error) {
    if (!(error instanceof PentimentoError)) throw error;
    return error.detail ?? error.message;
  }
}

/** The networks work in multiples of 8: AUTOMATIC1111 drops the rest as well. */
function workingSize(width: string, height: string | undefined): Values | string {
  const sides = [width, height ?? ''].map((text) => Math.floor(Number(text) / 8) * 8);
  const { min, max } = limits.side;
  if (sides.some((side) => !(side >= min && side <= max))) {
    return `Sides go from ${min} to ${max}.`;
  }
  return { workingSize: { width: sides[0], height: sides[1] } };
}

function variation(seed: string, strength: string | undefined): Values | string {
  const share = pythonFloat(strength ?? '');
  if (!/^\d+$/.test(seed) || share === undefined) return 'Seed or strength is no number.';
  return { variation: { seed: Number(seed), strength: share } };
}
