/**
 * Where programs differ, as explicit options. A dialect is a preset of them, looked up once; below
 * the plan nobody knows a dialect's name. Sources: stable-diffusion-webui 1.10.1 and diffusers 0.42
 * as measured by the reference cases.
 */
import type { Dialect } from '../../../shared/request.ts';
import type { DiffusersSpacing } from '../sampling/sigmas/diffusersChoice.ts';
import type { StepRule } from '../sampling/steps.ts';

export interface PipelineOptions {
  /** How a strength becomes steps (sampling/steps.ts). */
  readonly stepRule: StepRule;
  /** Where steps lie: AUTOMATIC1111's lists of sigmas, or timesteps spaced as diffusers' schedulers do. */
  readonly spacing: 'webui' | DiffusersSpacing;
  /** The training schedule's products of 1 - beta: in double, or from float32 betas (1e-6 away). */
  readonly alphas: 'double' | 'single';
  /**
   * Strength 1 starts from `noise` alone (unless masked content is to shine through), from the picture
   * `noised` to the first sigma, or from noise alone only where a mask is (`noise-when-masked`).
   */
  readonly fullStrengthStart: 'noise' | 'noised' | 'noise-when-masked';
  /** A CFG scale below 1 is `applied` as any other (away from the prompt), or guidance is `off`. */
  readonly weakGuidance: 'applied' | 'off';
  /** One generator an image (batch equals single), or one for the whole batch. */
  readonly generators: 'per-image' | 'shared';
  /** Strength 0 answers the picture itself, without running the VAE. */
  readonly zeroStrength: 'same-picture' | 'run';
  /**
   * How known latents are kept: `differential` (soft mask against the share of timesteps left),
   * `denoised` (binary, after each prediction), `renoised` (binary, after each step with the start
   * noise; inpainting models, which are shown the picture, are left to themselves).
   */
  readonly maskBlend: 'differential' | 'denoised' | 'renoised';
  /** Pixels around the networks: ours in float at the document's depth, or the WebUI's 8-bit way. */
  readonly imaging: 'float' | 'webui';
  /**
   * Latent masks keep their grey levels, are 1 where any pixel of the cell is selected (`binary`), or
   * where its first pixel is (`nearest`).
   */
  readonly latentMask: 'soft' | 'binary' | 'nearest';
  /** VAE posterior: its mean, or a sample drawn from the run's generator. */
  readonly posterior: 'mean' | 'sample';
  readonly oddSizes: 'webui' | 'diffusers';
  /** Clip skip is of the prompt and of what to avoid, or of the prompt alone. */
  readonly clipSkip: 'both' | 'prompt';
  /** Text cleaning of the tokenizer. */
  readonly tokenizer: 'webui' | 'diffusers';
  /** (x:1.2) and chunks of 75, or the text as it is, cut at 75 tokens. */
  readonly promptLanguage: 'webui' | 'plain';
}

const presets: Readonly<Record<Dialect, PipelineOptions>> = {
  pentimento: {
    stepRule: 'scaled',
    spacing: 'webui',
    alphas: 'double',
    fullStrengthStart: 'noise',
    weakGuidance: 'applied',
    generators: 'per-image',
    zeroStrength: 'same-picture',
    maskBlend: 'differential',
    imaging: 'float',
    latentMask: 'soft',
    posterior: 'mean',
    oddSizes: 'webui',
    clipSkip: 'both',
    tokenizer: 'webui',
    promptLanguage: 'webui',
  },
  a1111: {
    stepRule: 'webui',
    spacing: 'webui',
    alphas: 'double',
    fullStrengthStart: 'noised',
    weakGuidance: 'applied',
    generators: 'per-image',
    zeroStrength: 'run',
    maskBlend: 'denoised',
    imaging: 'webui',
    latentMask: 'binary',
    posterior: 'mean',
    oddSizes: 'webui',
    clipSkip: 'both',
    tokenizer: 'webui',
    promptLanguage: 'webui',
  },
  diffusers: {
    stepRule: 'diffusers',
    // The scheduler configuration that Stable Diffusion 1.x is published with.
    spacing: { spacing: 'leading', stepsOffset: 1, setAlphaToOne: false },
    alphas: 'single',
    fullStrengthStart: 'noise-when-masked',
    weakGuidance: 'off',
    generators: 'shared',
    zeroStrength: 'run',
    maskBlend: 'renoised',
    imaging: 'float',
    latentMask: 'nearest',
    posterior: 'sample',
    oddSizes: 'diffusers',
    clipSkip: 'prompt',
    tokenizer: 'diffusers',
    promptLanguage: 'plain',
  },
};

export function pipelineOptions(dialect: Dialect): PipelineOptions {
  return presets[dialect];
}

/** Whether a run starts from noise alone, without the picture. */
export function startsFromNoise(
  rule: PipelineOptions['fullStrengthStart'],
  run: {
    /** 0..1; absent: text to image. */
    readonly strength: number | undefined;
    readonly masked: boolean;
    /** What the hole starts from. */
    readonly content: 'picture' | 'noise' | 'nothing';
  },
): boolean {
  if (run.strength === undefined) return true;
  const asked = rule === 'noise' || (rule === 'noise-when-masked' && run.masked);
  return asked && run.strength >= 1 && run.content === 'picture';
}
