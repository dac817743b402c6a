/**
 * From noise (and a picture's latent) to a clean latent: schedule, start, denoiser, sampler, mask.
 * Nothing here knows pixels, files or a dialect's name.
 */
import type { DiffusionModel } from './diffusion.ts';
import { makeRunControl, type ControlOptions } from './runControl.ts';
import { startsFromNoise, type PipelineOptions } from './plan/pipelineOptions.ts';
import { tracedDenoise, tracedNoise, type DiffuseTrace } from './diffuseTrace.ts';
import {
  keepingMask,
  makeRunDenoise,
  type GuidanceOptions,
  type Refiner,
  type RunParts,
} from './runDenoiser.ts';
import { planRun } from './runPlan.ts';
import { blendKnown } from './sampling/blend.ts';
import type { Conditioning } from './sampling/conditionRows.ts';
import { withRenoisedKnown } from './sampling/renoised.ts';
import type { SamplerEntry } from './sampling/samplers/registry.ts';
import type { RandomSource } from './sampling/noise/generator.ts';
import type { SoftBlendOptions } from './sampling/softBlend.ts';
import type { ScheduleOptions } from './sampling/sigmas/levels.ts';
import { finishedLatent, handedStart, noisedStart } from './sampling/start.ts';
import type { SchedulePart, StepPlan } from './sampling/steps.ts';
import { stepNoise } from './sampling/stepNoise.ts';
import type { Latent, SamplerOptions, SamplerStep } from './sampling/types.ts';
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

export interface TrainingOptions {
  /** Rescaled so that the last step is pure noise (Lin et al. 2024), whatever the model was trained on. */
  readonly zeroTerminalSnr?: boolean;
  /** Cumulative alphas rounded to float16. */
  readonly halfAlphas?: boolean;
}

/** How the initial noise enters. Without a picture only `sgm` counts. */
export interface StartNoise {
  /** Factor of the initial noise (1). */
  readonly multiplier?: number;
  /** Noise beyond the first sigma, as a share of the unit noise (0). */
  readonly extra?: number;
  /** Pure noise is a start at noise x sqrt(1 + sigma^2). */
  readonly sgm?: boolean;
}

export interface DiffuseInput {
  readonly model: DiffusionModel;
  readonly options: Pick<
    PipelineOptions,
    | 'stepRule'
    | 'spacing'
    | 'alphas'
    | 'trainingChange'
    | 'fullStrengthStart'
    | 'weakGuidance'
    | 'skipMeasure'
    | 'softMeasure'
    | 'maskBlend'
  >;
  readonly sampler: string;
  /** A schedule's name, or 'automatic': the sampler's own. */
  readonly schedule: string;
  readonly samplerOptions?: SamplerOptions;
  readonly scheduleOptions?: ScheduleOptions;
  /** Changes of the training schedule that steps are placed on. */
  readonly training?: TrainingOptions;
  /** The network is told the nearest whole timestep of a sigma, where the schedule is one of sigmas. */
  readonly quantize?: boolean;
  /** Whose normals a Brownian tree uses ('cpu'). */
  readonly source?: RandomSource;
  readonly steps: number;
  /** 0..1; absent for text to image. */
  readonly strength?: number | undefined;
  /** What of the schedule is run, where several models take turns (all of it). */
  readonly part?: SchedulePart | undefined;
  readonly cfgScale: number;
  /** 0..1: share by which guidance's gain in contrast is taken back (0). */
  readonly guidanceRescale?: number;
  readonly guidance?: GuidanceOptions;
  readonly refiner?: Refiner | undefined;
  readonly control?: ControlOptions | undefined;
  readonly conditioning: (call: number) => Conditioning;
  /** `[B,4,h,w]` */
  readonly shape: Latent['shape'];
  readonly seeds: readonly number[];
  /** The initial noise first, then what each step asks for. */
  readonly noise: { next(): Float32Array };
  readonly startNoise?: StartNoise;
  readonly known?: KnownPicture | undefined;
  /** Known latents are kept as soft inpainting does it, instead of by `options.maskBlend`. */
  readonly softBlend?: SoftBlendOptions | undefined;
  /** Further UNet channels for inpainting models, `[1|B,c,h,w]`. */
  readonly extraChannels?: Tensor | undefined;
  /** Told what happens inside, for tests against other programs. */
  readonly trace?: Partial<DiffuseTrace>;
}

/** The clean latent, scaled. */
export interface Diffused extends Latent {
  /** What was known of the picture, masked content in place, of the latent's shape; absent for text. */
  readonly initial: Float32Array | undefined;
}

/** Yields after each step. Throws E_SAMPLER_UNKNOWN, E_SCHEDULE_UNKNOWN. */
export async function* diffuse(
  input: DiffuseInput,
): AsyncGenerator<SamplerStep & { readonly steps: number }, Diffused> {
  const { shape, trace } = input;
  const { sampler, plan, sigmas, treeSeed } = planRun(input);
  const drawn = firstNoise(input);
  const initial = input.known && withContent(input.known, drawn, shape);
  const noise = multiplied(drawn, input);
  const start = startOf(input, plan, noise, initial);
  trace?.plan?.(plan);
  trace?.noise?.(drawn);
  trace?.initial?.(initial);
  trace?.start?.(start);
  const control = input.control && makeRunControl(input.control, plan);
  const parts = { sigmas, plan, sampler, initial, control };
  const denoise = tracedDenoise(makeRunDenoise(input, parts), trace);
  // A scheduler's own tree is one for all images.
  const seeds = {
    seeds: treeSeed === undefined ? input.seeds : [treeSeed],
    source: input.source ?? 'cpu',
    size: drawn.length / (treeSeed === undefined ? shape[0] : 1),
  };
  const following = tracedNoise(
    stepNoise({ sampler, plan, following: input.noise, ...seeds }),
    trace,
  );
  const run = renoisedWhereAsked(input, parts, noise);
  let latent = start;
  for await (const step of run(
    denoise,
    start,
    plan.sigmas,
    following,
    samplerOptions(input, sampler),
  )) {
    latent = step.latent;
    control?.stepDone(step.step);
    yield { ...step, steps: step.steps ?? plan.steps };
    if (step.step === plan.stop) break;
  }
  const sampled = finishedLatent(latent, plan);
  trace?.sampled?.(sampled);
  return { ...keepUntouched(sampled, input, initial), initial };
}

/** What another model hands over is noisy already. */
function firstNoise({ noise, part, shape }: DiffuseInput): Float32Array {
  if (part?.from === undefined) return noise.next();
  return new Float32Array(shape.reduce((product, side) => product * side, 1));
}

function startOf(
  input: DiffuseInput,
  plan: StepPlan,
  noise: Float32Array,
  initial: Float32Array | undefined,
): Latent {
  const { shape, startNoise, part } = input;
  if (part?.from !== undefined && initial) return handedStart(initial, shape, plan);
  return noisedStart({
    plan,
    noise,
    shape,
    ...(initial && !isFromNoise(input) ? { initial } : {}),
    extraNoise: startNoise?.extra ?? 0,
    sgmNoise: startNoise?.sgm ?? false,
  });
}

/** Text to image has no multiplier, as in AUTOMATIC1111. */
function multiplied(noise: Float32Array, { startNoise, strength }: DiffuseInput): Float32Array {
  const factor = strength === undefined ? 1 : (startNoise?.multiplier ?? 1);
  return factor === 1 ? noise : noise.map((v) => v * factor);
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

function renoisedWhereAsked(input: DiffuseInput, parts: RunParts, noise: Float32Array) {
  const { sampler, initial: known, plan } = parts;
  const mask = keepingMask(input);
  const isRenoised = input.options.maskBlend === 'renoised' && !input.softBlend;
  if (!isRenoised || !mask || !known) return sampler.sample;
  return withRenoisedKnown(sampler.sample, { mask, known, noise, preserving: plan.preserving });
}

/**
 * What was not to change is the picture's own latent in the end, whatever the solver did with it; after
 * soft inpainting the result stays as it is, since the mask of what is seen is made from it.
 */
function keepUntouched(
  latent: Latent,
  input: DiffuseInput,
  known: Float32Array | undefined,
): Latent {
  const mask = keepingMask(input);
  if (!mask || !known || input.softBlend) return latent;
  const soft = input.options.maskBlend === 'differential';
  blendKnown(latent, mask, known, soft ? (m) => (m > 0 ? 1 : 0) : (m) => m);
  return latent;
}
