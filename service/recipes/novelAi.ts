/** Pictures of NovelAI: the prompt in `Description`, everything else as JSON in `Comment`. */
import type { Size } from '../../shared/geometry.ts';
import { parseJsonRecord, plainValue, shownValue, type FoundRecipe } from './foundRecipe.ts';
import { pythonNumber } from './pythonNumber.ts';
import { webuiSamplerName } from './webuiSamplers.ts';

export interface NovelAiTexts {
  readonly description: string;
  readonly comment: string;
}

const used = ['prompt', 'uc', 'steps', 'sampler', 'scale', 'seed', 'strength', 'width', 'height'];

/**
 * The text that AUTOMATIC1111 makes of it (modules/images.py read_info_from_image); undefined when
 * something it needs is missing.
 */
export function novelAiInfotext(
  { description, comment }: NovelAiTexts,
  size: Size | undefined,
): string | undefined {
  const json = parseJsonRecord(comment);
  const sampler = json && plainValue(json['sampler']);
  const negativePrompt = json && plainValue(json['uc']);
  const numbers = ['steps', 'scale', 'seed'].map((name) => pythonNumber(comment, name));
  if (sampler === undefined || negativePrompt === undefined || size === undefined) return undefined;
  const [steps, scale, seed] = numbers;
  if (steps === undefined || scale === undefined || seed === undefined) return undefined;
  const line = [
    `Steps: ${steps}`,
    `Sampler: ${webuiSamplerName(sampler) ?? 'Euler a'}`,
    `CFG scale: ${scale}`,
    `Seed: ${seed}`,
    `Size: ${size.width}x${size.height}`,
    'Clip skip: 2',
    'ENSD: 31337',
  ].join(', ');
  return `${description}\nNegative prompt: ${negativePrompt}\n${line}`;
}

/** Undefined when `Comment` is no JSON object. */
export function novelAiRecipe({ description, comment }: NovelAiTexts): FoundRecipe | undefined {
  const json = parseJsonRecord(comment);
  if (!json) return undefined;
  const fields = new Map<string, string>();
  const take = (name: string, key: string) => {
    const value = plainValue(json[key]);
    if (value !== undefined) fields.set(name, value);
  };
  take('Steps', 'steps');
  const sampler = plainValue(json['sampler']);
  if (sampler !== undefined) fields.set('Sampler', webuiSamplerName(sampler) ?? sampler);
  take('Schedule type', 'noise_schedule');
  take('CFG scale', 'scale');
  take('Seed', 'seed');
  take('Size-1', 'width');
  take('Size-2', 'height');
  take('Denoising strength', 'strength');
  // The original program skips CLIP's last layer and adds this to the seed of its steps' noise.
  fields.set('Clip skip', '2');
  fields.set('ENSD', '31337');
  const prompt = plainValue(json['prompt']) ?? description;
  const remarks = /[{}]/.test(prompt)
    ? [
        {
          name: 'Prompt',
          value: '{ }',
          why: 'Curly brackets strengthen words in NovelAI only; write (word:1.05) for them.',
        },
      ]
    : [];
  return {
    source: 'novelai',
    program: 'NovelAI',
    prompt,
    negativePrompt: plainValue(json['uc']) ?? '',
    fields,
    extra: Object.entries(json)
      .filter(([key]) => !used.includes(key) && key !== 'noise_schedule')
      .map(([name, value]) => ({ name, value: shownValue(value) })),
    remarks,
  };
}
