/** Euler's method, and with fresh noise (diffusers EulerDiscrete- and EulerAncestralDiscreteScheduler). */
import { ancestralStep } from '../samplers/ancestral.ts';
import { addNoise, eulerStep, weightedSum } from '../samplers/arithmetic.ts';
import type { MakeStep } from './perCall.ts';

/**
 * sChurn raises the latent after its prediction, which was made at the level below; what the network
 * answered is then read at the raised latent.
 */
export function euler(sigmas: readonly number[], prediction: 'epsilon' | 'v' | 'sample'): MakeStep {
  const calls = sigmas.length - 1;
  return ({ noise, options }) =>
    ({ x, denoised, at }) => {
      const { sChurn = 0, sTmin = 0, sTmax = Infinity, sNoise = 1 } = options;
      const [sigma, next] = [sigmas[at]!, sigmas[at + 1]!];
      const inside = sigma >= sTmin && sigma <= sTmax;
      const gamma = inside ? Math.min(sChurn / calls, Math.SQRT2 - 1) : 0;
      if (gamma <= 0) return eulerStep(x, denoised, sigma, next);
      const raised = sigma * (gamma + 1);
      const amount = sNoise * Math.sqrt(raised ** 2 - sigma ** 2);
      const higher = addNoise(x, noise.next(sigma, next), amount);
      const clean = {
        sample: () => denoised,
        // The same noise at the raised level.
        epsilon: () =>
          weightedSum([
            [1, higher],
            [-raised / sigma, x],
            [raised / sigma, denoised],
          ]),
        // The same v at the level below.
        v: () =>
          weightedSum([
            [1, denoised],
            [shareOf(sigma), higher],
            [-shareOf(sigma), x],
          ]),
      }[prediction]();
      return eulerStep(higher, clean, raised, next);
    };
}

const shareOf = (sigma: number) => 1 / (sigma ** 2 + 1);

export function eulerAncestral(sigmas: readonly number[]): MakeStep {
  return ({ noise, options }) =>
    ({ x, denoised, at }) => {
      const [sigma, next] = [sigmas[at]!, sigmas[at + 1]!];
      const { down, up } = ancestralStep(sigma, next, options.eta ?? 1);
      // Drawn at every step, the last one's for nothing.
      const fresh = noise.next(sigma, next);
      return addNoise(eulerStep(x, denoised, sigma, down), fresh, up * (options.sNoise ?? 1));
    };
}
