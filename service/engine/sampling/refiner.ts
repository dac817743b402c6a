/** When a refiner takes over (a1111: modules/sd_samplers_common.py apply_refiner). Pure. */
import type { ModelSigmas } from './sigmas/modelSigmas.ts';

export interface RefinerSwitch {
  /** Share of the way, 0..1, at which the other model takes over. */
  readonly at: number;
  /** The way is measured in timesteps of training, or in model calls of this run. */
  readonly measure: 'timesteps' | 'calls';
}

const trainingSteps = 1000;

/**
 * Whether the refiner answers a call. The share done in timesteps is (999 - t) / 1000 with t the
 * place of the nearest sigma in the model's table, or the schedule's own, cut to a whole number; in calls it is call / calls.
 */
export function refinerTakesOver(
  { at, measure }: RefinerSwitch,
  run: {
    readonly model: ModelSigmas;
    /** All calls of the run. */
    readonly calls: number;
    /** The schedule is a list of timesteps. */
    readonly ownTimesteps: boolean;
  },
): (call: number, sigma: number, timestep: number) => boolean {
  const { model, calls, ownTimesteps } = run;
  if (measure === 'calls') return (call) => call / calls >= at;
  return (_call, sigma, timestep) => {
    const t = ownTimesteps ? Math.trunc(timestep) : nearestIndex(model.sigmas, sigma);
    return (trainingSteps - 1 - t) / trainingSteps >= at;
  };
}

/** Index of the nearest value, the first of equals. */
function nearestIndex(values: Float32Array, wanted: number): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) {
    if (Math.abs(values[i]! - wanted) < Math.abs(values[best]! - wanted)) best = i;
  }
  return best;
}
