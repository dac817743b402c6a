/** A whole schedule for a number of steps, before a strength cuts it. */
import type { SamplerEntry } from '../samplers/registry.ts';
import type { ModelSigmas } from './modelSigmas.ts';
import { distinctSigmas } from './distinctSigmas.ts';
import type { ScheduleEntry } from './registry.ts';
import type { UniPcSkip } from './uniPcLevels.ts';

export interface ScheduleOptions {
  /** 0 or absent: the model's own. */
  readonly sigmaMin?: number;
  readonly sigmaMax?: number;
  /** 0 or absent: the schedule's own. */
  readonly rho?: number;
  readonly betaAlpha?: number;
  readonly betaBeta?: number;
  /** Leaves the last but one sigma out, whatever the sampler. */
  readonly dropPenultimate?: boolean;
  /** How UniPC's own times lie, where it has its own. */
  readonly uniPcSkip?: UniPcSkip;
  readonly family?: 'sd1' | 'sdxl';
}

export interface Levels {
  /** Descending; the last one is where sampling ends, usually 0. */
  readonly sigmas: readonly number[];
  /** Timestep of each sigma that is evaluated, where the schedule is defined by them. */
  readonly timesteps?: readonly number[];
  /** The original works on variance-preserving latents (see StepPlan). */
  readonly preserving?: boolean;
  /** What pure noise is multiplied with as a start, where it is not the first sigma. */
  readonly noiseScale?: number;
  /** Levels that a step asked for stands for (1): 2 where each call of a second-order solver has one. */
  readonly callsPerStep?: number;
  /** A v prediction becomes noise by the level of the whole timestep below (AUTOMATIC1111's UniPC). */
  readonly wholeVelocity?: boolean;
}

/** The sigmas of n steps with this sampler and schedule; [0] for no steps. */
export function sigmaLevels(
  n: number,
  sampler: Pick<SamplerEntry, 'dropsPenultimate'>,
  schedule: ScheduleEntry,
  model: ModelSigmas,
  options: ScheduleOptions = {},
): number[] {
  if (n < 1) return [0];
  const drops = sampler.dropsPenultimate === true || options.dropPenultimate === true;
  const { rho, betaAlpha, betaBeta, family } = options;
  const sigmas = schedule.sigmas({
    model,
    n: drops ? n + 1 : n,
    sigmaMin: options.sigmaMin || model.sigmaMin,
    sigmaMax: options.sigmaMax || model.sigmaMax,
    ...(rho ? { rho } : {}),
    ...(betaAlpha === undefined ? {} : { betaAlpha }),
    ...(betaBeta === undefined ? {} : { betaBeta }),
    ...(family ? { family } : {}),
  });
  if (drops) sigmas.splice(-2, 1);
  return distinctSigmas(sigmas);
}

/**
 * Timesteps of the DDIM family, ascending: 1, 1 + 1000 // n, ...; there may be more than n of them
 * (a1111: sd_samplers_timesteps.py get_timesteps).
 */
export function ddimTimesteps(n: number, trainSteps = 1000): number[] {
  const stride = Math.max(1, Math.floor(trainSteps / Math.max(1, n)));
  const out: number[] = [];
  for (let t = 0; t < trainSteps; t += stride) out.push(Math.min(t + 1, trainSteps - 1));
  return out;
}

/** Exact timestep of each level of a plan, for the denoiser's `timestepOf`. */
export function timestepLookup(
  levels: Levels,
): ((sigma: number) => number | undefined) | undefined {
  const { timesteps, sigmas } = levels;
  if (!timesteps) return undefined;
  const known = new Map(timesteps.map((t, i) => [sigmas[i]!, t]));
  return (sigma) => known.get(sigma);
}
