/** What diffusers' scheduler classes have in common and what they default to (diffusers 0.42, __init__). */
import type { DiffusersSchedule, TimestepSpacing } from '../sigmas/diffusersSchedule.ts';

/** What a scheduler_config.json holds. */
export type SchedulerJson = Readonly<Record<string, unknown>>;

export interface SchedulerClass {
  readonly kind: DiffusersSchedule['kind'];
  readonly spacing: TimestepSpacing;
  /** Betas where a configuration says nothing: of the first diffusion models, or of latent diffusion. */
  readonly betas: 'ddpm' | 'latent' | 'scaled';
  /** Parameters beyond those that every class has; others are ignored, as diffusers ignores them. */
  readonly takes: ReadonlySet<string>;
}

const spreads = ['use_karras_sigmas', 'use_exponential_sigmas', 'use_beta_sigmas'] as const;
const threshold = ['thresholding', 'dynamic_thresholding_ratio', 'sample_max_value'] as const;
const clip = ['clip_sample', 'clip_sample_range'] as const;
const offset = ['timestep_spacing', 'steps_offset'] as const;
const ends = ['sigma_min', 'sigma_max', 'final_sigmas_type'] as const;
const multistep = ['solver_order', 'solver_type', 'lower_order_final', ...threshold, ...spreads];
const zeroSnr = 'rescale_betas_zero_snr';

function of(
  kind: SchedulerClass['kind'],
  spacing: TimestepSpacing,
  betas: SchedulerClass['betas'],
  takes: readonly string[],
): SchedulerClass {
  return { kind, spacing, betas, takes: new Set(takes) };
}

const distilled = ['original_inference_steps', zeroSnr];

export const schedulerClasses = {
  DDIMScheduler: of('ddim', 'leading', 'ddpm', [
    ...offset,
    ...threshold,
    ...clip,
    'set_alpha_to_one',
    zeroSnr,
  ]),
  PNDMScheduler: of('ddim', 'leading', 'ddpm', [...offset, 'set_alpha_to_one', 'skip_prk_steps']),
  EulerDiscreteScheduler: of('euler', 'linspace', 'ddpm', [
    ...offset,
    ...spreads,
    ...ends,
    'interpolation_type',
    'timestep_type',
    zeroSnr,
  ]),
  EulerAncestralDiscreteScheduler: of('euler', 'linspace', 'ddpm', [...offset, zeroSnr]),
  HeunDiscreteScheduler: of('euler', 'linspace', 'latent', [...offset, ...spreads, ...clip]),
  KDPM2DiscreteScheduler: of('euler', 'linspace', 'latent', [...offset, ...spreads]),
  KDPM2AncestralDiscreteScheduler: of('euler', 'linspace', 'latent', [...offset, ...spreads]),
  LMSDiscreteScheduler: of('euler', 'linspace', 'ddpm', [...offset, ...spreads]),
  DPMSolverSDEScheduler: of('euler', 'linspace', 'latent', [
    ...offset,
    ...spreads,
    'noise_sampler_seed',
  ]),
  DPMSolverMultistepScheduler: of('multistep', 'linspace', 'ddpm', [
    ...offset,
    ...multistep,
    'algorithm_type',
    'euler_at_final',
    'use_lu_lambdas',
    'final_sigmas_type',
    'lambda_min_clipped',
    'use_flow_sigmas',
    'variance_type',
    zeroSnr,
  ]),
  DPMSolverSinglestepScheduler: of('multistep', 'linspace', 'ddpm', [
    ...multistep,
    'algorithm_type',
    'final_sigmas_type',
    'lambda_min_clipped',
    'use_flow_sigmas',
    'variance_type',
  ]),
  UniPCMultistepScheduler: of('multistep', 'linspace', 'ddpm', [
    ...offset,
    ...multistep,
    ...ends,
    'predict_x0',
    'disable_corrector',
    'solver_p',
    'use_flow_sigmas',
    zeroSnr,
  ]),
  DEISMultistepScheduler: of('multistep', 'linspace', 'ddpm', [
    ...offset,
    ...multistep,
    'use_flow_sigmas',
  ]),
  LCMScheduler: of('distilled', 'leading', 'scaled', [
    ...distilled,
    ...threshold,
    ...clip,
    'timestep_scaling',
  ]),
  TCDScheduler: of('distilled', 'leading', 'scaled', distilled),
} as const satisfies Readonly<Record<string, SchedulerClass>>;

export type SchedulerName = keyof typeof schedulerClasses;

export function isSchedulerName(name: string): name is SchedulerName {
  return Object.hasOwn(schedulerClasses, name);
}
