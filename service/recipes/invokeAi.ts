/** Pictures of InvokeAI: JSON in `invokeai_metadata` (version 3 on) or `sd-metadata` (version 2). */
import { z } from 'zod';
import {
  fileStem,
  JsonRecord,
  parseJsonRecord,
  plainValue,
  shownValue,
  type FoundRecipe,
} from './foundRecipe.ts';

/** InvokeAI's names by AUTOMATIC1111's. */
const names: Readonly<Record<string, string>> = {
  steps: 'Steps',
  scheduler: 'Sampler',
  sampler: 'Sampler',
  cfg_scale: 'CFG scale',
  seed: 'Seed',
  width: 'Size-1',
  height: 'Size-2',
  strength: 'Denoising strength',
};
const handled = [
  'app_version',
  'positive_prompt',
  'negative_prompt',
  'prompt',
  'model',
  'vae',
  'clip_skip',
];
const WeightedPrompt = z.array(z.looseObject({ prompt: z.string() }));

/** Undefined when the text is no JSON object. */
export function invokeAiRecipe(text: string): FoundRecipe | undefined {
  const json = parseJsonRecord(text);
  if (!json) return undefined;
  // Version 2 keeps the settings one level deeper.
  const image = JsonRecord.safeParse(json['image']);
  const settings = image.success ? image.data : json;
  const fields = new Map<string, string>();
  for (const [key, value] of Object.entries(settings)) {
    const plain = plainValue(value);
    if (key in names && plain !== undefined) fields.set(names[key], plain);
  }
  splitKarras(fields);
  const skipped = Number(settings['clip_skip'] ?? 0);
  // InvokeAI counts the layers left out, AUTOMATIC1111 the one that is used.
  if (skipped > 0) fields.set('Clip skip', String(skipped + 1));
  addModels(fields, json, settings);
  const isUsed = (key: string) => key in names || handled.includes(key);
  return {
    source: 'invokeai',
    program: `InvokeAI ${plainValue(json['app_version']) ?? ''}`.trim(),
    prompt: plainValue(settings['positive_prompt']) ?? promptOf(settings['prompt']),
    negativePrompt: plainValue(settings['negative_prompt']) ?? '',
    fields,
    extra: Object.entries(settings)
      .filter(([key, value]) => !isUsed(key) && value !== null)
      .map(([name, value]) => ({ name, value: shownValue(value) })),
    remarks: [],
  };
}

/** "dpmpp_2m_k" is dpmpp_2m over Karras' schedule. */
function splitKarras(fields: Map<string, string>): void {
  const sampler = fields.get('Sampler');
  if (sampler === undefined || !sampler.endsWith('_k')) return;
  fields.set('Sampler', sampler.slice(0, -2));
  fields.set('Schedule type', 'Karras');
}

function addModels(fields: Map<string, string>, json: JsonRecord, settings: JsonRecord): void {
  const model = JsonRecord.safeParse(settings['model']);
  const name = model.success
    ? (plainValue(model.data['name']) ?? plainValue(model.data['model_name']))
    : plainValue(json['model_weights']);
  if (name !== undefined) fields.set('Model', fileStem(name));
  const vae = JsonRecord.safeParse(settings['vae']);
  const vaeName =
    vae.success && (plainValue(vae.data['name']) ?? plainValue(vae.data['model_name']));
  if (vaeName) fields.set('VAE', fileStem(vaeName));
}

/** Version 2 writes a text or a list of weighted texts. */
function promptOf(prompt: unknown): string {
  const parts = WeightedPrompt.safeParse(prompt);
  return parts.success
    ? parts.data.map((part) => part.prompt).join(' ')
    : (plainValue(prompt) ?? '');
}
