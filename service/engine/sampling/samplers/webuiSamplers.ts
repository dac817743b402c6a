/** AUTOMATIC1111's samplers, in its order and by its names. */
import { uniPcLevels } from '../sigmas/uniPcLevels.ts';
import { ddim } from './ddim.ts';
import { ddimCfgpp } from './ddimCfgpp.ts';
import { dpm2, dpm2Ancestral } from './dpm2.ts';
import { dpmAdaptive } from './dpmAdaptive.ts';
import { dpmFast } from './dpmFast.ts';
import { dpmpp2m } from './dpmpp2m.ts';
import { dpmpp2mSde, dpmpp2mSdeHeun } from './dpmpp2mSde.ts';
import { dpmpp2sAncestral } from './dpmpp2sAncestral.ts';
import { dpmpp3mSde } from './dpmpp3mSde.ts';
import { dpmppSde } from './dpmppSde.ts';
import { euler } from './euler.ts';
import { eulerAncestral } from './eulerAncestral.ts';
import { heun } from './heun.ts';
import { lcm } from './lcm.ts';
import { lms } from './lms.ts';
import { plms } from './plms.ts';
import { restart, restartWays } from './restart.ts';
import { uniPc } from './uniPc.ts';
import type { SamplerEntry } from './registry.ts';

export const sigmaSampler = { space: 'sigma', noise: 'none', schedule: 'uniform' } as const;
export const timestepSampler = { space: 'timestep', noise: 'none', schedule: 'ddim' } as const;

export const webuiSamplers: readonly SamplerEntry[] = [
  {
    ...sigmaSampler,
    name: 'DPM++ 2M',
    aliases: ['k_dpmpp_2m', 'dpmpp_2m', 'DPMSolverMultistepScheduler'],
    sample: dpmpp2m,
    schedule: 'karras',
  },
  {
    ...sigmaSampler,
    name: 'DPM++ SDE',
    aliases: ['k_dpmpp_sde', 'dpmpp_sde', 'dpmpp_sde_gpu', 'DPMSolverSDEScheduler'],
    sample: dpmppSde,
    schedule: 'karras',
    noise: 'brownian',
    secondOrder: true,
    eta: 1,
  },
  {
    ...sigmaSampler,
    name: 'DPM++ 2M SDE',
    aliases: ['k_dpmpp_2m_sde', 'dpmpp_2m_sde', 'dpmpp_2m_sde_gpu'],
    sample: dpmpp2mSde,
    schedule: 'exponential',
    noise: 'brownian',
    eta: 1,
  },
  {
    ...sigmaSampler,
    name: 'DPM++ 2M SDE Heun',
    aliases: ['k_dpmpp_2m_sde_heun', 'dpmpp_2m_sde_heun'],
    sample: dpmpp2mSdeHeun,
    schedule: 'exponential',
    noise: 'brownian',
    eta: 1,
  },
  {
    ...sigmaSampler,
    name: 'DPM++ 2S a',
    aliases: ['k_dpmpp_2s_a', 'dpmpp_2s_ancestral', 'DPM++ 2S ancestral'],
    sample: dpmpp2sAncestral,
    schedule: 'karras',
    noise: 'independent',
    secondOrder: true,
    usesSeedDelta: true,
    eta: 1,
  },
  {
    ...sigmaSampler,
    name: 'DPM++ 3M SDE',
    aliases: ['k_dpmpp_3m_sde', 'dpmpp_3m_sde', 'dpmpp_3m_sde_gpu'],
    sample: dpmpp3mSde,
    schedule: 'exponential',
    noise: 'brownian',
    dropsPenultimate: true,
    eta: 1,
  },
  {
    ...sigmaSampler,
    name: 'Euler a',
    aliases: [
      'k_euler_a',
      'k_euler_ancestral',
      'euler_ancestral',
      'Euler ancestral',
      'EulerAncestralDiscreteScheduler',
      // The same solver over its own timesteps.
      'ddpm',
      'DDPMScheduler',
    ],
    sample: eulerAncestral,
    noise: 'independent',
    usesSeedDelta: true,
    eta: 1,
  },
  {
    ...sigmaSampler,
    name: 'Euler',
    aliases: ['k_euler', 'EulerDiscreteScheduler'],
    sample: euler,
  },
  {
    ...sigmaSampler,
    name: 'LMS',
    aliases: ['k_lms', 'LMSDiscreteScheduler'],
    sample: lms,
  },
  {
    ...sigmaSampler,
    name: 'Heun',
    aliases: ['k_heun', 'HeunDiscreteScheduler'],
    sample: heun,
    secondOrder: true,
  },
  {
    ...sigmaSampler,
    name: 'DPM2',
    aliases: ['k_dpm_2', 'dpm_2', 'KDPM2DiscreteScheduler'],
    sample: dpm2,
    schedule: 'karras',
    secondOrder: true,
    dropsPenultimate: true,
  },
  {
    ...sigmaSampler,
    name: 'DPM2 a',
    aliases: ['k_dpm_2_a', 'dpm_2_ancestral', 'DPM2 ancestral', 'KDPM2AncestralDiscreteScheduler'],
    sample: dpm2Ancestral,
    schedule: 'karras',
    noise: 'independent',
    secondOrder: true,
    dropsPenultimate: true,
    usesSeedDelta: true,
    eta: 1,
  },
  {
    ...sigmaSampler,
    name: 'DPM fast',
    aliases: ['k_dpm_fast', 'dpm_fast'],
    sample: dpmFast,
    noise: 'independent',
    betweenEnds: true,
    usesSeedDelta: true,
    eta: 1,
    evaluations: (sigmas) => sigmas.length - 1,
  },
  {
    ...sigmaSampler,
    name: 'DPM adaptive',
    aliases: ['k_dpm_ad', 'k_dpm_adaptive', 'dpm_adaptive'],
    sample: dpmAdaptive,
    noise: 'independent',
    betweenEnds: true,
    usesSeedDelta: true,
    eta: 1,
    evaluations: () => undefined,
  },
  {
    ...sigmaSampler,
    name: 'Restart',
    aliases: ['k_restart', 'restart_sampler'],
    sample: restart,
    schedule: 'karras',
    noise: 'independent',
    secondOrder: true,
    evaluations: (sigmas) => {
      const ways = restartWays(sigmas, { precision: 'float32' });
      return ways.reduce((sum, [, to]) => sum + (to > 0 ? 2 : 1), 0);
    },
  },
  {
    ...timestepSampler,
    name: 'DDIM',
    aliases: ['DDIMScheduler'],
    sample: ddim,
    noise: 'independent',
    eta: 0,
  },
  {
    ...timestepSampler,
    name: 'DDIM CFG++',
    aliases: ['ddim_cfgpp'],
    sample: ddimCfgpp,
    noise: 'independent',
    eta: 0,
    needsUnconditional: true,
    guidanceFactor: 1 / 12.5,
  },
  {
    ...timestepSampler,
    name: 'PLMS',
    aliases: ['k_plms', 'pndm', 'PNDMScheduler'],
    sample: plms,
    evaluations: (sigmas) => sigmas.length - 1 + (sigmas[1]! > 0 ? 1 : 0),
  },
  {
    ...timestepSampler,
    name: 'UniPC',
    aliases: ['uni_pc', 'UniPCMultistepScheduler'],
    sample: uniPc,
    ownLevels: uniPcLevels,
  },
  {
    ...sigmaSampler,
    name: 'LCM',
    aliases: ['k_lcm', 'LCMScheduler'],
    sample: lcm,
    noise: 'independent',
    consistency: true,
  },
];
