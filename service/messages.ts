/**
 * What the server and its engine process say to each other over the fork's IPC channel. Pixels never
 * travel here: they lie in frame files (shared/frame.ts) and are named by path.
 */
import { z } from 'zod';
import { Problem } from '../shared/errors.ts';
import { Rect } from '../shared/geometry.ts';
import { Plan } from '../shared/plan.ts';
import { ModelReference, Recipe } from '../shared/recipe.ts';
import { GenerateRequest } from '../shared/request.ts';

/** Where a model's parts lie; the library fills it in, the engine opens it. */
export const ModelFiles = z.strictObject({
  reference: ModelReference,
  layout: z.enum(['single', 'diffusers', 'onnx']),
  /** The .safetensors file, or the folder that holds unet/, vae/, text_encoder/; graphs in place of weights: 'onnx'. */
  path: z.string(),
  /** The model whose text encoders and VAE are used, where `path` is a UNet alone. */
  rest: z
    .strictObject({
      reference: ModelReference,
      layout: z.enum(['single', 'diffusers']),
      path: z.string(),
    })
    .optional(),
  /** A separate VAE file, replacing the model's own. */
  vaePath: z.string().optional(),
  /** TAESD decoder for previews. */
  taesdPath: z.string().optional(),
  /** Embeddings that a prompt may call by their names; which fit the model shows when they are read. */
  embeddings: z
    .array(z.strictObject({ name: z.string(), path: z.string(), hash: z.string().optional() }))
    .optional(),
  /** ControlNets, one for each unit of the request. */
  controls: z
    .array(z.strictObject({ id: z.string(), name: z.string(), path: z.string() }))
    .optional(),
  /** LoRA files and their relatives that a prompt may call by their names; `hash` goes into recipes. */
  loras: z
    .array(
      z.strictObject({
        name: z.string(),
        /** Other words that call it: the place below its folder, the name its trainer wrote into it. */
        aliases: z.array(z.string()).optional(),
        path: z.string(),
        family: z.string(),
        hash: z.string().optional(),
      }),
    )
    .optional(),
});
export type ModelFiles = z.infer<typeof ModelFiles>;

/** What a run uses beside its model, by ids or names; all may be missing. */
export interface AskedParts {
  /** A VAE in place of the model's own. */
  readonly vae?: string | undefined;
  readonly controls?: readonly string[] | undefined;
  /** The model that lends a UNet alone its text encoders and VAE. */
  readonly partsFrom?: string | undefined;
}

/** A network that enlarges pictures. */
export const UpscalerFile = z.strictObject({ id: z.string(), name: z.string(), path: z.string() });
export type UpscalerFile = z.infer<typeof UpscalerFile>;

/** Files of a run's further stages. */
const StageFiles = z.strictObject({
  refiner: ModelFiles.optional(),
  /** By the names that the request has for them. */
  upscalers: z.record(z.string(), UpscalerFile).optional(),
});
export type StageFiles = z.infer<typeof StageFiles>;

export const ToEngine = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('run'),
    jobId: z.string(),
    attempt: z.number().int(),
    request: GenerateRequest,
    /** Frame with the request's planes. */
    framePath: z.string(),
    inputSha256: z.string(),
    /** Existing folder: the engine writes one frame per result there. */
    outDir: z.string(),
    model: ModelFiles.optional(),
    stages: StageFiles.optional(),
    preview: z.boolean(),
  }),
  z.strictObject({ type: z.literal('cancel'), jobId: z.string() }),
  /** Decode an encoded picture (untrusted bytes) into a frame whose body is a PictureInfo. */
  z.strictObject({
    type: z.literal('decode'),
    id: z.string(),
    path: z.string(),
    outPath: z.string(),
  }),
  /** Encode a result frame as PNG with its recipe. */
  z.strictObject({
    type: z.literal('encode'),
    id: z.string(),
    framePath: z.string(),
    outPath: z.string(),
    format: z.enum(['png', 'tiff']),
  }),
  /** A frame that asks what a run would work with (shared/preview.ts), answered by a frame. */
  z.strictObject({
    type: z.literal('preview'),
    id: z.string(),
    what: z.enum(['masks', 'control-map']),
    framePath: z.string(),
    outPath: z.string(),
  }),
  z.strictObject({ type: z.literal('exit') }),
]);
export type ToEngine = z.infer<typeof ToEngine>;

export const FromEngine = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready'), device: z.string(), pid: z.number().int() }),
  /**
   * The engine is deaf while a network runs, so it announces each stage with the longest it may take;
   * the supervisor's watchdog kills it when that is exceeded.
   */
  z.strictObject({
    type: z.literal('stage'),
    jobId: z.string(),
    name: z.string(),
    budgetMs: z.number(),
  }),
  z.strictObject({ type: z.literal('plan'), jobId: z.string(), plan: Plan }),
  z.strictObject({
    type: z.literal('step'),
    jobId: z.string(),
    index: z.number().int(),
    step: z.number().int(),
    steps: z.number().int(),
    count: z.number().int(),
  }),
  z.strictObject({
    type: z.literal('preview'),
    jobId: z.string(),
    index: z.number().int(),
    step: z.number().int(),
    image: z.string(),
    width: z.number().int(),
    height: z.number().int(),
    bounds: Rect,
  }),
  /** One finished picture, already durable in `framePath` (its body is a ResultBody). */
  z.strictObject({
    type: z.literal('result'),
    jobId: z.string(),
    index: z.number().int(),
    framePath: z.string(),
    bounds: Rect,
    recipe: Recipe,
  }),
  z.strictObject({ type: z.literal('done'), jobId: z.string() }),
  z.strictObject({ type: z.literal('failed'), jobId: z.string(), problem: Problem }),
  z.strictObject({ type: z.literal('cancelled'), jobId: z.string() }),
  /** Answer to decode, encode and preview. */
  z.strictObject({ type: z.literal('converted'), id: z.string(), problem: Problem.optional() }),
  z.strictObject({ type: z.literal('memory'), residentBytes: z.number() }),
]);
export type FromEngine = z.infer<typeof FromEngine>;

/**
 * Body of a result frame. Planes: `color` (3 channels, or 1 for gray; depth of the input picture) and
 * `alpha` (1 channel, 8 bit), both over `bounds`.
 */
export const ResultBody = z.strictObject({ bounds: Rect, recipe: Recipe });
export type ResultBody = z.infer<typeof ResultBody>;
