/** The training schedule as diffusers' schedulers compute it: betas and alphas in float32. */
import { linspace32 } from './linspace.ts';

const f = Math.fround;

export type BetaKind = 'scaled_linear' | 'linear' | 'squaredcos_cap_v2' | 'exp';

export interface DiffusersBetas {
  readonly betaStart?: number;
  readonly betaEnd?: number;
  readonly betaSchedule?: BetaKind;
  readonly trainSteps?: number;
  /** The betas themselves, in place of all above. */
  readonly trained?: readonly number[];
  readonly zeroTerminalSnr?: boolean;
}

/**
 * Cumulative alphas, up to a few 1e-6 from the exact ones; rescaled to zero terminal SNR if asked (Lin et
 * al. 2023, algorithm 1). Absent values are Stable Diffusion's.
 */
export function diffusersAlphas(config: DiffusersBetas = {}): {
  alphasCumprod: Float32Array;
  betas: Float32Array;
} {
  const betas = betasOf(config);
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

function betasOf(config: DiffusersBetas): Float32Array {
  const { betaStart = 0.00085, betaEnd = 0.012, trainSteps = 1000 } = config;
  if (config.trained) return Float32Array.from(config.trained);
  switch (config.betaSchedule ?? 'scaled_linear') {
    case 'linear':
      return linspace32(betaStart, betaEnd, trainSteps);
    case 'scaled_linear':
      return linspace32(Math.sqrt(betaStart), Math.sqrt(betaEnd), trainSteps).map((v) => v * v);
    case 'squaredcos_cap_v2':
      return betasOfBar(trainSteps, (t) => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2);
    case 'exp':
      return betasOfBar(trainSteps, (t) => Math.exp(t * -12));
  }
}

const largestBeta = 0.999;

/** Betas whose alphas multiply to a function of the share of training, 0..1. */
function betasOfBar(steps: number, bar: (share: number) => number): Float32Array {
  return Float32Array.from({ length: steps }, (_, i) =>
    Math.min(largestBeta, 1 - bar((i + 1) / steps) / bar(i / steps)),
  );
}

function cumulative(betas: Float32Array): Float32Array {
  let product = 1;
  return betas.map((beta) => (product *= f(1 - beta)));
}
