/** Looking over a run's shoulder, for tests against other programs. */
import type { StepPlan } from './sampling/steps.ts';
import type { Denoise, Latent, NoiseSource } from './sampling/types.ts';

export interface DiffuseTrace {
  /** The initial noise, before any multiplier. */
  noise(noise: Float32Array): void;
  initial(latent: Float32Array | undefined): void;
  plan(plan: StepPlan): void;
  start(latent: Latent): void;
  stepNoise(noise: Float32Array): void;
  call(x: Latent, sigma: number, denoised: Latent): void;
  /** The call, from 0, from which the refiner answers. */
  refined(call: number): void;
  sampled(latent: Latent): void;
}

export function tracedDenoise(denoise: Denoise, trace: Partial<DiffuseTrace> | undefined): Denoise {
  const { call } = trace ?? {};
  if (!call) return denoise;
  return async (x, sigma) => {
    const denoised = await denoise(x, sigma);
    call({ data: x.data.slice(), shape: x.shape }, sigma, denoised);
    return denoised;
  };
}

export function tracedNoise(
  noise: NoiseSource,
  trace: Partial<DiffuseTrace> | undefined,
): NoiseSource {
  const { stepNoise: told } = trace ?? {};
  if (!told) return noise;
  return {
    next(sigma, sigmaNext) {
      const drawn = noise.next(sigma, sigmaNext);
      told(drawn);
      return drawn;
    },
  };
}
