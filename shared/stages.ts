/**
 * Runs in several stages: another model for the last steps, a second pass over the enlarged picture, and
 * enlarging by itself.
 */
import { z } from 'zod';
import { limits, maxPromptCharacters, type Range } from './limits.ts';

function within(range: Range) {
  return z.number().min(range.min).max(range.max);
}
const modelName = z.string().min(1).max(300);

/** A second model that takes over on the way, as published with SDXL. */
export const Refiner = z.strictObject({
  /** Id, name or file name of a checkpoint with the latents of the first. */
  model: modelName,
  /** Share of the way at which it takes over; 1: never. */
  switchAt: within(limits.refinerSwitch),
  /**
   * How the way is measured: in noise levels (absent: this), or in steps of this run, as AUTOMATIC1111 did
   * before 1.8.
   */
  switchBy: z.enum(['noise', 'steps']).optional(),
});
export type Refiner = z.infer<typeof Refiner>;

/** Latents made larger without being decoded, and how torch would do it. */
export const latentUpscalers = [
  'latent',
  'latent-antialiased',
  'latent-bicubic',
  'latent-bicubic-antialiased',
  'latent-nearest',
  'latent-nearest-exact',
] as const;
export type LatentUpscaler = (typeof latentUpscalers)[number];

/** Pixels made larger without a network. */
export const plainUpscalers = ['lanczos', 'nearest'] as const;
export type PlainUpscaler = (typeof plainUpscalers)[number];

export function isLatentUpscaler(name: string): name is LatentUpscaler {
  return latentUpscalers.some((known) => known === name);
}
export function isPlainUpscaler(name: string): name is PlainUpscaler {
  return plainUpscalers.some((known) => known === name);
}
/** Neither of the two: the name of a network in the library. */
export function isUpscalerNetwork(name: string): boolean {
  return !isLatentUpscaler(name) && !isPlainUpscaler(name);
}

/** Sides in pixels; one of them may be 0 and then follows from the shape of what is enlarged. */
const TargetSize = z
  .strictObject({
    width: z.number().int().min(0).max(limits.side.max),
    height: z.number().int().min(0).max(limits.side.max),
  })
  .refine(({ width, height }) => width > 0 || height > 0, { error: 'one side must be above 0' });

/**
 * Text to image in two passes: the first one's picture is enlarged and worked over (AUTOMATIC1111's hires
 * fix). What is absent is as in the first pass.
 */
export const HiresFix = z
  .strictObject({
    /** Sides of the second pass over the first one's; this or `size`. */
    scale: within(limits.hiresScale).optional(),
    size: TargetSize.optional(),
    /** Of latents, of pixels, or a network's id or name. */
    upscaler: modelName,
    /** All of them are run; 0: as many as in the first pass. */
    steps: z.number().int().min(0).max(limits.steps.max),
    strength: within(limits.strength),
    sampler: z.string().min(1).max(60).optional(),
    schedule: z.string().min(1).max(60).optional(),
    cfgScale: within(limits.cfgScale).optional(),
    prompt: z.string().max(maxPromptCharacters).optional(),
    negativePrompt: z.string().max(maxPromptCharacters).optional(),
  })
  .refine(({ scale, size }) => (scale === undefined) !== (size === undefined), {
    path: ['scale'],
    error: 'either a scale or a size is given',
  });
export type HiresFix = z.infer<typeof HiresFix>;

/** How large a second pass, or an enlarged picture, shall be. */
export type Enlargement = Pick<HiresFix, 'scale' | 'size'>;
