/** What a new request can take over from a recipe, and why the rest is left out. Pure. */
import { z } from 'zod';
import { ReusableSettings, type RecipeRemark } from '../../shared/readRecipe.ts';
import { advancedRules } from './advancedRules.ts';
import type { FoundRecipe } from './foundRecipe.ts';
import { reuseRules, unknownReason, type Reader, type Values } from './reuseRules.ts';
import { stageRules } from './stageRules.ts';
import { oldHabits } from './webuiFields.ts';

export interface Reuse {
  readonly settings: ReusableSettings;
  readonly notUsed: RecipeRemark[];
}

/** Told by other means, or of no consequence for a new picture. */
const informative = [
  'Model',
  'Model hash',
  'VAE',
  'VAE hash',
  'Version',
  'User',
  'Lora hashes',
  'TI hashes',
  'Hashes',
  'Init image hash',
];

export const controlReason = 'ControlNet needs the picture that guided it.';

/** Why a field is left out, by how its name begins. */
const reasons: ReadonlyArray<readonly [prefix: string, why: string]> = [
  ['Mask mode', 'Invert the selection in the editor.'],
  ['Hires', 'The second pass has no such setting here.'],
  ['First pass size', 'Old texts do not say how the picture was enlarged.'],
  ['ControlNet', controlReason],
  ['ADetailer', 'Select the face or hand and fill it.'],
  ['Script', 'Scripts are commands of their own ("pentimento variants").'],
  ['Face restoration', 'Faces are not repaired afterwards.'],
  ['Hypernet', 'Hypernetworks are not supported.'],
];
const mostRemarks = 200;

const rules = { ...reuseRules, ...advancedRules, ...stageRules };

/** Never throws; every setting it answers is in range. */
export function reusableSettings(recipe: FoundRecipe): Reuse {
  const notUsed: RecipeRemark[] = [...recipe.remarks];
  const fields = withImplied(recipe);
  const read: Reader = { recipe, get: (name) => fields.get(name) };
  let settings: ReusableSettings = {};
  const take = (name: string, value: string, values: Values): void => {
    const merged = { ...settings, ...values };
    for (const group of ['samplerOptions', 'advanced'] as const) {
      if (group in values) merged[group] = Object.assign({}, settings[group], values[group]);
    }
    const checked = ReusableSettings.safeParse(merged);
    if (checked.success) settings = checked.data;
    else notUsed.push({ name, value: shorten(value), why: issueText(checked.error) });
  };
  if (recipe.source === 'a1111' && recipe.fields.has('Sampler')) {
    take('Version', recipe.program, { dialect: 'a1111' });
  }
  take('Prompt', recipe.prompt, { prompt: recipe.prompt });
  take('Negative prompt', recipe.negativePrompt, { negativePrompt: recipe.negativePrompt });
  for (const [name, value] of fields) {
    if (informative.includes(name)) continue;
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    const values = rule ? rule(value, read) : reasonOf(name);
    if (typeof values === 'string') notUsed.push({ name, value: shorten(value), why: values });
    else take(name, value, values);
  }
  for (const { name, value } of recipe.extra) notUsed.push({ name, value, why: unknownReason });
  return { settings, notUsed: notUsed.slice(0, mostRemarks) };
}

const maskFields = ['Mask blur', 'Masked content', 'Masked area padding', 'Mask mode'];

/** What AUTOMATIC1111 means by leaving a field out, where that decides the picture. */
function withImplied(recipe: FoundRecipe): ReadonlyMap<string, string> {
  const { fields } = recipe;
  if (recipe.source !== 'a1111' || !fields.has('Sampler')) return fields;
  const all = new Map(fields);
  if (!all.has('RNG')) all.set('RNG', 'GPU');
  const habits = oldHabits({
    version: fields.get('Version') ?? '',
    sampler: fields.get('Sampler') ?? '',
    prompt: recipe.prompt,
    hasRefiner: fields.has('Refiner'),
  });
  for (const name of habits) if (!all.has(name)) all.set(name, 'True');
  if (!all.has('Inpaint area') && maskFields.some((name) => all.has(name))) {
    all.set('Inpaint area', 'Whole picture');
  }
  return all;
}

function reasonOf(name: string): string {
  return reasons.find(([prefix]) => name.startsWith(prefix))?.[1] ?? unknownReason;
}

function shorten(value: string): string {
  return value.length > 200 ? `${value.slice(0, 200)} ...` : value;
}

function issueText(error: z.ZodError): string {
  return `${error.issues[0]?.message ?? 'It is not as expected'}.`;
}
