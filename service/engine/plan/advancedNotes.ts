/** What of a request's advanced settings will not have the effect somebody may expect: sentences for the plan. Pure. */
import { PentimentoError } from '../../../shared/errors.ts';
import type { AdvancedSettings } from '../../../shared/advanced.ts';
import type { DiffusionRequest } from '../../../shared/request.ts';
import { chooseSampling, type ChosenSampling } from '../sampling/chooseSampling.ts';
import type { ScheduleId } from '../sampling/sigmas/registry.ts';
import { pipelineOptions, type PipelineOptions } from './pipelineOptions.ts';

export interface AdvancedFacts {
  /** UNet input channels: 9 for inpainting models, 8 for edit models. */
  readonly inChannels: number;
  /** The model comes with a tiny autoencoder (TAESD). */
  readonly hasTinyDecoder?: boolean;
  /** Ends of the model's own noise levels. */
  readonly sigmaMin: number;
  readonly sigmaMax: number;
}

/** Throws E_PARAM where the ends of the schedule are the wrong way round for this model. */
export function advancedNotes(request: DiffusionRequest, facts: AdvancedFacts): string[] {
  const { advanced = {} } = request;
  const options = pipelineOptions(request.dialect);
  const chosen = chooseSampling(request);
  assertEnds(advanced, facts);
  return [
    ...modelNotes(request, options, facts),
    ...scheduleNotes(advanced, options, chosen),
    ...startNotes(request, options, chosen),
    ...softNotes(request, options, chosen),
    ...correctionNotes(request),
  ];
}

function assertEnds(advanced: AdvancedSettings, facts: AdvancedFacts): void {
  const { sigmaMin, sigmaMax, zeroTerminalSnr } = advanced;
  const low = sigmaMin || facts.sigmaMin;
  const high = sigmaMax || facts.sigmaMax;
  if (low < high || (zeroTerminalSnr === true && !sigmaMax)) return;
  const [what, own] = sigmaMax
    ? ['sigmaMax', 'above the smallest']
    : ['sigmaMin', 'below the largest'];
  const end = sigmaMax ? low : high;
  throw new PentimentoError(
    'E_PARAM',
    `advanced.${what}: Expected a sigma ${own}, ${end.toFixed(3)}, but received ${sigmaMax || low}.`,
  );
}

function modelNotes(
  request: DiffusionRequest,
  options: PipelineOptions,
  { inChannels, hasTinyDecoder }: AdvancedFacts,
): string[] {
  const a = request.advanced ?? {};
  const edits = inChannels === 8;
  const skips = (a.skipNegativeBelowSigma ?? 0) > 0 || (a.skipNegativeEarly ?? 0) > 0;
  return told([
    [
      a.imageCfgScale !== undefined && !edits,
      'The image CFG scale is not used: this model does not edit by instruction.',
    ],
    [
      a.tinyDecoder === true && hasTinyDecoder === false,
      'No tiny autoencoder (TAESD) for this model was found: the result is decoded in full.',
    ],
    [edits && skips, 'What to avoid is never left out with a model that edits by instruction.'],
    [
      edits && request.kind !== 'text' && options.editStrength === 'full',
      'Diffusers edits from noise alone: the strength is not used.',
    ],
    [
      a.maskedPictureWeight !== undefined && inChannels !== 9,
      'The weight of the masked picture is not used: this is not an inpainting model.',
    ],
    [
      a.skipNegativeEveryCall === true && !((a.skipNegativeBelowSigma ?? 0) > 0),
      'What to avoid is left out of no call: there is no sigma to begin at.',
    ],
  ]);
}

/** Schedules that go by the model's own table, whatever ends are asked for. */
const tableSchedules: ReadonlySet<ScheduleId> = new Set([
  'uniform',
  'simple',
  'ddim',
  'align_your_steps',
]);
const curvedSchedules: ReadonlySet<ScheduleId> = new Set(['karras', 'polyexponential']);

function scheduleNotes(
  a: AdvancedSettings,
  options: PipelineOptions,
  { sampler, schedule }: ChosenSampling,
): string[] {
  const steps = sampler.space === 'timestep';
  const own = steps || options.spacing === 'diffusers';
  const { label } = schedule;
  const placed = own
    ? `${sampler.name} has its own steps`
    : `${label} goes by the model’s own levels`;
  const ends = (a.sigmaMin ?? 0) > 0 || (a.sigmaMax ?? 0) > 0;
  return told([
    [ends && (own || tableSchedules.has(schedule.id)), `${placed}: the sigma limits are not used.`],
    [
      (a.rho ?? 0) > 0 && (own || !curvedSchedules.has(schedule.id)),
      `${label} has no rho: it is not used.`,
    ],
    [
      (a.betaAlpha !== undefined || a.betaBeta !== undefined) && schedule.id !== 'beta',
      `Alpha and beta are for the schedule Beta: ${label} does not use them.`,
    ],
    [
      a.wholeTimesteps === true && steps,
      `${sampler.name} goes by its own timesteps: they are not rounded.`,
    ],
  ]);
}

function startNotes(
  request: DiffusionRequest,
  options: PipelineOptions,
  { sampler }: ChosenSampling,
): string[] {
  const a = request.advanced ?? {};
  const text = request.kind === 'text';
  const changes = a.zeroTerminalSnr === true || a.halfAlphas === true;
  const late = options.trainingChange === 'not-to-pictures' && sampler.space === 'sigma';
  return told([
    [
      text && (a.extraNoise !== undefined || a.noiseMultiplier !== undefined),
      'Extra noise and the noise multiplier are for runs that start from a picture.',
    ],
    [
      changes && late && !text,
      `AUTOMATIC1111 does not change the training schedule for ${sampler.name} when it starts from a picture, so it stays as it is here, too.`,
    ],
    [
      a.seedSize !== undefined && options.generators === 'shared',
      'Diffusers has no seed size: it is not used.',
    ],
  ]);
}

function softNotes(
  request: DiffusionRequest,
  options: PipelineOptions,
  { sampler }: ChosenSampling,
): string[] {
  if (!request.advanced?.softInpainting) return [];
  const masked = request.kind === 'inpaint';
  const called = sampler.space === 'timestep' && options.softMeasure === 'called';
  return told([
    [!masked, 'Soft inpainting is for selections: it is not used.'],
    [
      masked && called,
      `With ${sampler.name} AUTOMATIC1111’s soft inpainting also changes what is not selected: take another sampler, or Pentimento’s rules.`,
    ],
  ]);
}

function correctionNotes({ kind, dialect, advanced }: DiffusionRequest): string[] {
  const { colorCorrection, resizeMode } = advanced ?? {};
  const isOther = (resizeMode ?? 'stretch') !== 'stretch';
  const sized = told([
    [
      isOther && dialect !== 'a1111',
      'Resize modes are AUTOMATIC1111’s: by these rules a picture is drawn to the working size.',
    ],
    [
      isOther && dialect === 'a1111' && kind !== 'image',
      'Resize modes are for whole pictures: it is not used.',
    ],
  ]);
  if (colorCorrection !== true) return sized;
  return [
    ...sized,
    ...told([
      [
        dialect !== 'a1111',
        'Colour correction is one of AUTOMATIC1111’s rules: it is not used here, where colour match does that.',
      ],
      [
        dialect === 'a1111' && kind === 'text',
        'Colour correction is for runs that start from a picture: it is not used.',
      ],
    ]),
  ];
}

function told(rows: ReadonlyArray<readonly [isTrue: boolean, sentence: string]>): string[] {
  return rows.flatMap(([isTrue, sentence]) => (isTrue ? [sentence] : []));
}
