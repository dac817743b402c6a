/**
 * Sigma schedules: how n steps are spread over the noise levels. Each answers float32 values in
 * descending order that end with 0, except where said. (a1111: modules/sd_schedulers.py; karras,
 * exponential and polyexponential: k-diffusion sampling.py.)
 */
import { betaQuantile } from './betaQuantile.ts';
import { karrasSigmas } from './karrasSigmas.ts';
import { linspace32 } from './linspace.ts';
import type { ModelSigmas } from './modelSigmas.ts';

const f = Math.fround;

export interface ScheduleInput {
  readonly model: ModelSigmas;
  /** Number of steps, at least 1. */
  readonly n: number;
  /** Ends of the schedule; the model's own unless an option moves them. */
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  /** Curvature; each schedule has its own default. */
  readonly rho?: number;
  readonly betaAlpha?: number;
  readonly betaBeta?: number;
  /** Align Your Steps was measured for two families. */
  readonly family?: 'sd1' | 'sdxl';
}

export type Schedule = (input: ScheduleInput) => number[];

/** Even in timesteps from the last to the first (k-diffusion get_sigmas). */
export const uniform: Schedule = ({ model, n }) => [
  ...Array.from(
    linspace32(model.sigmaToT(model.sigmaMax), model.sigmaToT(model.sigmaMin), n),
    (t) => model.tToSigma(t),
  ),
  0,
];

/** Karras et al. 2022, rho 7: even in sigma^(1/rho). */
export const karras: Schedule = ({ n, sigmaMin, sigmaMax, rho = 7 }) => [
  ...karrasSigmas(n, { sigmaMin, sigmaMax, rho }, 'float32'),
  0,
];

/** Even in log sigma. */
export const exponential: Schedule = ({ n, sigmaMin, sigmaMax }) => [
  ...Array.from(linspace32(Math.log(sigmaMax), Math.log(sigmaMin), n), (log) => f(Math.exp(log))),
  0,
];

/** Polynomial in log sigma, rho 1. */
export const polyexponential: Schedule = ({ n, sigmaMin, sigmaMax, rho = 1 }) => {
  const low = Math.log(sigmaMin);
  const range = Math.log(sigmaMax) - low;
  const values = Array.from(linspace32(1, 0, n), (r) =>
    f(Math.exp(f(f(f(r ** rho) * f(range)) + f(low)))),
  );
  return [...values, 0];
};

/** Even in timesteps, the last one left out (Stability's generative-models). */
export const sgmUniform: Schedule = ({ model, n, sigmaMin, sigmaMax }) => {
  const steps = linspace32(model.sigmaToT(sigmaMax), model.sigmaToT(sigmaMin), n + 1);
  return [...Array.from(steps.subarray(0, n), (t) => model.tToSigma(t)), 0];
};

/** Even in timesteps between the two ends. */
export const normal: Schedule = ({ model, n, sigmaMin, sigmaMax }) => [
  ...Array.from(linspace32(model.sigmaToT(sigmaMax), model.sigmaToT(sigmaMin), n), (t) =>
    model.tToSigma(t),
  ),
  0,
];

/** Every so-many-th sigma of the model's table, from the top. */
export const simple: Schedule = ({ model, n }) => {
  const stride = model.sigmas.length / n;
  const values = Array.from({ length: n }, (_, i) =>
    model.sigmas.at(-(1 + Math.trunc(i * stride)))!,
  );
  return [...values, 0];
};

/** The sigmas of DDIM's timesteps: 1, 1 + 1000//n, ...; may have more than n of them. */
export const ddim: Schedule = ({ model, n }) => {
  const stride = Math.max(Math.floor(model.sigmas.length / n), 1);
  const values: number[] = [];
  for (let t = 1; t < model.sigmas.length; t += stride) values.push(model.sigmas[t]!);
  return [...values.reverse(), 0];
};

/** Quantiles of a beta distribution, linear in sigma (Lee et al. 2024 as the WebUI has it). */
export const beta: Schedule = ({ n, sigmaMin, sigmaMax, betaAlpha = 0.6, betaBeta = 0.6 }) => {
  const values = Array.from({ length: n }, (_, i) => {
    const share = n === 1 ? 1 : 1 - i / (n - 1);
    return f(sigmaMin + betaQuantile(share, betaAlpha, betaBeta) * (sigmaMax - sigmaMin));
  });
  return [...values, 0];
};

/** Sabour et al. 2024, appendix: even in atan sigma. n + 1 values, the last one above 0. */
export const klOptimal: Schedule = ({ n, sigmaMin, sigmaMax }) => {
  const low = f(Math.atan(f(sigmaMin)));
  const high = f(Math.atan(f(sigmaMax)));
  return Array.from({ length: n + 1 }, (_, i) => {
    const share = f(i / n);
    return f(Math.tan(f(f(share * low) + f(f(1 - share) * high))));
  });
};

const measuredSteps = {
  sd1: [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029],
  sdxl: [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.38, 0.234, 0.113, 0.029],
} as const;

/** Align Your Steps (Sabour et al. 2024): a measured list, log-linear in between. */
export const alignYourSteps: Schedule = ({ n, family = 'sd1' }) => {
  const table = measuredSteps[family];
  if (n === table.length) return [...table.map(f), 0];
  const last = table.length - 1;
  const values = Array.from({ length: n }, (_, i) => {
    // From the small end, as the reference interpolates: one step is the smallest sigma.
    const at = n === 1 ? last : last - ((n - 1 - i) * last) / (n - 1);
    const low = Math.min(Math.floor(at), last - 1);
    const share = at - low;
    return f(Math.exp((1 - share) * Math.log(table[low]!) + share * Math.log(table[low + 1]!)));
  });
  return [...values, 0];
};
