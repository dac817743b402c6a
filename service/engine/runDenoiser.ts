/** The denoiser of one run: network, guidance, refiner and mask put together from its options. */
import type { DiffuseInput } from './diffuse.ts';
import type { DiffusionModel } from './diffusion.ts';
import type { RunControl } from './runControl.ts';
import type { Blend } from './sampling/blend.ts';
import type { Conditioning } from './sampling/conditionRows.ts';
import { makeDenoise, type Successor } from './sampling/denoiser.ts';
import {
  skipUnconditional,
  type SkipOptions,
  type SkipUnconditional,
} from './sampling/guidance.ts';
import { refinerTakesOver, type RefinerSwitch } from './sampling/refiner.ts';
import type { SamplerEntry } from './sampling/samplers/registry.ts';
import { denoiserNeeds } from './sampling/samplerNeeds.ts';
import { timestepLookup } from './sampling/sigmas/levels.ts';
import type { ModelSigmas } from './sampling/sigmas/modelSigmas.ts';
import { countSteps, type StepPlan } from './sampling/steps.ts';
import type { Denoise } from './sampling/types.ts';

/** What guidance does beyond its scale. */
export interface GuidanceOptions extends SkipOptions {
  /** Edit models: how strongly the picture holds; absent or 1: ordinary guidance. */
  readonly imageScale?: number | undefined;
}

/** Another model of the same kind that answers from some call on. */
export interface Refiner extends RefinerSwitch {
  readonly model: DiffusionModel;
  /** In the refiner's own encoding, counted over the whole run. */
  readonly conditioning: (call: number) => Conditioning;
}

export interface RunParts {
  readonly sigmas: ModelSigmas;
  readonly plan: StepPlan;
  readonly sampler: SamplerEntry;
  readonly initial: Float32Array | undefined;
  /** ControlNets of the run; a refiner goes without. */
  readonly control?: RunControl | undefined;
}

export function makeRunDenoise(input: DiffuseInput, parts: RunParts): Denoise {
  const { model, extraChannels } = input;
  const { cfgScale, imageScale } = guidanceScales(input);
  const needs = denoiserNeeds(parts.sampler, parts.plan, { model: parts.sigmas, cfgScale });
  const calls = callsOf(input, parts.sampler);
  return makeDenoise({
    predict: (...question) => model.predict(...question),
    control: (question) => Promise.resolve(parts.control?.residuals(question)),
    prediction: model.facts.prediction,
    ...(input.quantize === true ? { timestepOf: parts.sigmas.nearestT } : {}),
    ...needs,
    conditioning: input.conditioning,
    imageScale,
    guidanceRescale: input.guidanceRescale ?? 0,
    skipUnconditional: skipOf(input, parts, calls),
    ...(extraChannels ? { extraChannels } : {}),
    ...successorOf(input, parts, calls),
    blend: blendOf(input, parts),
  });
}

/** Weak guidance by text or picture may turn both off (diffusers: do_classifier_free_guidance). */
function guidanceScales({ options, cfgScale, guidance }: DiffuseInput) {
  const imageScale = guidance?.imageScale;
  const weak = cfgScale <= 1 || (imageScale ?? 1) < 1;
  return options.weakGuidance === 'off' && weak
    ? { cfgScale: 1, imageScale: 1 }
    : { cfgScale, imageScale };
}

/** All model calls of the run as AUTOMATIC1111 counts them: two a step where the solver is of second order. */
function callsOf(input: DiffuseInput, sampler: SamplerEntry): number {
  const { steps, strength } = input;
  const rule = input.options.stepRule;
  const { run } = countSteps({ rule, steps, ...(strength === undefined ? {} : { strength }) });
  return run * (sampler.secondOrder === true ? 2 : 1);
}

function skipOf(
  { guidance = {}, options }: DiffuseInput,
  { plan, sampler }: RunParts,
  calls: number,
): SkipUnconditional | undefined {
  const skip = skipUnconditional(guidance, calls);
  const timestepOf = timestepLookup(plan);
  const goesByTimesteps = options.skipMeasure === 'called' && sampler.space === 'timestep';
  if (!skip || !timestepOf || !goesByTimesteps) return skip;
  return (call, sigma) => skip(call, timestepOf(sigma) ?? sigma);
}

function successorOf(
  { refiner, trace }: DiffuseInput,
  { sigmas, plan }: RunParts,
  calls: number,
): { successor?: Successor } {
  if (!refiner) return {};
  const ownTimesteps = plan.timesteps !== undefined;
  const due = refinerTakesOver(refiner, { model: sigmas, calls, ownTimesteps });
  let told = false;
  return {
    successor: {
      predict: (latents, timesteps, context) => refiner.model.predict(latents, timesteps, context),
      conditioning: refiner.conditioning,
      takesOver(call, sigma, timestep) {
        const takes = due(call, sigma, timestep);
        if (takes && !told) trace?.refined?.(call);
        told ||= takes;
        return takes;
      },
    },
  };
}

/** The mask by which known latents are kept; a model that paints into a hole may be left to itself. */
export function keepingMask(input: DiffuseInput): Float32Array | undefined {
  const leaves = input.options.maskBlend === 'renoised' && !input.softBlend;
  const alone = leaves && input.model.facts.inChannels === 9;
  return alone ? undefined : input.known?.mask;
}

function blendOf(input: DiffuseInput, parts: RunParts): Blend {
  const mask = keepingMask(input);
  const known = parts.initial;
  if (!mask || !known) return { kind: 'none' };
  const timesteps = parts.sampler.space === 'timestep';
  if (input.softBlend) {
    const called = timesteps && input.options.softMeasure === 'called';
    const at = called ? 'input' : 'prediction';
    return { kind: 'soft', mask, known, options: input.softBlend, at };
  }
  switch (input.options.maskBlend) {
    case 'denoised':
      return { kind: timesteps ? 'input' : 'denoised', mask, known };
    case 'differential': {
      const first = parts.plan.timesteps?.[0] ?? parts.sigmas.sigmaToT(parts.plan.sigmas[0] ?? 0);
      return { kind: 'differential', mask, known, firstTimestep: Math.max(1, first) };
    }
    case 'renoised':
      return { kind: 'none' };
  }
}
