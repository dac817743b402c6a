/** A request's advanced settings in the words of one run. */
import { limits } from '../../shared/limits.ts';
import type { DiffusionRequest } from '../../shared/request.ts';
import type { DiffuseInput } from './diffuse.ts';
import type { DiffusionFacts } from './diffusion.ts';
import { stepRuleFor, type PipelineOptions } from './plan/pipelineOptions.ts';

export type AdvancedInput = Required<
  Pick<
    DiffuseInput,
    | 'options'
    | 'guidance'
    | 'scheduleOptions'
    | 'training'
    | 'quantize'
    | 'startNoise'
    | 'softBlend'
  >
>;

export function advancedInput(
  request: DiffusionRequest,
  options: PipelineOptions,
  facts: Pick<DiffusionFacts, 'inChannels'>,
): AdvancedInput {
  const a = request.advanced ?? {};
  const edits = facts.inChannels === 8 && request.kind !== 'text';
  return {
    options: { ...options, stepRule: stepRuleFor(options, a.exactSteps) },
    guidance: {
      imageScale: edits ? (a.imageCfgScale ?? limits.imageCfgScale.default) : undefined,
      belowSigma: a.skipNegativeBelowSigma,
      everyCall: a.skipNegativeEveryCall,
      earlyShare: a.skipNegativeEarly,
    },
    scheduleOptions: {
      ...(a.sigmaMin === undefined ? {} : { sigmaMin: a.sigmaMin }),
      ...(a.sigmaMax === undefined ? {} : { sigmaMax: a.sigmaMax }),
      ...(a.rho === undefined ? {} : { rho: a.rho }),
      ...(a.betaAlpha === undefined ? {} : { betaAlpha: a.betaAlpha }),
      ...(a.betaBeta === undefined ? {} : { betaBeta: a.betaBeta }),
      dropPenultimate: a.dropPenultimate ?? false,
    },
    training: {
      zeroTerminalSnr: a.zeroTerminalSnr ?? false,
      halfAlphas: a.halfAlphas ?? false,
    },
    quantize: a.wholeTimesteps ?? false,
    startNoise: {
      multiplier: a.noiseMultiplier ?? 1,
      extra: a.extraNoise ?? 0,
      sgm: a.sgmNoise ?? false,
    },
    softBlend: a.softInpainting,
  };
}

/** The strength that a run obeys; undefined: noise alone and the whole schedule. */
export function obeyedStrength(
  request: DiffusionRequest,
  options: Pick<PipelineOptions, 'editStrength'>,
  facts: Pick<DiffusionFacts, 'inChannels'>,
): number | undefined {
  if (request.kind === 'text') return undefined;
  return facts.inChannels === 8 && options.editStrength === 'full' ? undefined : request.strength;
}
