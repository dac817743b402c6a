/** Samplers that ComfyUI has and AUTOMATIC1111 has not; Forge's names where it has them. */
import { ddimCfgpp } from './ddimCfgpp.ts';
import { dpmpp2mCfgpp } from './dpmpp2mCfgpp.ts';
import { erSde } from './erSde.ts';
import { gradientEstimation } from './gradientEstimation.ts';
import { heunpp2 } from './heunpp2.ts';
import { ipndm } from './ipndm.ts';
import type { SamplerEntry } from './registry.ts';
import { resMultistep } from './resMultistep.ts';
import { uniPc } from './uniPc.ts';
import { sigmaSampler, timestepSampler } from './webuiSamplers.ts';
import { uniPcLevels } from '../sigmas/uniPcLevels.ts';

export const comfySamplers: readonly SamplerEntry[] = [
  {
    ...sigmaSampler,
    name: 'HeunPP2',
    aliases: ['Heun++ 2'],
    sample: heunpp2,
    evaluations: (sigmas) => Math.max(1, 3 * sigmas.length - 6),
  },
  {
    ...sigmaSampler,
    name: 'IPNDM',
    aliases: [],
    sample: ipndm,
  },
  {
    ...sigmaSampler,
    name: 'Res Multistep',
    aliases: [],
    // It carries the last change on, which needs steps of like widths.
    schedule: 'karras',
    sample: (denoise, start, sigmas, noise, options) =>
      resMultistep(denoise, start, sigmas, noise, { ...options, eta: 0 }),
  },
  {
    ...sigmaSampler,
    name: 'Res Multistep a',
    aliases: ['res_multistep_ancestral'],
    schedule: 'karras',
    sample: resMultistep,
    noise: 'independent',
    usesSeedDelta: true,
    eta: 1,
  },
  {
    ...sigmaSampler,
    name: 'Gradient Estimation',
    aliases: [],
    sample: gradientEstimation,
  },
  {
    ...sigmaSampler,
    name: 'ER SDE',
    aliases: ['er_sde'],
    sample: erSde,
    noise: 'independent',
    usesSeedDelta: true,
  },
  {
    ...sigmaSampler,
    name: 'Euler CFG++',
    aliases: ['euler_cfg_pp'],
    sample: (denoise, start, sigmas, noise, options) =>
      ddimCfgpp(denoise, start, sigmas, noise, { ...options, eta: 0 }),
    needsUnconditional: true,
  },
  {
    ...sigmaSampler,
    name: 'Euler a CFG++',
    aliases: ['euler_ancestral_cfg_pp'],
    sample: (denoise, start, sigmas, noise, options) =>
      ddimCfgpp(denoise, start, sigmas, noise, { eta: 1, ...options }),
    noise: 'independent',
    usesSeedDelta: true,
    eta: 1,
    needsUnconditional: true,
  },
  {
    ...sigmaSampler,
    name: 'DPM++ 2M CFG++',
    aliases: ['dpmpp_2m_cfg_pp'],
    sample: dpmpp2mCfgpp,
    schedule: 'karras',
    needsUnconditional: true,
  },
  {
    ...timestepSampler,
    name: 'UniPC BH2',
    aliases: ['uni_pc_bh2'],
    sample: (denoise, start, sigmas, noise, options) =>
      uniPc(denoise, start, sigmas, noise, { ...options, variant: 'bh2' }),
    ownLevels: uniPcLevels,
  },
];
