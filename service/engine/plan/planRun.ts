/** A run told before it starts: what the model sees, at which size, how many evaluations. Pure. */
import {
  intersectRects,
  isEmptyRect,
  padRect,
  rectOfSize,
  type Rect,
} from '../../../shared/geometry.ts';
import type { Plan, PlanRequest } from '../../../shared/plan.ts';
import { PentimentoError } from '../../../shared/errors.ts';
import { expectedEvaluations } from '../sampling/expectedEvaluations.ts';
import { samplingNotes, type AskedSampling } from '../sampling/samplingNotes.ts';
import { countSteps } from '../sampling/steps.ts';
import { contextRect } from './contextRect.ts';
import { memoryPlan, type MachineMemory, type NeededWeights } from './memoryPlan.ts';
import { pipelineOptions, stepRuleFor } from './pipelineOptions.ts';
import { fitExpansion, megapixelsOf, passNotes } from './planExpansion.ts';
import { fitOutpaintScript } from './planOutpaintScript.ts';
import { secondPass, type PlannedStages } from './planStages.ts';
import { fitWorkingSize, fixedWorkingSize } from './workingSize.ts';

export interface PlanFacts {
  /** Side the model was trained at, pixels. */
  readonly nativeSide: number;
  /** The model is shown the picture and edits it (instruct-pix2pix). */
  readonly edits?: boolean;
  /** Expanding: the part of the document whose pixels are there (all of it). */
  readonly known?: Rect;
  /** Measured on this machine: seconds per evaluation of one megapixel of working size. */
  readonly secondsPerMegapixelStep?: number;
  /** Bytes the networks take when resident. */
  readonly modelBytes?: number;
  /** Of a refiner, bytes (none). */
  readonly furtherBytes?: number;
  /** Of each ControlNet of the run, bytes (none). */
  readonly controlBytes?: NeededWeights['controlBytes'];
  /** What there is of it; absent: enough. */
  readonly machine?: MachineMemory;
}

/**
 * Everything is in document pixels; `bounds` is the selection (inpaint, remove), the layer (image) or
 * the rectangle to fill (text). Throws E_MASK_EMPTY when the bounds miss the document,
 * E_SAMPLER_UNKNOWN, E_SCHEDULE_UNKNOWN.
 */
export function planRun(request: PlanRequest, facts: PlanFacts): Plan {
  const canvas = rectOfSize(request.document);
  const bounds = intersectRects(request.bounds, canvas);
  if (isEmptyRect(bounds)) {
    throw new PentimentoError('E_MASK_EMPTY', 'It lies outside the picture.');
  }
  if (request.kind === 'remove') return planRemove(request, bounds);
  if (request.kind === 'expand-patches') {
    return { ...fitExpansion(request, facts), steps: 0, notes: [] };
  }
  const fitted = fit(request, bounds, facts);
  const passes = fitted.passes ?? [];
  const stepsOfOne = stepsOf(request, facts);
  const second = request.kind === 'text' ? secondPass(request, fitted.workingSize) : undefined;
  const steps = stepsOfOne * Math.max(1, passes.length) + (second?.steps ?? 0);
  const asked = askedSampling(request);
  const evaluations = (asked && expectedEvaluations(asked)) ?? stepsOfOne;
  const memory =
    facts.modelBytes === undefined
      ? { notes: [] }
      : memoryPlan(
          {
            modelBytes: facts.modelBytes,
            furtherBytes: facts.furtherBytes ?? 0,
            controlBytes: facts.controlBytes ?? [],
          },
          second?.size ?? fitted.workingSize,
          facts.machine,
        );
  const { width, height } = fitted.workingSize;
  const megapixels = passes.length > 0 ? megapixelsOf(passes) : (width * height) / 1e6;
  return {
    ...fitted,
    steps,
    ...(facts.secondsPerMegapixelStep === undefined
      ? {}
      : {
          seconds:
            facts.secondsPerMegapixelStep *
            (megapixels * (evaluations + 3) + secondWork(second)) *
            request.count,
        }),
    ...memory,
    notes: [
      ...(second?.notes ?? scaleNotes(fitted.scale)),
      ...passNotes(passes),
      ...(asked ? samplingNotes(asked) : []),
      ...memory.notes,
    ],
  };
}

/** Megapixels times evaluations. */
function secondWork(second: PlannedStages | undefined): number {
  return second ? second.megapixels * (second.steps + 3) : 0;
}

function askedSampling(request: PlanRequest): AskedSampling | undefined {
  const { sampler, schedule = 'automatic', steps, strength } = request;
  if (sampler === undefined) return undefined;
  const rule = stepRuleFor(pipelineOptions(request.dialect), request.exactSteps);
  return { rule, steps, sampler, schedule, ...(request.kind === 'text' ? {} : { strength }) };
}

function stepsOf(request: PlanRequest, facts: PlanFacts): number {
  const options = pipelineOptions(request.dialect);
  const whole = facts.edits === true && options.editStrength === 'full';
  if (request.kind === 'text' || whole) return request.steps;
  const rule = stepRuleFor(options, request.exactSteps);
  return countSteps({ rule, steps: request.steps, strength: request.strength }).run;
}

function fit(
  request: PlanRequest,
  bounds: Rect,
  facts: PlanFacts,
): Pick<Plan, 'context' | 'workingSize' | 'scale' | 'passes'> {
  if (request.kind === 'expand') {
    return request.dialect === 'a1111'
      ? fitOutpaintScript(request, facts.nativeSide)
      : fitExpansion(request, facts);
  }
  if (request.kind !== 'inpaint') return fixedWorkingSize(bounds, facts);
  if (pipelineOptions(request.dialect).imaging === 'webui') return fitWebui(request, bounds, facts);
  const context = contextRect({ ...request, bounds, nativeSide: facts.nativeSide });
  return fitWorkingSize(context, request.document, facts);
}

/**
 * AUTOMATIC1111 crops by itself, so it is given the whole picture; "only masked" runs at the native square. The
 * scale is that of its crop: the blurred selection and the padding, grown to a square where there is room.
 */
function fitWebui(request: PlanRequest, bounds: Rect, facts: PlanFacts) {
  const canvas = rectOfSize(request.document);
  const whole = fixedWorkingSize(canvas, facts);
  if (request.area === 'whole') return whole;
  const { nativeSide } = facts;
  const { featherPx, growPx, paddingPx } = request;
  const reach = Math.floor(2.5 * featherPx + 0.5) + growPx + paddingPx;
  const tight = intersectRects(padRect(bounds, reach), canvas);
  const crop = Math.min(canvas.width, Math.max(1, tight.width, tight.height));
  const workingSize = { width: nativeSide, height: nativeSide };
  return { ...whole, workingSize, scale: nativeSide / crop };
}

/** Filling from the surroundings needs them, and no network size. */
function planRemove(request: PlanRequest, bounds: Rect): Plan {
  const context = contextRect({ ...request, area: 'context', bounds, nativeSide: 256 });
  return {
    context,
    workingSize: { width: context.width, height: context.height },
    scale: 1,
    steps: 0,
    notes: [],
  };
}

/** What is worth saying of a scale (working / context) before a run. */
export function scaleNotes(scale: number): string[] {
  if (scale < 0.95)
    return [
      `The area is scaled down to ${Math.round(scale * 100)} % for the model and back up after.`,
    ];
  if (scale > 1.05)
    return [`The area is scaled up ${scale.toFixed(2)} times so that the model sees detail.`];
  return [];
}
