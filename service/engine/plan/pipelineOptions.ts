/**
 * Where programs differ, as explicit options. A dialect is a preset of them, looked up once; below
 * the plan nobody knows a dialect's name. Sources: stable-diffusion-webui 1.10.1 and diffusers 0.42
 * as measured by the reference cases.
 */
import type { Dialect } from '../../../shared/request.ts';
import type { StepRule } from '../sampling/steps.ts';

export interface PipelineOptions {
  /** How a strength becomes steps (sampling/steps.ts). */
  readonly stepRule: StepRule;
  /**
   * Strength 1 starts from `noise` alone (unless masked content is to shine through), or from the
   * picture `noised` to the first sigma.
   */
  readonly fullStrengthStart: 'noise' | 'noised';
  /** One generator an image (batch equals single), or one for the whole batch. */
  readonly generators: 'per-image' | 'shared';
  /** Strength 0 answers the picture itself, without running the VAE. */
  readonly zeroStrength: 'same-picture' | 'run';
  /**
   * How known latents are kept: `differential` (soft mask against the share of timesteps left),
   * `denoised` (binary, after each prediction), `renoised` (binary, after each step with the start
   * noise).
   */
  readonly maskBlend: 'differential' | 'denoised' | 'renoised';
  /** Pixels around the networks: ours in float at the document's depth, or the WebUI's 8-bit way. */
  readonly imaging: 'float' | 'webui';
  /** Latent masks are 0 or 1, or keep their grey levels. */
  readonly latentMask: 'soft' | 'binary';
  /** VAE posterior: its mean, or a sample drawn from the run's generator. */
  readonly posterior: 'mean' | 'sample';
  readonly oddSizes: 'webui' | 'diffusers';
  /** Text cleaning of the tokenizer. */
  readonly tokenizer: 'webui' | 'diffusers';
  /** (x:1.2) and chunks of 75, or the text as it is, cut at 75 tokens. */
  readonly promptLanguage: 'webui' | 'plain';
}

const presets: Readonly<Record<Dialect, PipelineOptions>> = {
  pentimento: {
    stepRule: 'scaled',
    fullStrengthStart: 'noise',
    generators: 'per-image',
    zeroStrength: 'same-picture',
    maskBlend: 'differential',
    imaging: 'float',
    latentMask: 'soft',
    posterior: 'mean',
    oddSizes: 'webui',
    tokenizer: 'webui',
    promptLanguage: 'webui',
  },
  a1111: {
    stepRule: 'webui',
    fullStrengthStart: 'noised',
    generators: 'per-image',
    zeroStrength: 'run',
    maskBlend: 'denoised',
    imaging: 'webui',
    latentMask: 'binary',
    posterior: 'mean',
    oddSizes: 'webui',
    tokenizer: 'webui',
    promptLanguage: 'webui',
  },
  diffusers: {
    stepRule: 'diffusers',
    fullStrengthStart: 'noise',
    generators: 'shared',
    zeroStrength: 'run',
    maskBlend: 'renoised',
    imaging: 'float',
    latentMask: 'binary',
    posterior: 'sample',
    oddSizes: 'diffusers',
    tokenizer: 'diffusers',
    promptLanguage: 'plain',
  },
};

export function pipelineOptions(dialect: Dialect): PipelineOptions {
  return presets[dialect];
}
