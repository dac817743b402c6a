/**
 * The noise levels that latent consistency models were distilled at: 50 of the model's 1000, evaluated
 * at whole timesteps (Luo et al. 2023; a1111: sd_samplers_lcm.py).
 */
import { modelSigmas, type ModelSigmas } from './modelSigmas.ts';

const levels = 50;
const sigmaData = 0.5;
const timestepScale = 10;

/** The model's every 20th level, the last one included; a sigma's timestep is its nearest level's. */
export function consistencySigmas(model: ModelSigmas): ModelSigmas {
  const stride = Math.floor(model.sigmas.length / levels);
  const first = stride - 1;
  const last = model.sigmas.length - 1;
  const alphas = Float32Array.from(
    { length: levels },
    (_, i) => model.alphasCumprod[last - (levels - 1 - i) * stride]!,
  );
  const own = modelSigmas(alphas);
  const nearestT = (sigma: number): number => own.nearestT(sigma) * stride + first;
  return {
    ...own,
    sigmaToT: nearestT,
    nearestT,
    tToSigma: (t) => own.tToSigma((t - first) / stride),
  };
}

/** Shares of the noisy latent and of the prediction at a timestep: near 0 the latent is the answer. */
export function consistencyBoundary(timestep: number): { skip: number; out: number } {
  const t = timestep * timestepScale;
  const sum = t * t + sigmaData * sigmaData;
  return { skip: (sigmaData * sigmaData) / sum, out: t / Math.sqrt(sum) };
}
