/**
 * The plan: what a run will do, told before it starts. POST /v1/plan takes a PlanRequest and answers
 * with a Plan; a running job reports the same Plan in its `started` event.
 */
import { z } from 'zod';
import { ExpandFill } from './expand.ts';
import { Rect, Size } from './geometry.ts';
import { limits, maxSidePx } from './limits.ts';
import { HiresFix, Refiner } from './stages.ts';
import { Area, Dialect } from './request.ts';

export const PlanRequest = z.strictObject({
  kind: z.enum(['text', 'image', 'inpaint', 'remove', 'expand', 'expand-patches']),
  document: z.strictObject({
    width: z.number().int().min(1).max(maxSidePx),
    height: z.number().int().min(1).max(maxSidePx),
  }),
  /** Bounds of the selection (inpaint, remove), of the layer (image), or the new canvas (expand), document pixels. */
  bounds: Rect,
  model: z.string().max(300),
  /** As in a request. */
  partsFrom: z.string().max(300).optional(),
  strength: z.number().min(0).max(1),
  steps: z.number().int().min(limits.steps.min).max(limits.steps.max),
  /** Names; with them the plan tells what the sampler will do otherwise than asked. */
  sampler: z.string().max(60).optional(),
  schedule: z.string().max(60).optional(),
  /** All of them are run at any strength. */
  exactSteps: z.boolean().optional(),
  featherPx: z.number().min(0).max(limits.featherPx.max),
  growPx: z.number().int().min(limits.growPx.min).max(limits.growPx.max),
  area: Area,
  paddingPx: z.number().int().min(0).max(limits.paddingPx.max),
  count: z.number().int().min(1).max(limits.count.max),
  dialect: Dialect,
  /** Another model for the last steps. */
  refiner: Refiner.optional(),
  /** Text to image's second pass. */
  hires: HiresFix.optional(),
  /** Ids of ControlNets that take part, for the memory. */
  controls: z.array(z.string().max(300)).max(8).optional(),
  /** Of expanding: in the dialect `a1111` it says which script runs. */
  fill: ExpandFill.optional(),
});
export type PlanRequest = z.infer<typeof PlanRequest>;

/** One stretch of new canvas, painted in one go; document pixels. */
export const PlannedPass = z.strictObject({ area: Rect, context: Rect, workingSize: Size });
export type PlannedPass = z.infer<typeof PlannedPass>;

export const Plan = z.strictObject({
  /** What the model sees, document pixels: the region to capture and send. */
  context: Rect,
  /** Size the networks run at, pixels; multiples of 8. */
  workingSize: Size,
  /** working / context: above 1 small areas are scaled up, below 1 large ones down. */
  scale: z.number(),
  /** Network evaluations per picture that will really run. */
  steps: z.number().int(),
  /** Estimate; absent while nothing has been measured on this machine. */
  seconds: z.number().optional(),
  /** Estimate of what the run needs, bytes. */
  memoryBytes: z.number().optional(),
  /** Sentences worth knowing before the run ("scaled down to a third"). */
  notes: z.array(z.string()),
  /** Expanding: what each pass paints and what the model sees of it, in order. */
  passes: z.array(PlannedPass).optional(),
});
export type Plan = z.infer<typeof Plan>;
