/** One pass of a run from its start to its latent: all there is for most, one of two with hires fix. */
import { PentimentoError } from '../../shared/errors.ts';
import type { Size } from '../../shared/geometry.ts';
import type { DiffusionRequest } from '../../shared/request.ts';
import type { AdvancedInput } from './advancedOptions.ts';
import { diffuse, type Diffused } from './diffuse.ts';
import type { DiffusionModel } from './diffusion.ts';
import type { EncodedStart } from './encodeStart.ts';
import { fromTensor } from './picture/convert.ts';
import { smallPicture } from './picture/smallPicture.ts';
import type { PipelineOptions } from './plan/pipelineOptions.ts';
import type { ControlOptions } from './runControl.ts';
import type { Refiner } from './runDenoiser.ts';
import type { JobTools, Painting, SmallPicture } from './runJob.ts';
import { runNoise } from './runNoise.ts';
import { samplerOptionsOf } from './samplerOptions.ts';
import type { Conditioning } from './sampling/conditionRows.ts';
import type { Latent } from './sampling/types.ts';
import { drawStart } from './startDraws.ts';
import type { Tensor } from './tensor.ts';
import type { VariantSeeds } from './variantSeeds.ts';

/** One step, or one pass of the VAE, on the slowest machine that anybody would wait for. */
export const networkBudgetMs = 15 * 60_000;
/** Longest side of a preview, pixels. */
const previewSidePx = 384;

/** What a pass is made with; its words, sampler and steps are those of `request`. */
export interface Pass {
  readonly request: DiffusionRequest;
  readonly tools: JobTools;
  readonly options: PipelineOptions;
  readonly model: DiffusionModel;
  /** What the networks paint, pixels. */
  readonly size: Size;
  readonly advanced: AdvancedInput;
  /** 0..1; absent: noise alone and the whole schedule. */
  readonly strength: number | undefined;
  readonly conditioning: (call: number) => Conditioning;
  readonly encoded: EncodedStart;
  readonly control: ControlOptions | undefined;
  readonly refiner: Refiner | undefined;
}

export interface Painted extends Diffused {
  /** The model that made the last step. */
  readonly painter: DiffusionModel;
}

/** Throws what the sampler and the networks throw. */
export async function* paintPass(
  pass: Pass,
  seeds: VariantSeeds,
): AsyncGenerator<Painting, Painted> {
  const { request, options, model, tools, strength, refiner } = pass;
  const { width, height } = sizeInLatents(pass.size, model);
  const shape: Latent['shape'] = [1, 4, height, width];
  const { known, extraChannels, noise } = drawStart({
    encoded: pass.encoded,
    size: { width, height },
    strength,
    fullStrengthStart: options.fullStrengthStart,
    source: runNoise(request, options, shape, seeds),
  });
  let painter = model;
  const steps = diffuse({
    model,
    ...pass.advanced,
    sampler: request.sampler,
    schedule: request.schedule,
    steps: request.steps,
    strength,
    cfgScale: request.cfgScale,
    guidanceRescale: request.guidanceRescale ?? 0,
    samplerOptions: samplerOptionsOf(request.samplerOptions ?? {}),
    source: request.noiseSource ?? 'cpu',
    conditioning: pass.conditioning,
    control: pass.control,
    refiner,
    shape,
    seeds: [seeds.seed],
    noise,
    known,
    extraChannels,
    trace: { refined: () => (painter = refiner?.model ?? model) },
  });
  const previewer = makePreviewer(model, tools);
  let state = await steps.next();
  while (state.done !== true) {
    const { step, denoised, steps: all } = state.value;
    const preview = await previewer(denoised);
    yield { step, steps: all, ...(preview ? { preview } : {}) };
    tools.onStage('painting', networkBudgetMs);
    state = await steps.next();
  }
  return { ...state.value, painter };
}

export function sizeInLatents(size: Size, model: DiffusionModel): Size {
  const { downscale } = model.facts;
  return { width: size.width / downscale, height: size.height / downscale };
}

/** Throws E_OUTPUT_NAN: a black picture must never pass for a result. */
export async function decodeLatent(model: DiffusionModel, latent: Latent): Promise<Tensor> {
  const scale = model.facts.scalingFactor;
  const decoded = await model.decode({
    data: latent.data.map((v) => v / scale),
    shape: latent.shape,
  });
  if (!decoded.data.every(Number.isFinite)) throw new PentimentoError('E_OUTPUT_NAN');
  return decoded;
}

/** At most this share of a run goes into looking at it: a TAESD preview on the CPU takes most of a second. */
const previewShare = 0.1;

function makePreviewer(model: DiffusionModel, tools: JobTools) {
  let restUntilMs = -Infinity;
  return async (denoised: Latent): Promise<SmallPicture | undefined> => {
    const startMs = tools.nowMs();
    if (!tools.preview || startMs < restUntilMs) return undefined;
    const preview = await previewOf(model, denoised);
    const endMs = tools.nowMs();
    restUntilMs = endMs + (endMs - startMs) / previewShare;
    return preview;
  };
}

async function previewOf(model: DiffusionModel, denoised: Latent): Promise<SmallPicture> {
  const small = await model.preview(denoised);
  const unit = { data: small.data.map((v) => v * 2 - 1), shape: small.shape };
  return smallPicture(fromTensor(unit), previewSidePx);
}
