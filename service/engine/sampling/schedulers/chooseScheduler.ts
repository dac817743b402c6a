/** Which of diffusers' schedulers a sampler and a schedule of our names stand for, with a model's own settings. */
import type { SamplerEntry } from '../samplers/registry.ts';
import type { BetaKind } from '../sigmas/diffusersAlphas.ts';
import type { DiffusersSchedule } from '../sigmas/diffusersSchedule.ts';
import type { ScheduleId } from '../sigmas/registry.ts';
import { isSchedulerName, type SchedulerJson, type SchedulerName } from './classes.ts';
import { readScheduler, type DiffusersScheduler } from './readScheduler.ts';

/** What a model says of its noise. */
export interface TrainedNoise {
  readonly prediction: 'epsilon' | 'v';
  readonly betas?:
    | {
        readonly start: number;
        readonly end: number;
        readonly schedule?: BetaKind;
        readonly zeroTerminalSnr?: boolean | undefined;
      }
    | undefined;
  /** scheduler_config.json of a diffusers folder. */
  readonly scheduler?: SchedulerJson | undefined;
}

interface Counterpart {
  readonly name: SchedulerName;
  readonly config?: SchedulerJson;
}

/** Names as in diffusers' table of AUTOMATIC1111's (its docs: api/schedulers/overview). */
const counterparts: Readonly<Record<string, Counterpart>> = {
  'DPM++ 2M': {
    name: 'DPMSolverMultistepScheduler',
    config: { algorithm_type: 'dpmsolver++', solver_order: 2 },
  },
  'DPM++ 2M SDE': {
    name: 'DPMSolverMultistepScheduler',
    config: { algorithm_type: 'sde-dpmsolver++', solver_order: 2 },
  },
  'DPM++ 2M SDE Heun': {
    name: 'DPMSolverMultistepScheduler',
    config: { algorithm_type: 'sde-dpmsolver++', solver_order: 2, solver_type: 'heun' },
  },
  'DPM++ 3M SDE': {
    name: 'DPMSolverMultistepScheduler',
    config: { algorithm_type: 'sde-dpmsolver++', solver_order: 3 },
  },
  'DPM++ 2S': { name: 'DPMSolverSinglestepScheduler' },
  'DPM++ SDE': { name: 'DPMSolverSDEScheduler' },
  DPM2: { name: 'KDPM2DiscreteScheduler' },
  'DPM2 a': { name: 'KDPM2AncestralDiscreteScheduler' },
  Euler: { name: 'EulerDiscreteScheduler' },
  'Euler a': { name: 'EulerAncestralDiscreteScheduler' },
  Heun: { name: 'HeunDiscreteScheduler' },
  LMS: { name: 'LMSDiscreteScheduler' },
  DDIM: { name: 'DDIMScheduler' },
  PLMS: { name: 'PNDMScheduler', config: { skip_prk_steps: true } },
  UniPC: { name: 'UniPCMultistepScheduler' },
  DEIS: { name: 'DEISMultistepScheduler' },
  LCM: { name: 'LCMScheduler' },
  TCD: { name: 'TCDScheduler' },
};

/** What Stable Diffusion 1.x is published with. */
const published: SchedulerJson = {
  timestep_spacing: 'leading',
  steps_offset: 1,
  set_alpha_to_one: false,
  clip_sample: false,
  skip_prk_steps: true,
};

const choices: Partial<Record<ScheduleId, Partial<DiffusersSchedule>>> = {
  karras: { sigmas: 'karras' },
  exponential: { sigmas: 'exponential' },
  beta: { sigmas: 'beta' },
  sgm_uniform: { spacing: 'trailing' },
  simple: { spacing: 'trailing' },
  uniform: { spacing: 'linspace' },
  normal: { spacing: 'linspace' },
  ddim: { spacing: 'leading' },
};

/**
 * The scheduler of a sampler, which may have been asked for by its class name, with what the model's own
 * configuration says. `schedule` undefined: as configured; a schedule that is named takes the
 * configuration's place, but for those that have only timesteps. Undefined where diffusers has no such
 * scheduler or schedule.
 */
export function chooseScheduler(
  asked: {
    readonly sampler: string;
    readonly entry: Pick<SamplerEntry, 'name'>;
    readonly schedule: ScheduleId | undefined;
  },
  trained: TrainedNoise,
): DiffusersScheduler | undefined {
  const { name, config } = counterpartOf(asked) ?? {};
  const found = name && readScheduler(name, { ...jsonOf(trained), ...config });
  if (!found || asked.schedule === undefined) return found;
  const { kind, sigmas: _, ...plain } = found.schedule;
  if (kind === 'ddim' || kind === 'distilled') return found;
  const choice = choices[asked.schedule];
  return choice && { ...found, schedule: { ...plain, kind, ...choice } };
}

function counterpartOf({
  sampler,
  entry,
}: {
  readonly sampler: string;
  readonly entry: Pick<SamplerEntry, 'name'>;
}): Counterpart | undefined {
  const own = sampler.trim();
  return isSchedulerName(own) ? { name: own } : counterparts[entry.name];
}

/** The model's own configuration, or what Stable Diffusion is published with; its noise is the model's. */
function jsonOf({ scheduler, betas, prediction }: TrainedNoise): SchedulerJson {
  const zero = betas?.zeroTerminalSnr === true;
  return {
    beta_start: betas?.start ?? 0.00085,
    beta_end: betas?.end ?? 0.012,
    beta_schedule: betas?.schedule ?? 'scaled_linear',
    rescale_betas_zero_snr: zero,
    // The last timestep, which is pure noise, is to be run (Lin et al. 2024).
    ...(scheduler ?? { ...published, ...(zero ? { timestep_spacing: 'trailing' } : {}) }),
    prediction_type: prediction === 'v' ? 'v_prediction' : 'epsilon',
  };
}
