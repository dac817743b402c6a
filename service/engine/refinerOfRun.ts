/** The second model of a run that takes over on the way. */
import { PentimentoError } from '../../shared/errors.ts';
import type { Size } from '../../shared/geometry.ts';
import type { DiffusionRequest } from '../../shared/request.ts';
import type { DiffusionFacts, DiffusionModel } from './diffusion.ts';
import type { PipelineOptions } from './plan/pipelineOptions.ts';
import { conditioningOf, type PromptSettings } from './promptConditioning.ts';
import { embeddingsOf } from './promptEmbeddings.ts';
import type { JobTools } from './runJob.ts';
import type { Refiner } from './runDenoiser.ts';

/**
 * The refiner of a request, opened beside its model; undefined where it asks for none. Throws
 * E_MODEL_FAMILY where it cannot go on with what the model began, and what opening it throws.
 */
export async function openRefiner(
  { refiner }: Pick<DiffusionRequest, 'refiner'>,
  tools: Pick<JobTools, 'openRefiner'>,
  { oddSizes }: Pick<PipelineOptions, 'oddSizes'>,
  begun: { readonly facts: Begun; readonly stage: (name: string) => void },
): Promise<DiffusionModel | undefined> {
  if (!refiner) return undefined;
  const model = await tools.openRefiner?.(oddSizes, begun.stage);
  if (!model) throw new PentimentoError('E_MODEL_UNKNOWN');
  assertGoesOn(model.facts, begun.facts);
  return model;
}

/** What both models must have alike. */
type Begun = Pick<DiffusionFacts, 'prediction' | 'scalingFactor' | 'downscale'>;

function assertGoesOn(facts: DiffusionFacts, begun: Begun): void {
  const refuse = (why: string): never => {
    throw new PentimentoError('E_MODEL_FAMILY', why);
  };
  if (facts.inChannels !== 4) refuse('An inpainting or edit model cannot be the refiner.');
  if (facts.prediction !== begun.prediction) {
    refuse('The refiner predicts something else than the model (noise or velocity).');
  }
  if (facts.scalingFactor !== begun.scalingFactor || facts.downscale !== begun.downscale) {
    refuse('The refiner works on other latents than the model.');
  }
}

/** How it takes part in one pass, which paints `size` pixels by these words. */
export async function refinerOfPass(
  model: DiffusionModel | undefined,
  request: DiffusionRequest,
  pass: {
    readonly settings: PromptSettings & Pick<DiffusionRequest, 'dialect'>;
    readonly options: PipelineOptions;
    readonly size: Size;
    readonly tools: JobTools;
  },
): Promise<Refiner | undefined> {
  const { refiner } = request;
  if (!model || !refiner) return undefined;
  const { settings, options, size, tools } = pass;
  const { embeddings } = await embeddingsOf(settings, model.facts, tools.embeddings ?? []);
  const conditioning = await conditioningOf(model, { ...settings, embeddings }, options, size);
  const measure = refiner.switchBy === 'steps' ? 'calls' : 'timesteps';
  return { model, conditioning, at: refiner.switchAt, measure };
}
