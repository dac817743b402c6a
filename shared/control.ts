/** ControlNets of a request: which, how strongly, and what they look at. */
import { z } from 'zod';
import { limits, type Range } from './limits.ts';

function within(range: Range) {
  return z.number().min(range.min).max(range.max);
}

/**
 * `balanced`; `prompt`: the finer levels count less, so that the prompt wins; `control`: the same, and what
 * is to be avoided is predicted without it (AUTOMATIC1111's control modes).
 */
export const ControlMode = z.enum(['balanced', 'prompt', 'control']);
export type ControlMode = z.infer<typeof ControlMode>;

/** How a plane of another size comes over the region: stretched, cut, or with bars. */
export const ControlFit = z.enum(['stretch', 'crop', 'fill']);
export type ControlFit = z.infer<typeof ControlFit>;

/**
 * What the ControlNet looks at: the picture itself, the mask (white is selected), or a plane sent beside
 * them: `control0` for the first unit, `control1` for the second, of any size, lying over the region.
 */
export const ControlSource = z.enum(['picture', 'mask', 'plane']);
export type ControlSource = z.infer<typeof ControlSource>;

const mapPreprocessors = [
  'canny',
  'scribble_xdog',
  'lineart_standard',
  'invert',
  'threshold',
  'binary',
  'blur_gaussian',
  'tile_resample',
  'recolor_luminance',
  'recolor_intensity',
  'color',
] as const;
export const preprocessorNames = [...mapPreprocessors, 'inpaint'] as const;

const threshold = z.number().min(0).max(255).optional();

/**
 * What is made of the picture before the ControlNet sees it, under the names of AUTOMATIC1111's extension;
 * `a` and `b` are its "Threshold A" and "Threshold B" in the preprocessor's own units. Absent: its default.
 * `inpaint` needs no setting: the picture with -1 under the mask, for inpainting ControlNets.
 */
export const Preprocessor = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('inpaint') }),
  z.strictObject({
    name: z.enum(mapPreprocessors),
    a: threshold,
    b: threshold,
  }),
]);
export type Preprocessor = z.infer<typeof Preprocessor>;

export const ControlUnit = z
  .strictObject({
    /** Id, name or file name of a ControlNet in the library. */
    model: z.string().min(1).max(300),
    weight: within(limits.controlWeight),
    /** Shares of the steps between which it speaks. */
    start: within(limits.share),
    end: within(limits.share),
    mode: ControlMode,
    fit: ControlFit,
    source: ControlSource,
    /** Absent: the picture is what the ControlNet was made for, a drawing or a map. */
    preprocessor: Preprocessor.optional(),
  })
  .refine(({ start, end }) => start <= end, {
    path: ['end'],
    error: 'must not be before the start',
  });
export type ControlUnit = z.infer<typeof ControlUnit>;

/** Every unit is a network of its own in memory. */
export const mostControls = 3;
export const ControlUnits = z.array(ControlUnit).min(1).max(mostControls);

/** Name of the plane that a unit looks at, by its place in the list. */
export function controlPlaneName(index: number): string {
  return `control${index}`;
}
