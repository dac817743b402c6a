/** The sampler of a run and the steps it takes: AUTOMATIC1111's way, or as diffusers' schedulers do. */
import type { DiffuseInput } from './diffuse.ts';
import type { RunParts } from './runDenoiser.ts';
import { chooseSampling, type ChosenSampling } from './sampling/chooseSampling.ts';
import { levelsFor } from './sampling/samplerNeeds.ts';
import type { SamplerEntry } from './sampling/samplers/registry.ts';
import { chooseScheduler } from './sampling/schedulers/chooseScheduler.ts';
import { makeScheduler } from './sampling/schedulers/makeScheduler.ts';
import type { DiffusersScheduler } from './sampling/schedulers/readScheduler.ts';
import { diffusersAlphas } from './sampling/sigmas/diffusersAlphas.ts';
import { diffusersLevels } from './sampling/sigmas/diffusersLevels.ts';
import { modelSigmas } from './sampling/sigmas/modelSigmas.ts';
import { downcastAlphas, zeroTerminalSnr } from './sampling/sigmas/noiseSchedule.ts';
import { countSteps, planSteps, type StepRequest } from './sampling/steps.ts';

export type RunPlan = Pick<RunParts, 'sampler' | 'plan' | 'sigmas'> & {
  /** Of one Brownian tree for all images, where the scheduler has a seed of its own. */
  readonly treeSeed?: number | undefined;
};

/** Throws E_SAMPLER_UNKNOWN, E_SCHEDULE_UNKNOWN. */
export function planRun(input: DiffuseInput): RunPlan {
  const chosen = chooseSampling(input);
  const asked = askedOf(input);
  const found = placesAsDiffusers(input, chosen)
    ? chooseScheduler(
        { sampler: input.sampler, entry: chosen.sampler, schedule: chosen.named?.id },
        input.model.facts,
      )
    : undefined;
  const alphas = alphasOf(input, chosen.sampler, found);
  if (found) return scheduledRun(asked, chosen, found, alphas);
  const model = levelsFor(chosen.sampler, modelSigmas(alphas));
  const levels = diffusersSpacing(input, chosen);
  const plan = planSteps({
    ...asked,
    ...chosen,
    model,
    options: {
      family: input.model.facts.family.startsWith('sdxl') ? 'sdxl' : 'sd1',
      ...input.scheduleOptions,
    },
    ...(levels ? { levels: (n) => diffusersLevels(levels.schedule, alphas, n) } : {}),
  });
  return { sampler: chosen.sampler, plan, sigmas: model };
}

function askedOf({
  options,
  steps,
  strength,
  part,
}: DiffuseInput): Omit<StepRequest, 'sampler' | 'schedule' | 'model'> {
  return { rule: options.stepRule, steps, part, ...(strength === undefined ? {} : { strength }) };
}

function scheduledRun(
  asked: ReturnType<typeof askedOf>,
  { sampler: entry, schedule }: ChosenSampling,
  found: DiffusersScheduler,
  alphas: Float32Array,
): RunPlan {
  const model = modelSigmas(alphas);
  const { levels, sample, noise } = makeScheduler(
    found,
    alphas,
    Math.max(1, countSteps(asked).total),
  );
  const { name, aliases, eta } = entry;
  const sampler: SamplerEntry = {
    name,
    aliases,
    sample,
    noise,
    space: 'sigma',
    schedule: schedule.id,
    ...(eta === undefined ? {} : { eta }),
  };
  const plan = planSteps({ ...asked, sampler, schedule, model, levels: () => levels });
  const treeSeed = found.solver.kind === 'dpm-sde' ? found.solver.seed : undefined;
  return { sampler, plan, sigmas: model, treeSeed };
}

/** Whether a scheduler places the steps; a model's own does only where no schedule is asked for. */
export function placesAsDiffusers(
  {
    options,
    model,
  }: {
    readonly options: Pick<DiffuseInput['options'], 'spacing'>;
    readonly model: Pick<DiffuseInput['model'], 'facts'>;
  },
  { named }: Pick<ChosenSampling, 'named'>,
): boolean {
  if (options.spacing === 'own') return !named && model.facts.scheduler !== undefined;
  return options.spacing === 'diffusers';
}

/** For samplers that diffusers does not have: the spacing of its Euler scheduler. */
function diffusersSpacing(
  input: DiffuseInput,
  chosen: ChosenSampling,
): DiffusersScheduler | undefined {
  if (!placesAsDiffusers(input, chosen)) return undefined;
  const entry = { name: 'Euler' };
  return chooseScheduler(
    { sampler: entry.name, entry, schedule: chosen.named?.id },
    input.model.facts,
  );
}

/** A sampler that AUTOMATIC1111 makes before it changes the training schedule never learns of it. */
function changesTraining({ options, strength }: DiffuseInput, sampler: SamplerEntry): boolean {
  const isEarly = options.trainingChange === 'not-to-pictures' && strength !== undefined;
  return !isEarly || sampler.space === 'timestep';
}

function alphasOf(
  input: DiffuseInput,
  sampler: SamplerEntry,
  found: DiffusersScheduler | undefined,
): Float32Array {
  const { model, options, training = {} } = input;
  const { betas, alphasCumprod, scheduler } = model.facts;
  const single = options.alphas === 'single' && betas && !betas.zeroTerminalSnr;
  const says = scheduler !== undefined || betas !== undefined;
  const own = options.alphas === 'single' && says ? found?.alphasCumprod : undefined;
  const trained =
    own ??
    (single
      ? diffusersAlphas({
          betaStart: betas.start,
          betaEnd: betas.end,
          betaSchedule: betas.schedule ?? 'scaled_linear',
        }).alphasCumprod
      : alphasCumprod);
  if (!changesTraining(input, sampler)) return trained;
  const kept = training.halfAlphas === true ? downcastAlphas(trained) : trained;
  const rescales = training.zeroTerminalSnr === true && betas?.zeroTerminalSnr !== true;
  return rescales ? zeroTerminalSnr(kept) : kept;
}
