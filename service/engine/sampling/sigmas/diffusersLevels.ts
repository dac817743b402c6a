/**
 * The plain schedules of diffusers' schedulers: which timesteps n steps evaluate and at which sigmas
 * (diffusers 0.42: schedulers/scheduling_*.py set_timesteps). Schedulers with more calls than steps take
 * them apart (schedulers/).
 */
import { betaQuantile } from './betaQuantile.ts';
import type { DiffusersSchedule } from './diffusersSchedule.ts';
import { distilledTimesteps, spacedTimesteps, timestepOf } from './diffusersTimesteps.ts';
import type { Levels } from './levels.ts';
import { linspace32 } from './linspace.ts';
import { modelSigmas, type ModelSigmas } from './modelSigmas.ts';

const f = Math.fround;

/**
 * The levels of n steps, n at least 1. Latents of all but the `euler` kind are variance-preserving in
 * diffusers; sigmas are those of the same noise levels.
 */
export function diffusersLevels(
  config: DiffusersSchedule,
  alphasCumprod: Float32Array,
  n: number,
): Levels {
  const model = modelSigmas(alphasCumprod);
  if (config.kind === 'distilled') return distilledLevels(config, model, n);
  if (config.kind === 'ddim') return ddimLevels(config, model, n);
  const spaced = spacedTimesteps(config, alphasCumprod, n);
  const plain = interpolated(config, model, spaced);
  const table = config.kind === 'multistep' ? [...model.sigmas].reverse() : plain;
  const exact = config.sigmas ? spread({ ...config, sigmas: config.sigmas }, table, n) : plain;
  const timesteps = config.sigmas ? exact.map((s) => timestepOf(config, model, s)) : spaced;
  const sigmas = exact.slice(0, timesteps.length).map(f);
  const next = exact[timesteps.length];
  const end = next === undefined ? endOf(config, model, sigmas) : f(next);
  const levels = { sigmas: [...sigmas, end], timesteps };
  if (config.kind === 'multistep') return { ...levels, preserving: true };
  const largest = Math.max(...sigmas);
  const noiseScale = config.spacing === 'leading' ? f(Math.sqrt(f(f(largest ** 2) + 1))) : largest;
  return { ...levels, noiseScale };
}

function endOf(
  { finalSigma = 'zero', sigmas: spreads }: DiffusersSchedule,
  model: ModelSigmas,
  sigmas: readonly number[],
): number {
  if (finalSigma === 'zero') return 0;
  return finalSigma === 'last' && spreads ? sigmas.at(-1)! : model.sigmaMin;
}

function ddimLevels(config: DiffusersSchedule, model: ModelSigmas, n: number): Levels {
  const train = model.sigmas.length;
  // Past the last timestep there is nothing.
  const timesteps = spacedTimesteps(config, model.alphasCumprod, n).map((t) =>
    Math.min(t, train - 1),
  );
  const end = config.setAlphaToOne === false ? model.sigmaMin : 0;
  const sigmas = [...timesteps.map((t) => model.sigmas[t]!), end];
  return { sigmas, timesteps, preserving: true };
}

function distilledLevels(config: DiffusersSchedule, model: ModelSigmas, n: number): Levels {
  const timesteps = distilledTimesteps(model.sigmas.length, config.originalSteps ?? 50, n);
  const end = config.setAlphaToOne === false ? model.sigmaMin : 0;
  return { sigmas: [...timesteps.map((t) => model.sigmas[t]!), end], timesteps, preserving: true };
}

/** The training's sigmas at fractional timesteps; one more where they are linear in log sigma. */
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
    return from + (to - from) * Math.min(1, Math.max(0, t - low));
  });
}

/** n sigmas between the ends of a list. */
function spread(
  config: DiffusersSchedule & { readonly sigmas: NonNullable<DiffusersSchedule['sigmas']> },
  list: readonly number[],
  n: number,
): number[] {
  const high = config.sigmaMax ?? list[0]!;
  const low = config.sigmaMin ?? list.at(-1)!;
  const at = (share: number): number => {
    switch (config.sigmas) {
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
