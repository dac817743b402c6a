/** Pictures of Fooocus in its own form: JSON in `parameters` or the EXIF comment. */
import {
  fileStem,
  parseJsonRecord,
  plainValue,
  shownValue,
  type FoundRecipe,
} from './foundRecipe.ts';

const names: Readonly<Record<string, string>> = {
  steps: 'Steps',
  sampler: 'Sampler',
  scheduler: 'Schedule type',
  guidance_scale: 'CFG scale',
  seed: 'Seed',
  clip_skip: 'Clip skip',
  base_model_hash: 'Model hash',
};
const handled = ['prompt', 'negative_prompt', 'resolution', 'base_model', 'vae', 'version'];

/** Undefined when the text is no JSON object or not Fooocus' one. */
export function fooocusRecipe(text: string): FoundRecipe | undefined {
  const json = parseJsonRecord(text);
  if (!json || !('base_model' in json || 'performance' in json)) return undefined;
  const fields = new Map<string, string>();
  for (const [key, value] of Object.entries(json)) {
    const plain = plainValue(value);
    if (key in names && plain !== undefined) fields.set(names[key], plain);
  }
  const size = /\(?(\d{1,5})\s*[,x*]\s*(\d{1,5})\)?/.exec(plainValue(json['resolution']) ?? '');
  if (size) {
    fields.set('Size-1', size[1]);
    fields.set('Size-2', size[2]);
  }
  const model = plainValue(json['base_model']);
  if (model !== undefined) fields.set('Model', fileStem(model));
  const vae = plainValue(json['vae']);
  if (vae !== undefined && vae !== 'Default (model)') fields.set('VAE', fileStem(vae));
  const prompt = plainValue(json['prompt']) ?? '';
  return {
    source: 'fooocus',
    program: plainValue(json['version']) ?? 'Fooocus',
    prompt: [prompt, ...loraTags(json)].filter(Boolean).join(' '),
    negativePrompt: plainValue(json['negative_prompt']) ?? '',
    fields,
    extra: Object.entries(json)
      .filter(
        ([key]) => !(key in names) && !handled.includes(key) && !key.startsWith('lora_combined_'),
      )
      .map(([name, value]) => ({ name, value: shownValue(value) })),
    remarks: [],
  };
}

/** "lora_combined_1": "file.safetensors : 0.5". */
function loraTags(json: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(json).flatMap(([key, value]) => {
    const parts =
      key.startsWith('lora_combined_') && /^(.+) : (-?[\d.]+)$/.exec(plainValue(value) ?? '');
    return parts ? [`<lora:${fileStem(parts[1])}:${parts[2]}>`] : [];
  });
}
