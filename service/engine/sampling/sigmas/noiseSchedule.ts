/** The training schedule of latent diffusion models: cumulative alphas, 1000 float32 values. */
import { toFloat16 } from '../noise/halfFloat.ts';

export interface BetaSchedule {
  readonly betaStart: number;
  readonly betaEnd: number;
  /** `scaled_linear`: linear in the square root (SD 1, 2, XL); `linear`. */
  readonly kind: 'scaled_linear' | 'linear';
  /** Timesteps of training. */
  readonly steps: number;
}

export const stableDiffusionBetas: BetaSchedule = {
  betaStart: 0.00085,
  betaEnd: 0.012,
  kind: 'scaled_linear',
  steps: 1000,
};

/** Product of 1 - beta in double, each value rounded once to float32 (CompVis make_beta_schedule). */
export function alphasCumprod(schedule: BetaSchedule = stableDiffusionBetas): Float32Array {
  const { betaStart, betaEnd, kind, steps } = schedule;
  const scaled = kind === 'scaled_linear';
  const from = scaled ? Math.sqrt(betaStart) : betaStart;
  const to = scaled ? Math.sqrt(betaEnd) : betaEnd;
  const out = new Float32Array(steps);
  let product = 1;
  for (let i = 0; i < steps; i++) {
    const value = from + ((to - from) * i) / Math.max(1, steps - 1);
    product *= 1 - (scaled ? value * value : value);
    out[i] = product;
  }
  return out;
}

/**
 * The schedule rescaled so that its last step is (almost) pure noise: sqrt(alpha) shifted and scaled,
 * the last alpha set to 4.9e-8 (a1111: modules/sd_models.py rescale_zero_terminal_snr_abar).
 */
export function zeroTerminalSnr(alphas: Float32Array): Float32Array {
  const f = Math.fround;
  const last = f(Math.sqrt(alphas.at(-1)!));
  const first = f(Math.sqrt(alphas[0]!));
  const scale = f(first / f(first - last));
  const out = alphas.map((alpha) => f(f(f(Math.sqrt(alpha)) - last) * scale) ** 2);
  out[out.length - 1] = 4.8973451890853435e-8;
  return out;
}

/** The schedule rounded to float16 (a1111: option "Downcast model alphas_cumprod to fp16"). */
export function downcastAlphas(alphas: Float32Array): Float32Array {
  return alphas.map(toFloat16);
}
