/**
 * The schedules of diffusers' schedulers: which timesteps n steps evaluate and at which sigmas
 * (diffusers 0.42: schedulers/scheduling_*.py set_timesteps).
 */
import { roundHalfToEven } from '../noise/halfFloat.ts';
import { betaQuantile } from './betaQuantile.ts';
import type { Levels } from './levels.ts';
import { linspace32 } from './linspace.ts';
import { modelSigmas, type ModelSigmas } from './modelSigmas.ts';

const f = Math.fround;

/** Where n timesteps lie among the training's; every class has its own default. */
export type TimestepSpacing = 'leading' | 'linspace' | 'trailing';

export interface DiffusersSchedule {
  /**
   * `euler`: Euler, Euler a, Heun, KDPM2, LMS; `ddim`: DDIM; `multistep`: DPM-Solver multistep, UniPC,
   * DEIS.
   */
  readonly kind: 'euler' | 'ddim' | 'multistep';
  readonly spacing: TimestepSpacing;
  /** Added to leading timesteps (SD: 1). */
  readonly stepsOffset?: number;
  /** Sigmas spread otherwise than by timesteps. */
  readonly sigmas?: 'karras' | 'exponential' | 'beta' | 'lu';
  /** Between the training's sigmas (linear). */
  readonly interpolation?: 'linear' | 'log_linear';
  /** Where the last step ends (zero). */
  readonly finalSigma?: 'zero' | 'sigma_min';
  /** DDIM's last step ends at alpha 1 instead of the training's first. */
  readonly setAlphaToOne?: boolean;
}

/**
 * The levels of n steps, n at least 1. Latents of the `ddim` and `multistep` kinds are
 * variance-preserving in diffusers; sigmas are those of the same noise levels.
 */
export function diffusersLevels(
  config: DiffusersSchedule,
  alphasCumprod: Float32Array,
  n: number,
): Levels {
  const model = modelSigmas(alphasCumprod);
  if (config.kind === 'ddim') return ddimLevels(config, model, n);
  const spaced = spacedTimesteps(config, model.sigmas.length, n);
  const table = config.kind === 'multistep' ? [...model.sigmas].reverse() : undefined;
  const plain = interpolated(config, model, spaced);
  const exact = config.sigmas ? spread(config.sigmas, table ?? plain, n) : plain;
  const timesteps = config.sigmas ? exact.map((s) => timestepOf(config, model, s)) : spaced;
  const sigmas = exact.map(f);
  const end = config.finalSigma === 'sigma_min' ? model.sigmaMin : 0;
  const levels = { sigmas: [...sigmas, end], timesteps };
  if (config.kind === 'multistep') return { ...levels, preserving: true };
  const largest = Math.max(...sigmas);
  const noiseScale = config.spacing === 'leading' ? f(Math.sqrt(largest ** 2 + 1)) : largest;
  return { ...levels, noiseScale };
}

/**
 * Timestep of a sigma between the training's, in double; the multistep family wants whole ones, and
 * rounds some and cuts others.
 */
function timestepOf(config: DiffusersSchedule, model: ModelSigmas, sigma: number): number {
  const logs = model.logSigmas;
  const log = Math.log(Math.max(sigma, 1e-10));
  let low = 0;
  while (low < logs.length - 2 && logs[low + 1]! <= log) low++;
  const share = (logs[low]! - log) / (logs[low]! - logs[low + 1]!);
  const w = Math.min(1, Math.max(0, share));
  const t = (1 - w) * low + w * (low + 1);
  if (config.kind !== 'multistep') return f(t);
  const cuts = config.sigmas === 'exponential' || config.sigmas === 'beta';
  return cuts ? Math.trunc(t) : roundHalfToEven(t);
}

/** Timesteps in descending order. */
function spacedTimesteps(config: DiffusersSchedule, train: number, n: number): number[] {
  const { kind, spacing, stepsOffset = 0 } = config;
  const whole = kind !== 'euler';
  if (spacing === 'trailing') {
    const stride = train / n;
    const count = Math.ceil(train / stride);
    return Array.from({ length: count }, (_, i) => roundHalfToEven(train - i * stride) - 1);
  }
  // The multistep family takes one more and leaves the last out.
  const points = kind === 'multistep' ? n + 1 : n;
  const out: number[] = [];
  for (let i = points - 1; i >= points - n; i--) {
    if (spacing === 'leading') out.push(i * Math.floor(train / points) + stepsOffset);
    else {
      // The stride first, as numpy does: halves fall to the other side.
      const t = points === 1 ? 0 : i * ((train - 1) / (points - 1));
      out.push(whole ? roundHalfToEven(t) : f(t));
    }
  }
  return out;
}

function ddimLevels(config: DiffusersSchedule, model: ModelSigmas, n: number): Levels {
  const train = model.sigmas.length;
  const spaced = spacedTimesteps(config, train, n);
  // Past the first timestep the schedule is flat.
  const timesteps = spaced.map((t) => Math.min(t, train - 1));
  const end = config.setAlphaToOne === false ? model.sigmaMin : 0;
  const sigmas = [...timesteps.map((t) => model.sigmas[t]!), end];
  // Timestep 0 is the training's first level itself: a last step of no width is none.
  if (sigmas.at(-2) === end) sigmas.pop();
  return { sigmas, timesteps, preserving: true };
}

/** The training's sigmas at fractional timesteps. */
function interpolated(
  config: DiffusersSchedule,
  model: ModelSigmas,
  timesteps: readonly number[],
): number[] {
  if (config.interpolation === 'log_linear') {
    const logs = linspace32(
      Math.log(model.sigmaMax),
      Math.log(model.sigmaMin),
      timesteps.length + 1,
    );
    return Array.from(logs, (log) => f(Math.exp(log)));
  }
  const last = model.sigmas.length - 1;
  return timesteps.map((t) => {
    const low = Math.min(Math.max(Math.floor(t), 0), last);
    const from = model.sigmas[low]!;
    const to = model.sigmas[Math.min(low + 1, last)]!;
    return f(from + (to - from) * Math.min(1, Math.max(0, t - low)));
  });
}

/** n sigmas between the ends of a list. */
function spread(
  how: NonNullable<DiffusersSchedule['sigmas']>,
  list: readonly number[],
  n: number,
): number[] {
  const high = list[0]!;
  const low = list.at(-1)!;
  const at = (share: number): number => {
    switch (how) {
      case 'karras':
        return (high ** (1 / 7) + share * (low ** (1 / 7) - high ** (1 / 7))) ** 7;
      case 'exponential':
        return Math.exp(Math.log(high) + share * (Math.log(low) - Math.log(high)));
      case 'beta':
        return low + betaQuantile(1 - share, 0.6, 0.6) * (high - low);
      case 'lu': {
        const [from, to] = [-Math.log(high), -Math.log(low)];
        return Math.exp(-(from + share * (to - from)));
      }
    }
  };
  return Array.from({ length: n }, (_, i) => at(n === 1 ? 0 : i / (n - 1)));
}

/**
 * Cumulative alphas as diffusers computes them: betas and alphas in float32, up to a few 1e-6 from
 * the exact ones; rescaled to zero terminal SNR if asked.
 */
export function diffusersAlphas(
  config: {
    readonly betaStart?: number;
    readonly betaEnd?: number;
    readonly betaSchedule?: 'scaled_linear' | 'linear';
    readonly trainSteps?: number;
    readonly zeroTerminalSnr?: boolean;
  } = {},
): { alphasCumprod: Float32Array; betas: Float32Array } {
  const { betaStart = 0.00085, betaEnd = 0.012, trainSteps = 1000 } = config;
  const scaled = (config.betaSchedule ?? 'scaled_linear') === 'scaled_linear';
  const ends = scaled ? [Math.sqrt(betaStart), Math.sqrt(betaEnd)] : [betaStart, betaEnd];
  const line = linspace32(ends[0]!, ends[1]!, trainSteps);
  const betas = line.map((value) => (scaled ? value * value : value));
  const plain = cumulative(betas);
  if (config.zeroTerminalSnr !== true) return { alphasCumprod: plain, betas };
  const roots = plain.map((alpha) => Math.sqrt(alpha));
  const first = roots[0]!;
  const last = roots.at(-1)!;
  const scale = f(first / f(first - last));
  const rescaled = roots.map((root) => f(f(root - last) * scale) ** 2);
  const newBetas = rescaled.map((alpha, i) => 1 - f(i === 0 ? alpha : alpha / rescaled[i - 1]!));
  return { alphasCumprod: cumulative(newBetas), betas: newBetas };
}

function cumulative(betas: Float32Array): Float32Array {
  let product = 1;
  return betas.map((beta) => (product *= f(1 - beta)));
}
