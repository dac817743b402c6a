/** What a job tells while it lives. `seq` counts up per job; a reader asks for what came after one. */
import { z } from 'zod';
import { Problem } from './errors.ts';
import { Rect } from './geometry.ts';
import { Plan } from './plan.ts';
import { Recipe } from './recipe.ts';

/** A finished picture: fetch it as GET /v1/results/:id/frame or /v1/results/:id/png. */
export const ResultInfo = z.strictObject({
  id: z.string(),
  jobId: z.string(),
  index: z.number().int().min(0),
  /** Where it belongs, document pixels. */
  bounds: Rect,
  recipe: Recipe,
  /** SHA-256 (hex) of the frame's bytes. */
  sha256: z.string(),
  sizeBytes: z.number().int(),
});
export type ResultInfo = z.infer<typeof ResultInfo>;

const common = { jobId: z.string(), seq: z.number().int().min(0) };

export const JobEvent = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('queued'), ...common, ahead: z.number().int().min(0) }),
  z.strictObject({
    type: z.literal('started'),
    ...common,
    attempt: z.number().int().min(1),
    plan: Plan.optional(),
  }),
  /** What is being prepared, for the line under the bar ("loading the model"). */
  z.strictObject({ type: z.literal('stage'), ...common, name: z.string() }),
  z.strictObject({
    type: z.literal('step'),
    ...common,
    /** Variant, from 0. */
    index: z.number().int().min(0),
    step: z.number().int().min(0),
    steps: z.number().int().min(0),
    count: z.number().int().min(1),
  }),
  /** A small picture of the present state; only the newest is kept. */
  z.strictObject({
    type: z.literal('preview'),
    ...common,
    index: z.number().int().min(0),
    step: z.number().int().min(0),
    /** PNG or JPEG as a data URL. */
    image: z.string(),
    width: z.number().int(),
    height: z.number().int(),
    /** Which part of the document it shows. */
    bounds: Rect,
  }),
  z.strictObject({ type: z.literal('result'), ...common, result: ResultInfo }),
  z.strictObject({ type: z.literal('done'), ...common }),
  z.strictObject({ type: z.literal('failed'), ...common, problem: Problem }),
  z.strictObject({ type: z.literal('cancelled'), ...common }),
]);
export type JobEvent = z.infer<typeof JobEvent>;

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

export function isFinal(event: JobEvent): boolean {
  return event.type === 'done' || event.type === 'failed' || event.type === 'cancelled';
}
