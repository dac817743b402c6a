import { PentimentoError } from '../../../shared/errors.ts';
import type { Component, Detection, Family, OtherKind } from './detection.ts';
import { builtFamily } from './families.ts';

const familyNames: Readonly<Partial<Record<Family, string>>> = {
  sd1: 'a Stable Diffusion 1 model',
  sd2: 'a Stable Diffusion 2 model',
  sdxl: 'an SDXL model',
  'sdxl-refiner': 'an SDXL refiner',
  'playground-v2.5': 'a Playground 2.5 model',
  sd3: 'a Stable Diffusion 3 model',
  flux: 'a Flux model',
  flux2: 'a Flux 2 model',
  chroma: 'a Chroma model',
  'qwen-image': 'a Qwen-Image model',
  wan: 'a Wan video model',
  'hunyuan-dit': 'a Hunyuan-DiT model',
  'hunyuan-video': 'a HunyuanVideo model',
  auraflow: 'an AuraFlow model',
  pixart: 'a PixArt model',
  lumina: 'a Lumina or Z-Image model',
  hidream: 'a HiDream model',
  cascade: 'a Stable Cascade model',
  cosmos: 'a Cosmos model',
  mochi: 'a Mochi video model',
  'ltx-video': 'an LTX-Video model',
};

const componentNames: Readonly<Record<Component, string>> = {
  checkpoint: 'a full model',
  unet: 'a UNet alone',
  vae: 'a VAE',
  text_encoder: 'a text encoder alone',
  taesd: 'a TAESD preview decoder',
  controlnet: 'a ControlNet',
  lora: 'a LoRA',
  embedding: 'an embedding (textual inversion)',
  upscaler: 'an upscaler',
  'control-lora': 'a Control-LoRA',
  't2i-adapter': 'a T2I-Adapter',
  'ip-adapter': 'an IP-Adapter',
  hypernetwork: 'a hypernetwork',
  unknown: 'none of the kinds of model known here',
};

const otherKinds: Readonly<Record<OtherKind, string>> = {
  'motion-module': 'a motion module (AnimateDiff)',
  'vision-encoder': 'an image encoder (CLIP vision)',
  'language-model': 'a text encoder of later families (T5 or a language model)',
  segmenter: 'a segmentation model',
  'other-upscaler':
    'an upscaler of a kind that is not built: only ESRGAN and Real-ESRGAN’s compact networks are',
  'face-restorer': 'a face restorer',
};

/** Models of a family, for a sentence: "an SDXL model". */
function familyName(family: string): string {
  const names: Readonly<Record<string, string | undefined>> = familyNames;
  return names[family] ?? 'a model of an unknown family';
}

/** E_MODEL_FAMILY: what it is for, and what the model is. */
export function controlOfOtherFamily(name: string, made: string, model: string): PentimentoError {
  const what = `The ControlNet "${name}" is for ${familyName(made)}`;
  return new PentimentoError('E_MODEL_FAMILY', `${what}; this model is ${familyName(model)}.`);
}

/** E_MODEL_FAMILY: whose parts were to go with the UNet, and what it is. */
export function partsOfOtherFamily(name: string, lent: string, unet: string): PentimentoError {
  const what = `"${name}" is ${familyName(lent)}, the UNet is of ${familyName(unet)}`;
  return new PentimentoError('E_MODEL_FAMILY', `${what}: their text encoders differ.`);
}

/** Families whose latents are the same, so that one model can go on with what another began. */
const sameLatents: ReadonlyArray<readonly string[]> = [['sd1'], ['sd2'], ['sdxl', 'sdxl-refiner']];

/** E_MODEL_FAMILY where a refiner's latents are not the model's; undefined where they are. */
export function refuseRefiner(
  { name, family: made }: { readonly name: string; readonly family: string },
  model: string,
): PentimentoError | undefined {
  if (sameLatents.some((group) => group.includes(made) && group.includes(model))) return undefined;
  const what = `The refiner "${name}" is ${familyName(made)}`;
  return new PentimentoError('E_MODEL_FAMILY', `${what}; this model is ${familyName(model)}.`);
}

/** E_MODEL_FAMILY: what the LoRA was made for, and what the model is. */
export function loraOfOtherFamily(name: string, made: string, model: string): PentimentoError {
  const what = `The LoRA "${name}" was made for ${familyName(made)}`;
  return new PentimentoError('E_MODEL_FAMILY', `${what}; this model is ${familyName(model)}.`);
}

/** What the file is, for a sentence: "a LoRA for an SDXL model", "an SDXL model". */
export function describeModel({
  component,
  family,
  resembles,
}: Pick<Detection, 'component' | 'family' | 'resembles'>): string {
  if (component === 'checkpoint') return familyName(family);
  if (resembles) return otherKinds[resembles];
  const isFor = withFamily.has(component) && family in familyNames;
  return `${componentNames[component]}${isFor ? ` for ${familyName(family)}` : ''}`;
}

/** Components whose family is part of what they are. */
const withFamily: ReadonlySet<Component> = new Set(['lora', 'controlnet', 'embedding', 'unet']);

/**
 * Why the file cannot be opened as a checkpoint, from its detection alone; undefined when it may be.
 * E_MODEL_KIND for what is not a checkpoint, E_MODEL_FAMILY for families not built yet.
 */
export function refuseModel(found: Detection): PentimentoError | undefined {
  if (found.component !== 'checkpoint' && found.component !== 'unet') {
    return new PentimentoError('E_MODEL_KIND', `This is ${describeModel(found)}.`);
  }
  const name = familyName(found.family);
  if (!builtFamily(found.family)) {
    return new PentimentoError('E_MODEL_FAMILY', `This is ${name}.`);
  }
  if (!found.recognized) {
    const what =
      found.variant === 'depth' || found.variant === 'other'
        ? `with ${found.channels} input channels`
        : 'with an input for the guidance scale (LCM)';
    return new PentimentoError('E_MODEL_FAMILY', `This is ${name} ${what}.`);
  }
  return undefined;
}
