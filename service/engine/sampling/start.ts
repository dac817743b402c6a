/** The latent a sampler starts from and the one it answers, from and to the picture's own scale. */
import type { Latent } from './types.ts';
import type { StepPlan } from './steps.ts';

export interface StartOptions {
  readonly plan: Pick<StepPlan, 'sigmas' | 'noiseSigma' | 'preserving' | 'noiseScale'>;
  /** Standard normal, of the latent's shape. */
  readonly noise: Float32Array;
  readonly shape: Latent['shape'];
  /** The picture's latent; absent: text to image, or a start from noise alone. */
  readonly initial?: Float32Array;
  /** Noise added on top, as a share of the unit noise (a1111: img2img_extra_noise). */
  readonly extraNoise?: number;
  /** Text to image starts at noise x sqrt(1 + sigma^2) instead of sigma (a1111: sgm_noise_multiplier). */
  readonly sgmNoise?: boolean;
}

/**
 * The picture noised to the first level: initial + noise x sigma. For plans of the preserving kind
 * initial x sqrt(alpha) + noise x sqrt(1 - alpha), at the level the plan names, then brought into the
 * convention of the samplers at sigmas[0].
 */
export function noisedStart(options: StartOptions): Latent {
  const { plan, noise, initial, extraNoise = 0, shape } = options;
  const first = plan.sigmas[0] ?? 0;
  const toSampler = plan.preserving ? Math.hypot(1, first) : 1;
  const data = new Float32Array(noise.length);
  if (!initial) {
    const whole = plan.preserving || options.sgmNoise === true;
    // What the start is noised to; a solver between ends may take another sigma for it.
    const sigma = plan.preserving ? first : plan.noiseSigma;
    const scale = plan.noiseScale ?? (whole ? Math.hypot(1, sigma) : sigma);
    for (let i = 0; i < data.length; i++) data[i] = noise[i]! * scale;
    return { data, shape };
  }
  const shrink = plan.preserving ? 1 / Math.hypot(1, plan.noiseSigma) : 1;
  const keep = shrink * toSampler;
  const add = (plan.noiseSigma + extraNoise) * shrink * toSampler;
  for (let i = 0; i < data.length; i++) data[i] = keep * initial[i]! + add * noise[i]!;
  return { data, shape };
}

/** Another model's latent, as noisy as the first level, in the convention of the samplers. */
export function handedStart(
  latent: Float32Array,
  shape: Latent['shape'],
  plan: Pick<StepPlan, 'sigmas' | 'preserving'>,
): Latent {
  const scale = plan.preserving ? Math.hypot(1, plan.sigmas[0] ?? 0) : 1;
  return { data: latent.map((value) => value * scale), shape };
}

/** The sampler's result as the picture's latent. */
export function finishedLatent(
  latent: Latent,
  plan: Pick<StepPlan, 'sigmas' | 'preserving' | 'stop'>,
): Latent {
  const last = plan.sigmas.at(plan.stop ?? -1) ?? 0;
  if (!plan.preserving || last === 0) return latent;
  const scale = 1 / Math.hypot(1, last);
  return { data: latent.data.map((value) => value * scale), shape: latent.shape };
}
