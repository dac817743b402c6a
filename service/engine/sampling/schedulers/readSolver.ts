/** The solver of a diffusers scheduler, of its class and configuration. */
import type { SchedulerJson, SchedulerName } from './classes.ts';
import type { DeisOptions } from './deis.ts';
import type { DpmOptions } from './dpmMultistep.ts';
import type { DpmAlgorithm } from './dpmUpdate.ts';
import type { UniPcOptions } from './uniPc.ts';

export type Solver =
  | { readonly kind: 'ddim' | 'euler' | 'euler-ancestral' | 'heun' | 'lms' | 'tcd' }
  | { readonly kind: 'kdpm2' | 'kdpm2-ancestral' }
  /** `seed` of the Brownian tree; undefined: the run's own. */
  | { readonly kind: 'dpm-sde'; readonly seed: number | undefined }
  | { readonly kind: 'pndm'; readonly skipsRungeKutta: boolean }
  | { readonly kind: 'lcm'; readonly timestepScaling: number }
  | ({ readonly kind: 'dpm-multistep' } & DpmOptions)
  | ({ readonly kind: 'dpm-singlestep' } & Omit<DpmOptions, 'eulerAtFinal'>)
  | ({ readonly kind: 'unipc' } & UniPcOptions)
  | ({ readonly kind: 'deis' } & DeisOptions);

/** Undefined for combinations that diffusers refuses as well. */
export function readSolver(name: SchedulerName, json: SchedulerJson): Solver | undefined {
  switch (name) {
    case 'DDIMScheduler':
      return { kind: 'ddim' };
    case 'PNDMScheduler':
      return { kind: 'pndm', skipsRungeKutta: json['skip_prk_steps'] === true };
    case 'EulerDiscreteScheduler':
      return { kind: 'euler' };
    case 'EulerAncestralDiscreteScheduler':
      return { kind: 'euler-ancestral' };
    case 'HeunDiscreteScheduler':
      return { kind: 'heun' };
    case 'KDPM2DiscreteScheduler':
      return { kind: 'kdpm2' };
    case 'KDPM2AncestralDiscreteScheduler':
      return { kind: 'kdpm2-ancestral' };
    case 'LMSDiscreteScheduler':
      return { kind: 'lms' };
    case 'DPMSolverSDEScheduler':
      return { kind: 'dpm-sde', seed: numberAt(json, 'noise_sampler_seed') };
    case 'LCMScheduler':
      return { kind: 'lcm', timestepScaling: numberAt(json, 'timestep_scaling') ?? 10 };
    case 'TCDScheduler':
      return { kind: 'tcd' };
    case 'UniPCMultistepScheduler':
      return { kind: 'unipc', ...uniPcOf(json) };
    case 'DEISMultistepScheduler': {
      const order = orderOf(json);
      return order && { kind: 'deis', order, lowerOrderFinal: json['lower_order_final'] !== false };
    }
    case 'DPMSolverMultistepScheduler':
    case 'DPMSolverSinglestepScheduler':
      return dpmOf(name, json);
  }
}

function dpmOf(name: SchedulerName, json: SchedulerJson): Solver | undefined {
  const order = orderOf(json);
  const algorithm = algorithmOf(json['algorithm_type']);
  if (!order || !algorithm) return undefined;
  // In noise the last step would be endless, and the older stochastic one has no third order.
  if (!algorithm.endsWith('++') && json['final_sigmas_type'] !== 'sigma_min') return undefined;
  const rule = json['solver_type'] === 'heun' ? ('heun' as const) : ('midpoint' as const);
  const options = { order, algorithm, rule };
  if (name === 'DPMSolverSinglestepScheduler') {
    const lowerOrderFinal = json['lower_order_final'] === true;
    if (algorithm === 'sde-dpmsolver') return undefined;
    return { kind: 'dpm-singlestep', ...options, lowerOrderFinal };
  }
  if (algorithm === 'sde-dpmsolver' && order === 3) return undefined;
  return {
    kind: 'dpm-multistep',
    ...options,
    lowerOrderFinal: json['lower_order_final'] !== false,
    eulerAtFinal: json['euler_at_final'] === true,
  };
}

function uniPcOf(json: SchedulerJson): UniPcOptions {
  const uncorrected = json['disable_corrector'];
  return {
    order: numberAt(json, 'solver_order') ?? 2,
    variant: json['solver_type'] === 'bh1' ? 'bh1' : 'bh2',
    overClean: json['predict_x0'] !== false,
    lowerOrderFinal: json['lower_order_final'] !== false,
    uncorrected: Array.isArray(uncorrected) ? uncorrected.map(Number) : [],
  };
}

function orderOf(json: SchedulerJson): 1 | 2 | 3 | undefined {
  const order = json['solver_order'] ?? 2;
  return order === 1 || order === 2 || order === 3 ? order : undefined;
}

/** DEIS's own name, in a configuration that was made for it, is the ordinary algorithm here. */
function algorithmOf(given: unknown): DpmAlgorithm | undefined {
  switch (given) {
    case undefined:
    case 'deis':
      return 'dpmsolver++';
    case 'dpmsolver':
    case 'dpmsolver++':
    case 'sde-dpmsolver':
    case 'sde-dpmsolver++':
      return given;
    default:
      return undefined;
  }
}

function numberAt(json: SchedulerJson, key: string): number | undefined {
  const value = json[key];
  return typeof value === 'number' ? value : undefined;
}
