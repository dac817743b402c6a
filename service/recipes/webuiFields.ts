/**
 * A `parameters` text as AUTOMATIC1111 itself takes it over: names with values, what is missing filled with
 * what its absence means, older versions' habits made explicit (infotext_utils.py, infotext_versions.py). Pure.
 */
import { parseAttention } from '../engine/prompt/attention.ts';
import { parseInfotext } from './infotext.ts';
import { takeStyles, type Style } from '../../shared/styles.ts';
import { isOlderVersion } from './webuiVersion.ts';

export type WebuiValue = string | number | boolean | readonly string[];
export type WebuiFields = Record<string, WebuiValue>;

/** What a field's absence stands for. */
const absent: Readonly<WebuiFields> = {
  'Clip skip': '1',
  'Hires sampler': 'Use same sampler',
  'Hires schedule type': 'Use same scheduler',
  'Hires checkpoint': 'Use same checkpoint',
  'Hires prompt': '',
  'Hires negative prompt': '',
  'Mask mode': 'Inpaint masked',
  'Masked content': 'original',
  'Inpaint area': 'Whole picture',
  'Masked area padding': 32,
  RNG: 'GPU',
  'Schedule type': 'Automatic',
  'Schedule max sigma': 0,
  'Schedule min sigma': 0,
  'Schedule rho': 0,
  'VAE Encoder': 'Full',
  'VAE Decoder': 'Full',
  'FP8 weight': 'Disable',
  'Refiner switch by sampling steps': false,
};

/** Styles that are found whole in the prompts are taken out and named in "Styles array". Never throws. */
export function webuiFields(text: string, styles: readonly Style[]): WebuiFields {
  const parsed = parseInfotext(text);
  const taken = takeStyles(styles, parsed);
  const fields: WebuiFields = Object.assign(
    Object.create(null) as WebuiFields,
    Object.fromEntries(parsed.fields),
  );
  if (taken.names.length > 0) fields['Styles array'] = taken.names;
  fields['Prompt'] = taken.prompt;
  fields['Negative prompt'] = taken.negativePrompt;
  const hypernetwork = fields['Hypernet'];
  if (hypernetwork !== undefined) {
    const strength = String(fields['Hypernet strength'] ?? '1.0');
    fields['Prompt'] += `<hypernet:${String(hypernetwork)}:${strength}>`;
  }
  if (!('Hires resize-1' in fields)) {
    fields['Hires resize-1'] = 0;
    fields['Hires resize-2'] = 0;
  }
  for (const [name, value] of Object.entries(absent)) if (!(name in fields)) fields[name] = value;
  restoreFirstPass(fields);
  if (!('Cache FP16 weight for LoRA' in fields) && fields['FP8 weight'] !== 'Disable') {
    fields['Cache FP16 weight for LoRA'] = false;
  }
  const isWeighted = usesWeights(taken.prompt) || usesWeights(taken.negativePrompt);
  if (!('Emphasis' in fields) && isWeighted) fields['Emphasis'] = 'Original';
  const habits = oldHabits({
    version: parsed.fields.get('Version') ?? '',
    sampler: parsed.fields.get('Sampler') ?? '',
    prompt: String(fields['Prompt']),
    hasRefiner: Boolean(parsed.fields.get('Refiner')),
  });
  for (const name of habits) fields[name] = true;
  return fields;
}

function usesWeights(prompt: string): boolean {
  return parseAttention(prompt).parts.some((p) => p.weight !== 1 && p.text !== 'BREAK');
}

const firstPassPixels = 512 * 512;

/** Before 1.0 "Size" was the enlarged picture's and the first pass stood beside it. */
function restoreFirstPass(fields: WebuiFields): void {
  if (!('First pass size-1' in fields) || !('First pass size-2' in fields)) return;
  const width = Number(fields['Size-1'] ?? 512);
  const height = Number(fields['Size-2'] ?? 512);
  let first = [Number(fields['First pass size-1']), Number(fields['First pass size-2'])];
  if (first.includes(0)) {
    const scale = Math.sqrt(firstPassPixels / (width * height));
    first = [width, height].map((side) => Math.ceil((scale * side) / 64) * 64);
  }
  [fields['Size-1'], fields['Size-2']] = [first[0] ?? 0, first[1] ?? 0];
  [fields['Hires resize-1'], fields['Hires resize-2']] = [width, height];
}

/** Names of the switches that bring back what the version that made a picture did. */
export function oldHabits(made: {
  readonly version: string;
  readonly sampler: string;
  readonly prompt: string;
  readonly hasRefiner: boolean;
}): string[] {
  const before = (other: string) => isOlderVersion(made.version, other);
  const habits: string[] = [];
  if (before('1.6.0') && made.prompt.includes('[')) habits.push('Old prompt editing timelines');
  if (before('1.6.0') && ['DDIM', 'PLMS'].includes(made.sampler)) habits.push('Pad conds v0');
  if (before('1.7.0-225')) habits.push('Downcast alphas_cumprod');
  if (before('1.8.0') && made.hasRefiner) habits.push('Refiner switch by sampling steps');
  return habits;
}
