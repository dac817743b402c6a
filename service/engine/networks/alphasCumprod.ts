import {
  alphasCumprod,
  stableDiffusionBetas,
  zeroTerminalSnr,
} from '../sampling/sigmas/noiseSchedule.ts';

export interface NoiseSchedule {
  readonly betaStart: number;
  readonly betaEnd: number;
  /** The last step is pure noise (Lin et al. 2023). */
  readonly zeroTerminalSnr?: boolean | undefined;
}

/** Cumulative alphas of a checkpoint's "scaled linear" schedule: 1000 float32 values. */
export function alphasCumprodOf(schedule: NoiseSchedule): Float32Array {
  const { betaStart, betaEnd } = schedule;
  const alphas = alphasCumprod({ ...stableDiffusionBetas, betaStart, betaEnd });
  return schedule.zeroTerminalSnr ? zeroTerminalSnr(alphas) : alphas;
}
