/** Names and ids of models, from where they lie. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { ModelInfo } from '../../shared/api.ts';
import type { FoundModel } from './scanFolder.ts';

/** File names that say nothing: the folder's name is used in their place. */
const plainStems =
  /^(?:diffusion_pytorch_model|pytorch_model|model|pytorch_lora_weights|adapter_model|learned_embeds|lora)(?:\.fp16)?$/;
const longestId = 120;

/** What people call it: file name without ending, or the folder's; in a hub snapshot the repository's for both. */
export function modelName({ path, layout, relativePath }: FoundModel): string {
  const stem = layout === 'single' ? basename(path).replace(/\.[^.]+$/, '') : basename(path);
  const parents = relativePath.split('/').slice(0, -1);
  const hub = parents.findLast((part) => part.startsWith('models--'));
  const saysNothing = layout !== 'single' || plainStems.test(stem);
  if (hub !== undefined && saysNothing) return hub.split('--').at(-1) ?? stem;
  return plainStems.test(stem) ? (parents.at(-1) ?? stem) : stem;
}

/** The word by which prompts call a LoRA or an embedding: its file name, where that says anything. */
export function callName(found: FoundModel): string {
  const stem = basename(found.relativePath).replace(/\.[^.]+$/, '');
  return plainStems.test(stem) ? modelName(found) : stem;
}

/** Letters and digits of any script, lower case, joined by hyphens. */
function slug(text: string): string {
  const joined = text
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-|-$/g, '');
  return joined.slice(0, longestId) || 'model';
}

/**
 * A stable id for each model, in order: the path below its folder without ending. One that is taken
 * already gets a few digits that depend on its place alone.
 */
export function modelIds(found: readonly FoundModel[]): string[] {
  const taken = new Set<string>();
  return found.map((model) => {
    const own =
      model.layout === 'single' ? model.relativePath.replace(/\.[^./]+$/, '') : model.relativePath;
    let id = slug(own);
    const mark = createHash('sha256').update(model.realPath).digest('hex');
    for (let digits = 4; taken.has(id); digits++) id = `${slug(own)}-${mark.slice(0, digits)}`;
    taken.add(id);
    return id;
  });
}

const folderKinds: ReadonlyArray<readonly [name: RegExp, kind: ModelInfo['kind']]> = [
  [/^(?:stable-diffusion|checkpoints|unet|diffusion_models|main)$/, 'checkpoint'],
  [/^vae$/, 'vae'],
  [/^vae[-_]approx$/, 'taesd'],
  [/^(?:loras?|lycoris)$/, 'lora'],
  [/^embeddings?$/, 'embedding'],
  [/^controlnet$/, 'controlnet'],
  [/^(?:esrgan|realesrgan|upscale_models)$/, 'upscaler'],
];

/** What the folder's name promises, for files whose header cannot be read. */
export function kindOfFolder({ relativePath, path, folderKind }: FoundModel): ModelInfo['kind'] {
  if (folderKind !== undefined) return folderKind;
  const parents = relativePath.toLowerCase().split('/').slice(0, -1);
  for (const parent of parents.toReversed()) {
    const kind = folderKinds.find(([name]) => name.test(parent))?.[1];
    if (kind !== undefined) return kind;
  }
  return path.toLowerCase().endsWith('.ckpt') ? 'checkpoint' : 'unknown';
}
