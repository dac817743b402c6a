/**
 * From noise (and a picture's latent) to a clean latent: schedule, start, denoiser, sampler, mask.
 * Nothing here knows pixels, files or a dialect's name.
 */
import type { DiffusionModel } from './diffusion.ts';
import { startsFromNoise, type PipelineOptions } from './plan/pipelineOptions.ts';
import { blendKnown, type Blend } from './sampling/blend.ts';
import { makeDenoise, type Conditioning } from './sampling/denoiser.ts';
import { withRenoisedKnown } from './sampling/renoised.ts';
import { chooseSampling } from './sampling/chooseSampling.ts';
import type { SamplerEntry } from './sampling/samplers/registry.ts';
import type { RandomSource } from './sampling/noise/generator.ts';
import { diffusersChoice } from './sampling/sigmas/diffusersChoice.ts';
import { diffusersAlphas, diffusersLevels } from './sampling/sigmas/diffusersLevels.ts';
import type { ScheduleOptions } from './sampling/sigmas/levels.ts';
import { modelSigmas, type ModelSigmas } from './sampling/sigmas/modelSigmas.ts';
import { finishedLatent, noisedStart } from './sampling/start.ts';
import { planSteps, type StepPlan } from './sampling/steps.ts';
import { stepNoise } from './sampling/stepNoise.ts';
import type {
  Denoise,
  Latent,
  NoiseSource,
  SamplerOptions,
  SamplerStep,
} from './sampling/types.ts';
import type { Tensor } from './tensor.ts';

/** What is known of the picture, in latents. */
export interface KnownPicture {
  /** Scaled clean latents, `[1|B,4,h,w]`, masked content not yet in place. */
  readonly latent: Float32Array;
  /** `[h,w]`, 1 = repaint; absent when everything may change. */
  readonly mask?: Float32Array | undefined;
  /** What the hole's latents start from. */
  readonly content: 'picture' | 'noise' | 'nothing';
}

export interface DiffuseInput {
  readonly model: DiffusionModel;
  readonly options: Pick<
    PipelineOptions,
    'stepRule' | 'spacing' | 'alphas' | 'fullStrengthStart' | 'weakGuidance' | 'maskBlend'
  >;
  readonly sampler: string;
  /** A schedule's name, or 'automatic': the sampler's own. */
  readonly schedule: string;
  readonly samplerOptions?: SamplerOptions;
  readonly scheduleOptions?: ScheduleOptions;
  /** Whose normals a Brownian tree uses ('cpu'). */
  readonly source?: RandomSource;
  readonly steps: number;
  /** 0..1; absent for text to image. */
  readonly strength?: number | undefined;
  readonly cfgScale: number;
  readonly conditioning: (call: number) => Conditioning;
  /** `[B,4,h,w]` */
  readonly shape: Latent['shape'];
  readonly seeds: readonly number[];
  /** The initial noise first, then what each step asks for. */
  readonly noise: { next(): Float32Array };
  readonly known?: KnownPicture | undefined;
  /** Further UNet channels for inpainting models, `[1|B,c,h,w]`. */
  readonly extraChannels?: Tensor | undefined;
  /** Told what happens inside, for tests against other programs. */
  readonly trace?: Partial<DiffuseTrace>;
}

export interface DiffuseTrace {
  noise(noise: Float32Array): void;
  initial(latent: Float32Array | undefined): void;
  plan(plan: StepPlan): void;
  start(latent: Latent): void;
  stepNoise(noise: Float32Array): void;
  call(x: Latent, sigma: number, denoised: Latent): void;
  sampled(latent: Latent): void;
}

/** Yields after each step; answers the clean latent, scaled. Throws E_SAMPLER_UNKNOWN, E_SCHEDULE_UNKNOWN. */
export async function* diffuse(
  input: DiffuseInput,
): AsyncGenerator<SamplerStep & { readonly steps: number }, Latent> {
  const { shape, trace } = input;
  const sigmas = modelSigmas(alphasOf(input));
  const { sampler, plan } = planOf(input, sigmas);
  const noise = input.noise.next();
  const initial = input.known && withContent(input.known, noise, shape);
  const start = noisedStart({
    plan,
    noise,
    shape,
    ...(initial && !isFromNoise(input) ? { initial } : {}),
  });
  trace?.plan?.(plan);
  trace?.noise?.(noise);
  trace?.initial?.(initial);
  trace?.start?.(start);
  const denoise = traced(makeRunDenoise(input, { sigmas, plan, sampler, initial }), trace);
  const seeds = {
    seeds: input.seeds,
    source: input.source ?? 'cpu',
    size: shape[1] * shape[2] * shape[3],
  };
  const following = tracedNoise(
    stepNoise({ sampler, plan, following: input.noise, ...seeds }),
    trace,
  );
  const run = renoisedWhereAsked(input, { sigmas, plan, sampler, initial }, noise);
  let latent = start;
  for await (const step of run(
    denoise,
    start,
    plan.sigmas,
    following,
    samplerOptions(input, sampler),
  )) {
    latent = step.latent;
    yield { ...step, steps: plan.steps };
  }
  const sampled = finishedLatent(latent, plan);
  trace?.sampled?.(sampled);
  return keepUntouched(sampled, input, initial);
}

function alphasOf({ model, options }: DiffuseInput): Float32Array {
  const { betas, alphasCumprod } = model.facts;
  if (options.alphas === 'double' || !betas || betas.zeroTerminalSnr) return alphasCumprod;
  return diffusersAlphas({ betaStart: betas.start, betaEnd: betas.end }).alphasCumprod;
}

function planOf(input: DiffuseInput, model: ModelSigmas): Pick<RunParts, 'sampler' | 'plan'> {
  const { sampler, schedule, named } = chooseSampling(input);
  const { stepRule: rule, spacing } = input.options;
  const choice = spacing === 'webui' ? undefined : diffusersChoice(sampler, named?.id, spacing);
  const plan = planSteps({
    rule,
    steps: input.steps,
    ...(input.strength === undefined ? {} : { strength: input.strength }),
    sampler,
    schedule,
    model,
    ...(input.scheduleOptions ? { options: input.scheduleOptions } : {}),
    ...(choice ? { levels: (n) => diffusersLevels(choice, model.alphasCumprod, n) } : {}),
  });
  return { sampler, plan };
}

function samplerOptions(input: DiffuseInput, sampler: SamplerEntry): SamplerOptions {
  return { ...(sampler.eta === undefined ? {} : { eta: sampler.eta }), ...input.samplerOptions };
}

/** The hole's latents: the picture's own, noise, or nothing (a1111: inpainting_fill 2 and 3). */
function withContent(
  known: KnownPicture,
  noise: Float32Array,
  shape: Latent['shape'],
): Float32Array {
  const latent = Float32Array.from(noise, (_, i) => known.latent[i % known.latent.length]);
  if (known.mask && known.content !== 'picture') {
    const hole = known.content === 'noise' ? noise : new Float32Array(noise.length);
    blendKnown(
      { data: latent, shape },
      known.mask.map((m) => 1 - m),
      hole,
    );
  }
  return latent;
}

function isFromNoise(input: DiffuseInput): boolean {
  const { known, strength, options } = input;
  const masked = known?.mask !== undefined;
  const content = known?.content ?? 'picture';
  return startsFromNoise(options.fullStrengthStart, { strength, masked, content });
}

/** The mask by which known latents are kept; an inpainting model may be left to itself. */
function keepingMask(input: DiffuseInput): Float32Array | undefined {
  const alone = input.options.maskBlend === 'renoised' && input.model.facts.inChannels !== 4;
  return alone ? undefined : input.known?.mask;
}

interface RunParts {
  readonly sigmas: ModelSigmas;
  readonly plan: StepPlan;
  readonly sampler: SamplerEntry;
  readonly initial: Float32Array | undefined;
}

function makeRunDenoise(input: DiffuseInput, parts: RunParts): Denoise {
  const { model, extraChannels } = input;
  const { plan, sigmas } = parts;
  const byTimestep = plan.timesteps;
  const timesteps = new Map(byTimestep?.map((t, i) => [plan.sigmas[i], t]));
  return makeDenoise({
    predict: (latents, timesteps, context) => model.predict(latents, timesteps, context),
    prediction: model.facts.prediction,
    model: sigmas,
    ...(byTimestep ? { timestepOf: (sigma: number) => timesteps.get(sigma) } : {}),
    conditioning: input.conditioning,
    cfgScale: input.options.weakGuidance === 'off' ? Math.max(1, input.cfgScale) : input.cfgScale,
    ...(extraChannels ? { extraChannels } : {}),
    blend: blendOf(input, parts),
  });
}

function blendOf(input: DiffuseInput, parts: RunParts): Blend {
  const mask = keepingMask(input);
  const known = parts.initial;
  if (!mask || !known) return { kind: 'none' };
  switch (input.options.maskBlend) {
    case 'denoised':
      return { kind: parts.sampler.space === 'timestep' ? 'input' : 'denoised', mask, known };
    case 'differential': {
      const first = parts.plan.timesteps?.[0] ?? parts.sigmas.sigmaToT(parts.plan.sigmas[0] ?? 0);
      return { kind: 'differential', mask, known, firstTimestep: Math.max(1, first) };
    }
    case 'renoised':
      return { kind: 'none' };
  }
}

function renoisedWhereAsked(input: DiffuseInput, parts: RunParts, noise: Float32Array) {
  const { sampler, initial: known, plan } = parts;
  const mask = keepingMask(input);
  if (input.options.maskBlend !== 'renoised' || !mask || !known) return sampler.sample;
  return withRenoisedKnown(sampler.sample, { mask, known, noise, preserving: plan.preserving });
}

function traced(denoise: Denoise, trace: DiffuseInput['trace']): Denoise {
  const { call } = trace ?? {};
  if (!call) return denoise;
  return async (x, sigma) => {
    const denoised = await denoise(x, sigma);
    call({ data: x.data.slice(), shape: x.shape }, sigma, denoised);
    return denoised;
  };
}

function tracedNoise(noise: NoiseSource, trace: DiffuseInput['trace']): NoiseSource {
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

/** What was not to change is the picture's own latent in the end, whatever the solver did with it. */
function keepUntouched(
  latent: Latent,
  input: DiffuseInput,
  known: Float32Array | undefined,
): Latent {
  const mask = keepingMask(input);
  if (!mask || !known) return latent;
  const soft = input.options.maskBlend === 'differential';
  blendKnown(latent, mask, known, soft ? (m) => (m > 0 ? 1 : 0) : (m) => m);
  return latent;
}
