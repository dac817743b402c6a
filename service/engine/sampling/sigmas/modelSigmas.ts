/**
 * A model's noise levels: its 1000 sigmas and the way between sigma and timestep, linear in log sigma
 * and computed in float32 (k-diffusion: external.py DiscreteSchedule). One step of float32 matters: it
 * moves Brownian noise by 6e-3.
 */
const f = Math.fround;

export interface ModelSigmas {
  /** Ascending, float32. */
  readonly sigmas: Float32Array;
  readonly logSigmas: Float32Array;
  readonly alphasCumprod: Float32Array;
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  /** Timestep 0..999, fractional, of a sigma; clamped at both ends. */
  readonly sigmaToT: (sigma: number) => number;
  /** Nearest integer timestep of a sigma in log sigma (the option "enable quantization"). */
  readonly nearestT: (sigma: number) => number;
  /** Sigma, a float32 value, of a fractional timestep 0..999. */
  readonly tToSigma: (t: number) => number;
}

/** Pure noise has no sigma; an alpha of 2^-40 (sigma 2^20) stands for it. */
const leastAlpha = 2 ** -40;

/** sigma = sqrt((1 - alpha) / alpha), each operation rounded to float32; finite also at alpha 0. */
export function sigmaOfAlpha(alpha: number): number {
  const some = Math.max(alpha, leastAlpha);
  return f(Math.sqrt(f(f(1 - some) / some)));
}

/** The sigmas of a training schedule's cumulative alphas (descending, float32). */
export function modelSigmas(alphasCumprod: Float32Array): ModelSigmas {
  const sigmas = alphasCumprod.map((alpha) => sigmaOfAlpha(alpha));
  const logSigmas = sigmas.map((sigma) => Math.log(sigma));
  return {
    sigmas,
    logSigmas,
    alphasCumprod,
    sigmaMin: sigmas[0]!,
    sigmaMax: sigmas.at(-1)!,
    sigmaToT: (sigma) => sigmaToT(logSigmas, sigma),
    nearestT: (sigma) => nearestT(logSigmas, sigma),
    tToSigma: (t) => tToSigma(logSigmas, t),
  };
}

function sigmaToT(logSigmas: Float32Array, sigma: number): number {
  const log = f(Math.log(f(sigma)));
  const low = lastAtMost(logSigmas, log);
  const lowLog = logSigmas[low]!;
  const share = f(f(lowLog - log) / f(lowLog - logSigmas[low + 1]!));
  const w = Math.min(1, Math.max(0, share));
  return f(f(f(1 - w) * low) + f(w * (low + 1)));
}

/** Index of the last value <= wanted, from 0 to length - 2. */
function lastAtMost(ascending: Float32Array, wanted: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (ascending[middle]! <= wanted) low = middle;
    else high = middle - 1;
  }
  return Math.min(low, ascending.length - 2);
}

function nearestT(logSigmas: Float32Array, sigma: number): number {
  const log = f(Math.log(f(sigma)));
  const low = lastAtMost(logSigmas, log);
  const toLow = Math.abs(f(log - logSigmas[low]!));
  return toLow <= Math.abs(f(log - logSigmas[low + 1]!)) ? low : low + 1;
}

function tToSigma(logSigmas: Float32Array, t: number): number {
  const last = logSigmas.length - 1;
  const at = Math.min(last, Math.max(0, f(t)));
  const low = Math.floor(at);
  const w = f(at - low);
  const log = f(f(f(1 - w) * logSigmas[low]!) + f(w * logSigmas[Math.ceil(at)]!));
  return f(Math.exp(log));
}
