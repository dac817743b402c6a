/** What a grid's axes and a list of prompts change in a run. Pure. */
import type { AdvancedSettings } from '../../shared/advanced.ts';
import { PentimentoError } from '../../shared/errors.ts';
import { webuiSamplerName } from '../recipes/webuiSamplers.ts';
import type { Axis, AxisValue } from '../variants/axes.ts';
import type { LineOptions } from '../variants/promptLines.ts';
import type { Options } from './options.ts';
import type { UnflaggedSettings } from './recipeOptions.ts';

/** The changeable part of a run. */
export interface Varied {
  readonly options: Options;
  readonly unflagged: UnflaggedSettings;
}

type Change = (varied: Varied, value: AxisValue, all: readonly AxisValue[]) => Varied;

const flag =
  (name: keyof Options): Change =>
  ({ options, unflagged }, value) => ({
    options: { ...options, [name]: String(value) },
    unflagged,
  });
const samplerOption =
  (name: 'eta' | 'sChurn' | 'sTmin' | 'sTmax' | 'sNoise'): Change =>
  ({ options, unflagged }, value) => ({
    options,
    unflagged: {
      ...unflagged,
      samplerOptions: { ...unflagged.samplerOptions, [name]: Number(value) },
    },
  });
const advanced =
  (name: keyof AdvancedSettings): Change =>
  ({ options, unflagged }, value) => ({
    options,
    unflagged: { ...unflagged, advanced: { ...unflagged.advanced, [name]: Number(value) } },
  });
const advancedSwitch =
  (name: 'dropPenultimate' | 'sgmNoise'): Change =>
  ({ options, unflagged }, value) => ({
    options,
    unflagged: {
      ...unflagged,
      advanced: { ...unflagged.advanced, [name]: String(value).toLowerCase() === 'true' },
    },
  });
const variation =
  (name: 'seed' | 'strength'): Change =>
  ({ options, unflagged }, value) => ({
    options,
    unflagged: {
      ...unflagged,
      variation: { seed: -1, strength: 0, ...unflagged.variation, [name]: Number(value) },
    },
  });

/** By the axis' name; the other axes change what there is no setting for. */
const changes: Readonly<Record<string, Change>> = {
  Nothing: (varied) => varied,
  Seed: flag('seed'),
  'Var. seed': variation('seed'),
  'Var. strength': variation('strength'),
  Steps: flag('steps'),
  'CFG Scale': flag('cfg'),
  'Prompt S/R': ({ options, unflagged }, value, all) => {
    const replaced = (text = '') => text.replaceAll(String(all[0]), () => String(value));
    const prompts = { prompt: replaced(options.prompt), avoid: replaced(options.avoid) };
    return { options: { ...options, ...prompts }, unflagged };
  },
  'Prompt order': ({ options, unflagged }, value) => ({
    options: { ...options, prompt: reordered(options.prompt ?? '', value) },
    unflagged,
  }),
  Sampler: ({ options, unflagged }, value) => {
    const name = String(value);
    const sampler = webuiSamplerName(name.toLowerCase()) ?? name;
    return { options: { ...options, sampler }, unflagged };
  },
  'Checkpoint name': flag('model'),
  'Schedule type': flag('schedule'),
  'Sigma Churn': samplerOption('sChurn'),
  'Sigma min': samplerOption('sTmin'),
  'Sigma max': samplerOption('sTmax'),
  'Sigma noise': samplerOption('sNoise'),
  Eta: samplerOption('eta'),
  'Image CFG Scale': advanced('imageCfgScale'),
  'Negative Guidance minimum sigma': advanced('skipNegativeBelowSigma'),
  'Schedule min sigma': advanced('sigmaMin'),
  'Schedule max sigma': advanced('sigmaMax'),
  'Schedule rho': advanced('rho'),
  'Beta schedule alpha': advanced('betaAlpha'),
  'Beta schedule beta': advanced('betaBeta'),
  'Initial noise multiplier': advanced('noiseMultiplier'),
  'Extra noise': advanced('extraNoise'),
  'Cond. Image Mask Weight': advanced('maskedPictureWeight'),
  'Always discard next-to-last sigma': advancedSwitch('dropPenultimate'),
  'SGM noise multiplier': advancedSwitch('sgmNoise'),
  'Clip skip': flag('clip-skip'),
  Denoising: flag('strength'),
  VAE: flag('vae'),
  Styles: ({ options, unflagged }, value) => ({
    options: { ...options, style: [...(options.style ?? []), String(value)] },
    unflagged,
  }),
  'RNG source': ({ options, unflagged }, value) => {
    const source = String(value).toUpperCase();
    if (source !== 'CPU' && source !== 'GPU' && source !== 'NV') {
      throw new PentimentoError('E_PARAM', 'RNG source is one of CPU, GPU, NV.');
    }
    return { options, unflagged: { ...unflagged, noiseSource: source === 'CPU' ? 'cpu' : 'nv' } };
  },
  Size: ({ options, unflagged }, value) => {
    const size = /^\s*(\d+)\s*[xX*]\s*(\d+)\s*$/.exec(String(value));
    if (!size) throw new PentimentoError('E_PARAM', 'Size is written as 512x768.');
    return { options: { ...options, width: size[1], height: size[2] }, unflagged };
  },
};

/** The run with one value of an axis. Throws E_PARAM for an axis that changes nothing here. */
export function withAxisValue(
  varied: Varied,
  axis: Axis,
  value: AxisValue,
  all: readonly AxisValue[],
): Varied {
  const change = Object.hasOwn(changes, axis.name) ? changes[axis.name] : undefined;
  if (!change) {
    const known = Object.keys(changes).join(', ');
    throw new PentimentoError('E_PARAM', `"${axis.name}" cannot be varied; these can: ${known}.`);
  }
  return change(varied, value, all);
}

/** The word that is searched for must be there, as the original asks (apply_prompt). Throws E_PARAM. */
export function assertSearchable(
  axis: Axis,
  values: readonly AxisValue[],
  { prompt = '', avoid = '' }: Options,
): void {
  const wanted = String(values[0] ?? '');
  if (axis.name !== 'Prompt S/R' || prompt.includes(wanted) || avoid.includes(wanted)) return;
  throw new PentimentoError(
    'E_PARAM',
    `Prompt S/R: "${wanted.slice(0, 60)}" is not in the prompt.`,
  );
}

/** The words of the prompt at their places in another order (apply_order). */
function reordered(prompt: string, value: AxisValue): string {
  const order = Array.isArray(value) ? value.map(String) : [String(value)];
  const found = order.toSorted((a, b) => prompt.indexOf(a) - prompt.indexOf(b));
  let rest = prompt;
  let text = '';
  for (const [i, word] of found.entries()) {
    const at = rest.indexOf(word);
    if (at < 0) continue;
    text += rest.slice(0, at) + order[i];
    rest = rest.slice(at + word.length);
  }
  return text + rest;
}

const flagOfLine: Readonly<Record<string, keyof Options>> = {
  seed: 'seed',
  steps: 'steps',
  cfg_scale: 'cfg',
  sampler_name: 'sampler',
  width: 'width',
  height: 'height',
};

/** The run with a line of a prompt file; its prompt goes before the run's own, as in the original. */
export function withLine(varied: Varied, line: LineOptions): Varied {
  const { options } = varied;
  const filled: Record<string, unknown> = { ...options };
  for (const [name, value] of Object.entries(line)) {
    const known = Object.hasOwn(flagOfLine, name) ? flagOfLine[name] : undefined;
    if (known !== undefined && value !== null) filled[known] = String(value);
  }
  const count = Number(line['n_iter'] ?? 1) * Number(line['batch_size'] ?? 1);
  if (count > 1) filled['count'] = String(count);
  if (typeof line['styles'] === 'string') filled['style'] = [line['styles']];
  const joined = (own: unknown, main = '') => [own, main].filter(Boolean).join(' ');
  filled['prompt'] = joined(line['prompt'], options.prompt);
  filled['avoid'] = joined(line['negative_prompt'], options.avoid);
  const changed = { options: filled as Options, unflagged: varied.unflagged };
  if (line['subseed_strength'] === undefined) return changed;
  const seeded = variation('seed')(changed, Number(line['subseed'] ?? -1), []);
  return variation('strength')(seeded, Number(line['subseed_strength']), []);
}
