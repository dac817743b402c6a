/**
 * What few people change and some pictures cannot be made again without: options of a whole run that
 * other programs keep in their settings. Each is optional; absent, it is as the dialect has it.
 */
import { z } from 'zod';
import { limits, softInpaintingLimits, type Range } from './limits.ts';

function bounded(range: Range) {
  return z.number().min(range.min).max(range.max);
}
function within(range: Range) {
  return bounded(range).optional();
}

/**
 * Prompt and what to avoid may differ in length: each keeps its own (`none`), the shorter one is
 * continued with an empty prompt (`empty`), or what to avoid repeats its last vector or is cut (`last`).
 */
export const ContextPadding = z.enum(['none', 'empty', 'last']);
export type ContextPadding = z.infer<typeof ContextPadding>;

/**
 * AUTOMATIC1111's soft inpainting: partly selected spots keep part of what they show, and in the end is
 * seen what has changed.
 */
export const SoftInpainting = z.strictObject({
  /** Power of the noise level: above 1 the original is held longer. */
  scheduleBias: bounded(softInpaintingLimits.scheduleBias),
  /** How strongly partly selected content is kept. */
  preservationStrength: bounded(softInpaintingLimits.preservationStrength),
  /** How much of the stronger side's contrast the mix of both has. */
  transitionContrastBoost: bounded(softInpaintingLimits.transitionContrastBoost),
  /** How much the selection itself says what is seen; 0 only the change does. */
  maskInfluence: bounded(softInpaintingLimits.maskInfluence),
  /** How much must have changed to be seen. */
  differenceThreshold: bounded(softInpaintingLimits.differenceThreshold),
  /** How sharp the line between is. */
  differenceContrast: bounded(softInpaintingLimits.differenceContrast),
});
export type SoftInpainting = z.infer<typeof SoftInpainting>;

/**
 * How a picture of another shape comes to the working size: drawn to it, cut, with its outermost rows drawn out, or
 * encoded as it is and its latents drawn to it.
 */
export const ResizeMode = z.enum(['stretch', 'crop', 'fill', 'latent']);
export type ResizeMode = z.infer<typeof ResizeMode>;

export const AdvancedSettings = z
  .strictObject({
    // guidance
    /** Edit models (instruct-pix2pix): how strongly the picture holds; 1 is ordinary guidance. */
    imageCfgScale: within(limits.imageCfgScale),
    /** Below this sigma what to avoid is left out of every other model call (AUTOMATIC1111's NGMS). */
    skipNegativeBelowSigma: within(limits.sigma),
    /** Below it, of all calls. */
    skipNegativeEveryCall: z.boolean().optional(),
    /** What to avoid is left out of this share of the calls, from the first (skip early CFG). */
    skipNegativeEarly: within(limits.share),
    contextPadding: ContextPadding.optional(),
    /** Clip skip also acts on SDXL's first text encoder (AUTOMATIC1111's sdxl_clip_l_skip). */
    sdxlClipSkip: z.boolean().optional(),
    // steps and start
    /** All the steps asked for at any strength, instead of the strength's share of them. */
    exactSteps: z.boolean().optional(),
    /** Factor of the initial noise of a run that starts from a picture. */
    noiseMultiplier: within(limits.noiseMultiplier),
    /** Noise beyond what the first step expects, as a share of the unit noise. */
    extraNoise: within(limits.share),
    /** Pure noise starts at noise x sqrt(1 + sigma^2), as Stability's own code has it. */
    sgmNoise: z.boolean().optional(),
    /** The picture size, pixels, whose composition the seed should keep. */
    seedSize: z
      .strictObject({ width: z.number().int().min(8), height: z.number().int().min(8) })
      .optional(),
    // schedule; 0 is the model's or the schedule's own
    sigmaMin: within(limits.sigma),
    sigmaMax: within(limits.sigma),
    rho: within(limits.rho),
    betaAlpha: within(limits.betaShape),
    betaBeta: within(limits.betaShape),
    /** The last but one sigma is left out, whatever the sampler. */
    dropPenultimate: z.boolean().optional(),
    /** The model is told whole timesteps. */
    wholeTimesteps: z.boolean().optional(),
    /** The training schedule is stretched so that its last step is pure noise. */
    zeroTerminalSnr: z.boolean().optional(),
    /** The training schedule's products in 16 bit, as old versions of AUTOMATIC1111 had them. */
    halfAlphas: z.boolean().optional(),
    // inpainting models
    /** How far the picture shown to an inpainting model is masked: 1 gray in the hole, 0 not at all. */
    maskedPictureWeight: within(limits.share),
    // decoding
    /** The result comes from the tiny autoencoder (TAESD): quick, with less of fine detail. */
    tinyDecoder: z.boolean().optional(),
    /** AUTOMATIC1111's colour correction, by its rules only: each channel of Lab gets the picture's histogram. */
    colorCorrection: z.boolean().optional(),
    /** By AUTOMATIC1111's rules, of whole pictures; what was cut off stays as it is. Absent: `stretch`. */
    resizeMode: ResizeMode.optional(),
    // selections
    /** Instead of the dialect's way of blending with what is kept. */
    softInpainting: SoftInpainting.optional(),
  })
  .refine(({ sigmaMin = 0, sigmaMax = 0 }) => sigmaMin < sigmaMax || sigmaMax === 0, {
    path: ['sigmaMin'],
    error: 'must be below the largest sigma',
  });
export type AdvancedSettings = z.infer<typeof AdvancedSettings>;
