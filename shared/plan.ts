/**
 * The plan: what a run will do, told before it starts. POST /v1/plan takes a PlanRequest and answers
 * with a Plan; a running job reports the same Plan in its `started` event.
 */
import { z } from 'zod';
import { Rect, Size } from './geometry.ts';
import { limits, maxSidePx } from './limits.ts';
import { Area, Dialect } from './request.ts';

export const PlanRequest = z.strictObject({
  kind: z.enum(['text', 'image', 'inpaint', 'remove']),
  document: z.strictObject({
    width: z.number().int().min(1).max(maxSidePx),
    height: z.number().int().min(1).max(maxSidePx),
  }),
  /** Bounds of the selection (inpaint, remove) or of the layer (image), document pixels. */
  bounds: Rect,
  model: z.string().max(300),
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
});
export type PlanRequest = z.infer<typeof PlanRequest>;

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
});
export type Plan = z.infer<typeof Plan>;
