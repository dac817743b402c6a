/**
 * What a run will work with, shown before it: its two masks (POST /v1/masks) and what a ControlNet will see
 * (POST /v1/control-maps). Both take a frame and answer with one; nothing is kept.
 */
import { z } from 'zod';
import { ControlFit, Preprocessor } from './control.ts';
import { Rect } from './geometry.ts';
import { limits, maxSidePx } from './limits.ts';
import { Area, Dialect } from './request.ts';

const workingSide = z.number().int().min(8).max(limits.side.max).multipleOf(8);
/** As the plan has it; of no use without a model. */
const WorkingSize = z.strictObject({ width: workingSide, height: workingSide });
/** Longest side of what is answered, pixels; absent: as large as what was sent. */
const longestSide = z.number().int().min(16).max(maxSidePx).optional();

/** With the plane `mask` (1 channel, 8 bit): the selection over the plan's context. */
export const MaskRequest = z.strictObject({
  kind: z.enum(['inpaint', 'remove']),
  featherPx: z.number().min(limits.featherPx.min).max(limits.featherPx.max),
  growPx: z.number().int().min(limits.growPx.min).max(limits.growPx.max),
  area: Area,
  paddingPx: z.number().int().min(limits.paddingPx.min).max(limits.paddingPx.max),
  dialect: Dialect,
  workingSize: WorkingSize,
  /** With soft inpainting what may change follows the selection's levels. */
  isSoft: z.boolean().optional(),
  longestSidePx: longestSide,
});
export type MaskRequest = z.infer<typeof MaskRequest>;

/**
 * Body of the answer; its planes `alpha` (what will be seen) and `denoise` (what may change) have one channel of
 * 8 bits and cover what was sent.
 */
export const MaskAnswer = z.strictObject({
  /** Of what will be seen, in pixels of the plane that was sent. */
  bounds: Rect,
});
export type MaskAnswer = z.infer<typeof MaskAnswer>;

/**
 * With the plane `picture`: what the ControlNet looks at, over `region` or, of any other size, laid over it by
 * `fit`; for the preprocessor `inpaint` also the plane `mask` over the region. The answer's plane `map` is RGB,
 * 8 bit.
 */
export const ControlMapRequest = z.strictObject({
  region: Rect,
  workingSize: WorkingSize,
  fit: ControlFit,
  preprocessor: Preprocessor.optional(),
  dialect: Dialect,
  /** The run works on a part of the picture only. */
  isPart: z.boolean(),
  longestSidePx: longestSide,
});
export type ControlMapRequest = z.infer<typeof ControlMapRequest>;
