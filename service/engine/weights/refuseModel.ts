import { PentimentoError } from '../../../shared/errors.ts';
import type { Component, Detection, Family } from './detection.ts';
import { builtFamily } from './families.ts';

const familyNames: Readonly<Partial<Record<Family, string>>> = {
  sd1: 'a Stable Diffusion 1 model',
  sd2: 'a Stable Diffusion 2 model',
  sdxl: 'an SDXL model',
  'sdxl-refiner': 'an SDXL refiner',
  'playground-v2.5': 'a Playground 2.5 model',
  sd3: 'a Stable Diffusion 3 model',
  flux: 'a Flux model',
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

/** What the file is, for a sentence: "a LoRA", "an SDXL model". */
export function describeModel({
  component,
  family,
}: Pick<Detection, 'component' | 'family'>): string {
  return component === 'checkpoint' ? familyName(family) : componentNames[component];
}

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
