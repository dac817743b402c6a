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
  /** The same where exactly the steps asked for are to be run. */
  readonly exactStepRule: StepRule;
  /**
   * Where steps lie: AUTOMATIC1111's lists of sigmas; as diffusers' schedulers place them; or the former,
   * but the latter for a model that brings a scheduler of its `own` where no schedule is asked for.
   */
  readonly spacing: 'webui' | 'own' | 'diffusers';
  /** The training schedule's products of 1 - beta: in double, or from float32 betas (1e-6 away). */
  readonly alphas: 'double' | 'single';
  /**
   * A change of the training schedule (zero terminal SNR, 16 bit) is `applied`, or not where a sampler
   * of sigmas starts from a picture (`not-to-pictures`: that sampler is made before the change).
   */
  readonly trainingChange: 'applied' | 'not-to-pictures';
  /**
   * Strength 1 starts from `noise` alone (unless masked content is to shine through), from the picture
   * `noised` to the first sigma, or from noise alone only where a mask is (`noise-when-masked`).
   */
  readonly fullStrengthStart: 'noise' | 'noised' | 'noise-when-masked';
  /** A model that is shown the picture to edit obeys the strength, or always starts from noise alone. */
  readonly editStrength: 'applied' | 'full';
  /** A CFG scale below 1 is `applied` as any other (away from the prompt), or guidance is `off`. */
  readonly weakGuidance: 'applied' | 'off';
  /**
   * The sigma below which what to avoid is left out is compared with sigmas, or with whatever the
   * sampler goes by (`called`: timesteps for DDIM and its like).
   */
  readonly skipMeasure: 'sigma' | 'called';
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
  /**
   * Soft inpainting blends every prediction by its `sigma`, or does as the sampler goes (`called`: with
   * DDIM and its like what the network sees, by the timestep).
   */
  readonly softMeasure: 'sigma' | 'called';
  /** Pixels around the networks: ours in float at the document's depth, or the WebUI's 8-bit way. */
  readonly imaging: 'float' | 'webui';
  /**
   * Latent masks keep their grey levels, are 1 where any pixel of the cell is selected (`binary`), or
   * where its first pixel is (`nearest`).
   */
  readonly latentMask: 'soft' | 'binary' | 'nearest';
  /** VAE posterior: its mean, or a sample drawn from the run's generator. */
  readonly posterior: 'mean' | 'sample';
  /** Whose autoencoder makes the picture of a run with a refiner: the model's, or that of whoever painted last. */
  readonly decoder: 'model' | 'last';
  readonly oddSizes: 'webui' | 'diffusers';
  /** Clip skip is of the prompt and of what to avoid, or of the prompt alone. */
  readonly clipSkip: 'both' | 'prompt';
  /** Text cleaning of the tokenizer. */
  readonly tokenizer: 'webui' | 'diffusers';
  /** (x:1.2) and chunks of 75, or the text as it is, cut at 75 tokens. */
  readonly promptLanguage: 'webui' | 'plain';
  /**
   * A ControlNet speaks in steps that lie wholly between its start and end (`whole-steps`), or while the
   * counter of steps does, which is told of a step after its first evaluation (`last-told`).
   */
  readonly controlWindow: 'whole-steps' | 'last-told';
  /** How the finer levels count where the prompt, or the ControlNet, is to matter more. */
  readonly controlFading: 'soft' | 'logarithmic';
}

const presets: Readonly<Record<Dialect, PipelineOptions>> = {
  pentimento: {
    stepRule: 'scaled',
    exactStepRule: 'exact',
    editStrength: 'applied',
    spacing: 'own',
    alphas: 'double',
    trainingChange: 'applied',
    fullStrengthStart: 'noise',
    weakGuidance: 'applied',
    skipMeasure: 'sigma',
    generators: 'per-image',
    zeroStrength: 'same-picture',
    maskBlend: 'differential',
    softMeasure: 'sigma',
    imaging: 'float',
    latentMask: 'soft',
    posterior: 'mean',
    decoder: 'model',
    oddSizes: 'webui',
    clipSkip: 'both',
    tokenizer: 'webui',
    promptLanguage: 'webui',
    controlWindow: 'whole-steps',
    controlFading: 'soft',
  },
  a1111: {
    stepRule: 'webui',
    exactStepRule: 'webui-exact',
    editStrength: 'applied',
    spacing: 'webui',
    alphas: 'double',
    trainingChange: 'not-to-pictures',
    fullStrengthStart: 'noised',
    weakGuidance: 'applied',
    skipMeasure: 'called',
    generators: 'per-image',
    zeroStrength: 'run',
    maskBlend: 'denoised',
    softMeasure: 'called',
    imaging: 'webui',
    latentMask: 'binary',
    posterior: 'mean',
    decoder: 'last',
    oddSizes: 'webui',
    clipSkip: 'both',
    tokenizer: 'webui',
    promptLanguage: 'webui',
    controlWindow: 'last-told',
    controlFading: 'soft',
  },
  diffusers: {
    stepRule: 'diffusers',
    exactStepRule: 'exact',
    editStrength: 'full',
    spacing: 'diffusers',
    alphas: 'single',
    trainingChange: 'applied',
    fullStrengthStart: 'noise-when-masked',
    weakGuidance: 'off',
    skipMeasure: 'sigma',
    generators: 'shared',
    zeroStrength: 'run',
    maskBlend: 'renoised',
    softMeasure: 'sigma',
    imaging: 'float',
    latentMask: 'nearest',
    posterior: 'sample',
    decoder: 'last',
    oddSizes: 'diffusers',
    clipSkip: 'prompt',
    tokenizer: 'diffusers',
    promptLanguage: 'plain',
    controlWindow: 'whole-steps',
    controlFading: 'logarithmic',
  },
};

export function pipelineOptions(dialect: Dialect): PipelineOptions {
  return presets[dialect];
}

/** How a strength becomes steps, with or without the option to run exactly those asked for. */
export function stepRuleFor(
  options: Pick<PipelineOptions, 'stepRule' | 'exactStepRule'>,
  exactSteps: boolean | undefined,
): StepRule {
  return exactSteps === true ? options.exactStepRule : options.stepRule;
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
