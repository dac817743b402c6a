/**
 * GenerateRequest holds everything that decides the picture: the same request and model give the
 * same bytes. All lengths are document pixels. The pixels themselves travel beside it as the
 * planes of one frame (frame.ts): `picture` (1 to 4 channels) and `mask` (1 channel, 8 bit) over
 * `region`, both of exactly that size. What ControlNets look at may be planes of their own (control.ts).
 */
import { z } from 'zod';
import { AdvancedSettings } from './advanced.ts';
import { ControlUnits } from './control.ts';
import { ExpandFill, OutpaintScript, overlapPx } from './expand.ts';
import { Rect, Size } from './geometry.ts';
import { limits, maxPromptCharacters, maxSeed, maxSidePx, type Range } from './limits.ts';
import { HiresFix, isUpscalerNetwork, Refiner } from './stages.ts';

function within(range: Range) {
  return z.number().min(range.min).max(range.max);
}
function wholeWithin(range: Range) {
  return z.number().int().min(range.min).max(range.max);
}

/** The document a capture came from, so that the result finds its way back. */
export const DocumentInfo = z.strictObject({
  id: z.string().max(200),
  name: z.string().max(1000),
  width: z.number().int().min(1).max(maxSidePx),
  height: z.number().int().min(1).max(maxSidePx),
  /** Bits per channel of the document itself. */
  depth: z.union([z.literal(8), z.literal(16), z.literal(32)]),
  mode: z.enum(['rgb', 'gray', 'lab', 'cmyk']),
  profile: z.string().max(500).optional(),
  /** The layer that was read; absent when the composite was. */
  layer: z.strictObject({ id: z.string().max(200), name: z.string().max(1000) }).optional(),
});
export type DocumentInfo = z.infer<typeof DocumentInfo>;

/** Whose rules are followed where programs differ; each name is a preset of explicit options. */
export const Dialect = z.enum(['pentimento', 'a1111', 'diffusers']);
export type Dialect = z.infer<typeof Dialect>;

export const MaskedContent = z.enum(['original', 'fill', 'latent-noise', 'latent-nothing']);
export type MaskedContent = z.infer<typeof MaskedContent>;

/**
 * How much the model sees: `context` (the smallest rectangle that gives it enough to see),
 * `masked` (the selection and `paddingPx` around it), `whole` (the whole picture).
 */
export const Area = z.enum(['context', 'masked', 'whole']);
export type Area = z.infer<typeof Area>;

/** How attention weights act on the text encoder's output; absent in a request: `original`. */
export const Emphasis = z.enum(['original', 'no-norm', 'ignore', 'none']);
export type Emphasis = z.infer<typeof Emphasis>;

/** Whose random numbers: torch's on the CPU (absent: these), or those of NVIDIA cards. */
export const NoiseSource = z.enum(['cpu', 'nv']);
export type NoiseSource = z.infer<typeof NoiseSource>;

/** What a sampler is told beyond its name; what is absent, or unknown to the sampler, is its default. */
export const SamplerSettings = z.strictObject({
  eta: within(limits.eta).optional(),
  sChurn: within(limits.sChurn).optional(),
  sTmin: within(limits.sTmin).optional(),
  sTmax: within(limits.sTmax).optional(),
  sNoise: within(limits.sNoise).optional(),
});
export type SamplerSettings = z.infer<typeof SamplerSettings>;

/**
 * The initial noise moves from the seed's towards another seed's. With a strength above 0 all variants
 * keep the seed, and variant i uses the variation seed + i. Seed -1: as for the seed itself.
 */
export const Variation = z.strictObject({
  seed: z.number().int().min(-1).max(maxSeed),
  strength: within(limits.variationStrength),
});
export type Variation = z.infer<typeof Variation>;

const place = {
  document: DocumentInfo,
  /** What the planes cover; for `text` the rectangle to be filled. */
  region: Rect,
};

const sampling = {
  /** Id from GET /v1/models; empty: the first checkpoint found. */
  model: z.string().max(300),
  /** Id of a separate VAE file. */
  vae: z.string().max(300).optional(),
  /** Id of the model whose text encoders and VAE go with a UNet that lies alone in its file; absent: the first of its family. */
  partsFrom: z.string().max(300).optional(),
  prompt: z.string().max(maxPromptCharacters),
  negativePrompt: z.string().max(maxPromptCharacters),
  sampler: z.string().max(60),
  /** Schedule name, or 'automatic': the sampler's preferred one. */
  schedule: z.string().max(60),
  steps: wholeWithin(limits.steps),
  cfgScale: within(limits.cfgScale),
  clipSkip: wholeWithin(limits.clipSkip),
  dialect: Dialect,
  samplerOptions: SamplerSettings.optional(),
  guidanceRescale: within(limits.guidanceRescale).optional(),
  emphasis: Emphasis.optional(),
  noiseSource: NoiseSource.optional(),
  /** Added to the seed for the noise of steps (ancestral samplers); AUTOMATIC1111's ENSD. */
  etaNoiseSeedDelta: z.number().int().min(-maxSeed).max(maxSeed).optional(),
  variation: Variation.optional(),
  advanced: AdvancedSettings.optional(),
  /** ControlNets, in order; absent: none. */
  controls: ControlUnits.optional(),
  /** Another model for the last steps; absent: none. */
  refiner: Refiner.optional(),
  /** Size the networks run at, multiples of 8; absent: chosen by the plan. */
  workingSize: Size.optional(),
};

const output = {
  /** -1: a random one, fixed when the job is accepted. Variant i uses seed + i. */
  seed: z.number().int().min(-1).max(maxSeed),
  /** Number of variants. */
  count: wholeWithin(limits.count),
};

/** Share of the surroundings' grain that is added where what was painted lacks it; absent: none. */
const grainMatch = within(limits.grainMatch).optional();

const masking = {
  featherPx: within(limits.featherPx),
  growPx: wholeWithin(limits.growPx),
  /** 0: colours as the model gave them; 1: drift against the surroundings fully undone. */
  colorMatch: within(limits.colorMatch),
  grainMatch,
};

/** Text to image: nothing to start from. */
export const TextRequest = z.strictObject({
  kind: z.literal('text'),
  ...place,
  ...sampling,
  ...output,
  /** A second pass; `workingSize` is the first one's. Absent: none. */
  hires: HiresFix.optional(),
});

/** Image to image over a whole layer or the canvas. */
export const ImageRequest = z.strictObject({
  kind: z.literal('image'),
  ...place,
  ...sampling,
  ...output,
  strength: within(limits.strength),
  colorMatch: within(limits.colorMatch),
  grainMatch,
});

/** Inpainting of a selection. */
export const InpaintRequest = z.strictObject({
  kind: z.literal('inpaint'),
  ...place,
  ...sampling,
  ...output,
  ...masking,
  strength: within(limits.strength),
  maskedContent: MaskedContent,
  area: Area,
  paddingPx: wholeWithin(limits.paddingPx),
});

/** Removal of what is selected, filled from its surroundings without any model. */
export const RemoveRequest = z.strictObject({
  kind: z.literal('remove'),
  ...place,
  ...output,
  ...masking,
});

/** Smaller ones are mostly rim. */
const leastTilePx = 32;

/**
 * Enlarging alone. The picture covers the region; the result's bounds are the region's times the
 * scale, in the pixels of the enlarged document.
 */
export const UpscaleRequest = z
  .strictObject({
    kind: z.literal('upscale'),
    ...place,
    ...output,
    /** One: nothing in it is random. */
    count: wholeWithin({ ...limits.count, max: 1 }),
    /** 'lanczos', 'nearest', or the id or name of an upscaler network. */
    upscaler: z.string().min(1).max(300),
    /** Sides of the result over the picture's; this or `size`. */
    scale: within(limits.upscale).optional(),
    /** The sides that are covered, pixels; what is over is cut off evenly. */
    size: Size.optional(),
    /** Another one, laid over the first with that opacity. */
    second: z
      .strictObject({
        upscaler: z.string().min(1).max(300),
        visibility: within(limits.share),
      })
      .optional(),
    /** Side of what a network sees at once, picture pixels; 0: everything. Absent: the dialect's. */
    tilePx: wholeWithin(limits.upscaleTilePx).optional(),
    /** Pixels of a tile that the next one has as well; absent: the dialect's. */
    overlapPx: wholeWithin(limits.upscaleOverlapPx).optional(),
    dialect: Dialect,
  })
  .refine(({ scale, size }) => (scale === undefined) !== (size === undefined), {
    path: ['scale'],
    error: 'either a scale or a size is given',
  })
  .refine(({ tilePx = 0 }) => tilePx === 0 || tilePx >= leastTilePx, {
    path: ['tilePx'],
    error: `must be 0 or at least ${leastTilePx}`,
  })
  .refine(({ tilePx = 0, overlapPx = 0 }) => tilePx === 0 || overlapPx * 2 <= tilePx, {
    path: ['overlapPx'],
    error: 'must be at most half a tile',
  });

const expanding = {
  /** The new canvas, document pixels; it holds the whole document (expand.ts). */
  canvas: Rect,
  overlapPx,
  colorMatch: within(limits.colorMatch),
};

/** The picture goes on past its edges; its planes cover what the passes see of the old picture. */
export const ExpandRequest = z.strictObject({
  kind: z.literal('expand'),
  ...place,
  ...sampling,
  ...output,
  ...expanding,
  strength: within(limits.strength),
  fill: ExpandFill,
  /** With the dialect `a1111`. */
  script: OutpaintScript.optional(),
});

/** The same without any model: the picture is continued by its own patches. */
export const ExpandPatchesRequest = z.strictObject({
  kind: z.literal('expand-patches'),
  ...place,
  ...output,
  ...expanding,
});

export const GenerateRequest = z.discriminatedUnion('kind', [
  TextRequest,
  ImageRequest,
  InpaintRequest,
  RemoveRequest,
  ExpandRequest,
  ExpandPatchesRequest,
  UpscaleRequest,
]);
export type TextRequest = z.infer<typeof TextRequest>;
export type ImageRequest = z.infer<typeof ImageRequest>;
export type InpaintRequest = z.infer<typeof InpaintRequest>;
export type RemoveRequest = z.infer<typeof RemoveRequest>;
export type ExpandRequest = z.infer<typeof ExpandRequest>;
export type ExpandPatchesRequest = z.infer<typeof ExpandPatchesRequest>;
export type UpscaleRequest = z.infer<typeof UpscaleRequest>;
export type GenerateRequest = z.infer<typeof GenerateRequest>;
/** Requests that run the networks. */
export type DiffusionRequest = TextRequest | ImageRequest | InpaintRequest | ExpandRequest;

export function needsModel(request: GenerateRequest): request is DiffusionRequest {
  const { kind } = request;
  return kind !== 'remove' && kind !== 'upscale' && kind !== 'expand-patches';
}

/** Its ControlNets by id or name, in order. */
export function controlModels({ controls = [] }: DiffusionRequest): string[] {
  return controls.map(({ model }) => model);
}

/** The upscaler networks that it names, each once. */
export function upscalerModels(request: GenerateRequest): string[] {
  const named =
    request.kind === 'upscale'
      ? [request.upscaler, request.second?.upscaler]
      : [request.kind === 'text' ? request.hires?.upscaler : undefined];
  const networks = named.filter((name) => name !== undefined).filter(isUpscalerNetwork);
  return [...new Set(networks)];
}
