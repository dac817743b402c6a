/** The timesteps of diffusers' schedulers (diffusers 0.42: schedulers/scheduling_*.py set_timesteps). */
import { roundHalfToEven } from '../noise/halfFloat.ts';
import type { DiffusersSchedule } from './diffusersSchedule.ts';
import type { ModelSigmas } from './modelSigmas.ts';

const f = Math.fround;

/** n timesteps in descending order, by their spacing among training's; trailing may give one more. */
export function spacedTimesteps(
  config: DiffusersSchedule,
  alphasCumprod: Float32Array,
  n: number,
): number[] {
  const { kind, spacing, stepsOffset = 0 } = config;
  const train = alphasCumprod.length;
  const last = train - tooNoisy(config, alphasCumprod);
  if (spacing === 'trailing') {
    // The second value less the first, as numpy has it: halves fall to the other side.
    const delta = last - train / n - last;
    const count = Math.ceil(last / (train / n));
    return Array.from({ length: count }, (_, i) => roundHalfToEven(last + i * delta) - 1);
  }
  // The multistep family takes one more and leaves the last out.
  const points = kind === 'multistep' ? n + 1 : n;
  const out: number[] = [];
  for (let i = points - 1; i >= points - n; i--) {
    if (spacing === 'leading') out.push(i * Math.floor(last / points) + stepsOffset);
    else {
      // The stride first, as numpy does: halves fall to the other side.
      const t = points === 1 ? 0 : i * ((last - 1) / (points - 1));
      out.push(kind === 'euler' ? f(t) : roundHalfToEven(t));
    }
  }
  return out;
}

/** How many of training's timesteps are left out for their noise. */
function tooNoisy({ leastLambda }: DiffusersSchedule, alphasCumprod: Float32Array): number {
  if (leastLambda === undefined) return 0;
  const log = (square: number) => f(Math.log(f(Math.sqrt(square))));
  return alphasCumprod.filter((alpha) => f(log(alpha) - log(f(1 - alpha))) < leastLambda).length;
}

/**
 * Every so-many-th, from the last, of the timesteps that a model was distilled at, which are `original`
 * of `train`; where n asks for more than those, of n.
 */
export function distilledTimesteps(train: number, original: number, n: number): number[] {
  const taught = Math.min(train, Math.max(n, original));
  const stride = Math.floor(train / taught);
  const count = Math.min(n, taught);
  return Array.from({ length: count }, (_, i) => {
    return (taught - Math.floor(i * (taught / count))) * stride - 1;
  });
}

/** Timestep of a spread sigma: fractional in float32, or whole as the schedule has it. */
export function timestepOf(config: DiffusersSchedule, model: ModelSigmas, sigma: number): number {
  const t = fractionalTimestep(model, sigma);
  const rounds = config.sigmas === 'karras' || config.sigmas === 'lu';
  if (config.roundsTimesteps === true && rounds) return roundHalfToEven(t);
  return config.kind === 'multistep' ? Math.trunc(t) : f(t);
}

/** Timestep of a sigma between the training's, linear in log sigma, in double. */
export function fractionalTimestep({ logSigmas: logs }: ModelSigmas, sigma: number): number {
  const log = Math.log(Math.max(sigma, 1e-10));
  let low = 0;
  while (low < logs.length - 2 && logs[low + 1]! <= log) low++;
  const share = (logs[low]! - log) / (logs[low]! - logs[low + 1]!);
  const w = Math.min(1, Math.max(0, share));
  return (1 - w) * low + w * (low + 1);
}
