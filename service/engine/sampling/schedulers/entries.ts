/** Samplers known from diffusers alone, as they run over any list of sigmas. */
import type { SamplerEntry } from '../samplers/registry.ts';
import { modelSigmas } from '../sigmas/modelSigmas.ts';
import { alphasCumprod } from '../sigmas/noiseSchedule.ts';
import type { Sampler } from '../types.ts';
import { tcd } from './consistency.ts';
import { deis } from './deis.ts';
import { dpmSinglestep } from './dpmSinglestep.ts';
import { overSigmas } from './perCall.ts';

const singlestep: Sampler = overSigmas((sigmas) =>
  dpmSinglestep(sigmas, {
    order: 2,
    algorithm: 'dpmsolver++',
    rule: 'midpoint',
    lowerOrderFinal: true,
  }),
);

const deisSampler: Sampler = overSigmas((sigmas) =>
  deis(sigmas, { order: 3, lowerOrderFinal: true }),
);

/** Its share of the way is one of timesteps, which are Stable Diffusion's. */
const tcdSampler: Sampler = overSigmas((sigmas) => {
  const { sigmaToT, tToSigma } = modelSigmas(alphasCumprod());
  return tcd({ sigmas, timesteps: sigmas.slice(0, -1).map(sigmaToT) }, tToSigma);
});

export const schedulerSamplers: readonly SamplerEntry[] = [
  {
    name: 'DPM++ 2S',
    aliases: ['k_dpmpp_2s', 'dpmpp_2s', 'DPMSolverSinglestepScheduler'],
    sample: singlestep,
    schedule: 'karras',
    space: 'sigma',
    noise: 'none',
  },
  {
    name: 'DEIS',
    aliases: ['k_deis', 'deis_multistep', 'DEISMultistepScheduler'],
    sample: deisSampler,
    schedule: 'karras',
    space: 'sigma',
    noise: 'none',
  },
  {
    name: 'TCD',
    aliases: ['k_tcd', 'TCDScheduler'],
    sample: tcdSampler,
    schedule: 'sgm_uniform',
    space: 'sigma',
    noise: 'independent',
    eta: 0.3,
  },
];
