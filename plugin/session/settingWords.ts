/** The words for settings that are one of a few. */
import type { Area, Dialect, Emphasis, MaskedContent } from '../../shared/request.ts';

export const startWords: Readonly<Record<MaskedContent, string>> = {
  original: 'the picture',
  fill: 'its surroundings',
  'latent-noise': 'noise',
  'latent-nothing': 'nothing',
};

export const areaWords: Readonly<Record<Area, string>> = {
  context: 'what it needs',
  masked: 'selection + padding',
  whole: 'the whole picture',
};

export const emphasisWords: Readonly<Record<Emphasis, string>> = {
  original: 'balanced',
  'no-norm': 'full',
  ignore: 'ignored',
  none: 'plain text',
};

export const dialectWords: Readonly<Record<Dialect, string>> = {
  pentimento: 'Pentimento',
  a1111: 'AUTOMATIC1111',
  diffusers: 'diffusers',
};

const abbreviations = new Set(['sgm', 'kl', 'ddim']);

/** 'sgm_uniform' as 'SGM Uniform'; a name that people know stays as it is. */
export function scheduleWords(schedule: string): string {
  const words = schedule.split('_').map((word) => {
    const isShort = abbreviations.has(word);
    return isShort ? word.toUpperCase() : word.charAt(0).toUpperCase() + word.slice(1);
  });
  return words.join(' ');
}

const families: Readonly<Record<string, string>> = { sd1: 'SD 1.5', sd2: 'SD 2.1', sdxl: 'SDXL' };

export function familyName(family: string): string {
  return families[family] ?? family;
}

const devices: Readonly<Record<string, string>> = {
  cpu: 'CPU',
  webgpu: 'WebGPU',
  cuda: 'CUDA',
  dml: 'DirectML',
  coreml: 'CoreML',
};

/** What the service runs on; undefined until its engine has told. */
export function deviceWords(device: string): string | undefined {
  return device === 'auto' ? undefined : (devices[device] ?? device);
}
