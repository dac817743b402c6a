/** A scheduler set to a number of steps: the calls it makes, and the sampler that makes them. */
import { diffusersLevels } from '../sigmas/diffusersLevels.ts';
import { fractionalTimestep } from '../sigmas/diffusersTimesteps.ts';
import type { Levels } from '../sigmas/levels.ts';
import { modelSigmas, type ModelSigmas } from '../sigmas/modelSigmas.ts';
import type { Sampler } from '../types.ts';
import { cleanBy } from './clean.ts';
import { lcm, tcd } from './consistency.ts';
import { ddim } from './ddim.ts';
import { deis } from './deis.ts';
import { dpmMultistep } from './dpmMultistep.ts';
import { dpmSinglestep } from './dpmSinglestep.ts';
import { euler, eulerAncestral } from './euler.ts';
import { lms } from './lms.ts';
import { perCall, type MakeStep, type PerCallOptions } from './perCall.ts';
import { pndm } from './pndm.ts';
import { pndmCalls } from './pndmCalls.ts';
import type { DiffusersScheduler } from './readScheduler.ts';
import {
  dpmSolverSde,
  heun,
  kdpm2,
  middleBelow,
  middleOf,
  middleThroughLog,
  withSecondCalls,
} from './secondOrder.ts';
import { uniPc } from './uniPc.ts';

export interface Scheduler {
  /** One level for each call, and where the last one's step ends. */
  readonly levels: Levels;
  /** Over those levels, or their end. */
  readonly sample: Sampler;
  /** What its steps ask of a noise source. */
  readonly noise: 'none' | 'independent' | 'brownian';
}

/** n steps, at least 1, over a model's cumulative alphas. */
export function makeScheduler(
  config: DiffusersScheduler,
  alphasCumprod: Float32Array,
  n: number,
): Scheduler {
  const model = modelSigmas(alphasCumprod);
  const plain = diffusersLevels(config.schedule, alphasCumprod, n);
  const { levels, makeStep, knownLevel } = callsOf(config, { plain, model, n });
  const clean = cleanBy(config.clean);
  return {
    levels,
    sample: perCall(levels.sigmas.length - 1, makeStep, { clean, knownLevel }),
    noise: noiseOf(config),
  };
}

interface Setting {
  readonly plain: Levels;
  readonly model: ModelSigmas;
  readonly n: number;
}

interface Calls {
  readonly levels: Levels;
  readonly makeStep: MakeStep;
  readonly knownLevel?: PerCallOptions['knownLevel'];
}

function callsOf(config: DiffusersScheduler, { plain, model, n }: Setting): Calls {
  const { solver, schedule } = config;
  const { sigmas } = plain;
  const stride = Math.floor(model.sigmas.length / n);
  const end = schedule.setAlphaToOne === false ? model.sigmaMin : 0;
  const sigmaOf = (t: number) =>
    t < 0 ? end : model.sigmas[Math.min(t, model.sigmas.length - 1)]!;
  const as = (makeStep: MakeStep): Calls => ({ levels: plain, makeStep });
  switch (solver.kind) {
    case 'euler':
      return as(euler(sigmas, config.prediction));
    case 'euler-ancestral':
      return as(eulerAncestral(sigmas));
    case 'lms':
      return as(lms(sigmas));
    case 'dpm-multistep':
      return as(dpmMultistep(sigmas, solver));
    case 'dpm-singlestep':
      return as(dpmSinglestep(sigmas, solver));
    case 'unipc':
      return as(uniPc(sigmas, solver));
    case 'deis':
      return as(deis(sigmas, solver));
    case 'ddim':
      return as(ddim(plain, stride, sigmaOf));
    case 'lcm':
      return as(lcm(plain, solver.timestepScaling));
    case 'tcd':
      return as(tcd(plain, sigmaOf));
    case 'pndm': {
      const { levels, rungeKutta } = pndmCalls(plain, { ...solver, stride, sigmaOf });
      const isV = config.prediction === 'v';
      return { levels, makeStep: pndm({ levels, rungeKutta, stride, sigmaOf, isV }) };
    }
    case 'heun':
    case 'kdpm2':
    case 'kdpm2-ancestral':
    case 'dpm-sde':
      return secondOrder(solver.kind, { plain, model, n });
  }
}

/** Of a second call: where its step ends, not the middle that it looks at (their add_noise). */
function plainLevel({ sigmas }: Levels): (at: number) => number {
  return (at) => sigmas[Math.min(at + (at % 2), sigmas.length - 1)]!;
}

function secondOrder(
  kind: 'heun' | 'kdpm2' | 'kdpm2-ancestral' | 'dpm-sde',
  { plain, model }: Setting,
): Calls {
  const timestepOf = (sigma: number) => fractionalTimestep(model, sigma);
  switch (kind) {
    case 'heun': {
      const { timesteps = [] } = plain;
      const levels = withSecondCalls(
        plain,
        (_, next) => next,
        (_, i) => timesteps[i]!,
      );
      return { levels, makeStep: heun(levels.sigmas) };
    }
    case 'kdpm2': {
      const levels = withSecondCalls(plain, middleOf, timestepOf);
      return { levels, makeStep: kdpm2(levels.sigmas, false), knownLevel: plainLevel(levels) };
    }
    case 'kdpm2-ancestral': {
      const levels = withSecondCalls(plain, middleBelow, timestepOf);
      return { levels, makeStep: kdpm2(levels.sigmas, true), knownLevel: plainLevel(levels) };
    }
    case 'dpm-sde': {
      const levels = withSecondCalls(plain, middleThroughLog, timestepOf);
      return { levels, makeStep: dpmSolverSde(levels.sigmas), knownLevel: plainLevel(levels) };
    }
  }
}

function noiseOf({ solver }: DiffusersScheduler): Scheduler['noise'] {
  switch (solver.kind) {
    case 'dpm-sde':
      return 'brownian';
    case 'euler-ancestral':
    case 'kdpm2-ancestral':
    case 'ddim':
    case 'lcm':
    case 'tcd':
      return 'independent';
    case 'dpm-multistep':
    case 'dpm-singlestep':
      return solver.algorithm.startsWith('sde') ? 'independent' : 'none';
    case 'deis':
    case 'euler':
    case 'heun':
    case 'kdpm2':
    case 'lms':
    case 'pndm':
    case 'unipc':
      return 'none';
  }
}
