/** The remaining documents of the HTTP API (docs/api.md): models, health, pairing, job lists. */
import { z } from 'zod';
import { Problem } from './errors.ts';
import { ResultInfo } from './event.ts';
import { maxPromptCharacters } from './limits.ts';
import { Dialect, Emphasis, GenerateRequest } from './request.ts';

/** What a model was made for, where that is not what every model is: few steps, little guidance. */
export const SuggestedSettings = z.strictObject({
  sampler: z.string(),
  schedule: z.string(),
  steps: z.number().int(),
  cfgScale: z.number(),
});
export type SuggestedSettings = z.infer<typeof SuggestedSettings>;

/** What its author or the user wrote down about a model, in files beside it or in its own metadata. */
export const ModelNotes = z.strictObject({
  /** Words that call what it was trained for. */
  triggerWords: z.array(z.string()).optional(),
  /** What its training pictures were tagged with most often. */
  trainingTags: z.array(z.string()).optional(),
  negativePrompt: z.string().optional(),
  preferredWeight: z.number().optional(),
  /** The family as it is called there: "SD1", "SDXL 1.0". */
  madeFor: z.string().optional(),
  text: z.string().optional(),
});
export type ModelNotes = z.infer<typeof ModelNotes>;

export const ModelInfo = z.strictObject({
  id: z.string(),
  /** What people call it: the file name without its ending, or the folder's name. */
  name: z.string(),
  kind: z.enum([
    'checkpoint',
    'vae',
    'taesd',
    'lora',
    'controlnet',
    'embedding',
    'upscaler',
    'unknown',
  ]),
  /** 'sd1', 'sd2', 'sdxl', ... or 'unknown'. */
  family: z.string(),
  /** Variant inside the family: 'base', 'inpainting' (9 channels), 'edit' (8 channels). */
  variant: z.string(),
  prediction: z.enum(['epsilon', 'v', 'unknown']),
  sizeBytes: z.number(),
  /** Side the model was trained at, pixels, where its files tell it. */
  nativeSide: z.number().int().min(8).optional(),
  /** Settings that suit it, told by its name (Turbo, Lightning, LCM, Hyper). */
  suggested: SuggestedSettings.optional(),
  /** First ten hex digits of the file's SHA-256, as AUTOMATIC1111 writes it; absent until it is known. */
  hash: z.string().optional(),
  /** Of a LoRA: AUTOMATIC1111's twelve digits for "Lora hashes", over the tensors alone. */
  loraHash: z.string().optional(),
  notes: ModelNotes.optional(),
  /** GET /v1/models/:id/preview has a picture. */
  hasPreview: z.boolean().optional(),
  /** Of a UNet alone: the name of the model whose text encoders and VAE it uses unless a request names another. */
  partsFrom: z.string().optional(),
  /** Present when the product can run it now; otherwise `problem` says why not. */
  usable: z.boolean(),
  problem: Problem.optional(),
});
export type ModelInfo = z.infer<typeof ModelInfo>;

export const ModelList = z.strictObject({
  models: z.array(ModelInfo),
  folders: z.array(z.string()),
});
export type ModelList = z.infer<typeof ModelList>;

/** GET /healthz, the only open route: says nothing but that it is alive and which API it speaks. */
export const Health = z.strictObject({ ok: z.boolean(), apiVersion: z.number().int() });
export type Health = z.infer<typeof Health>;

/** GET /v1/status */
export const Status = z.strictObject({
  version: z.string(),
  apiVersion: z.number().int(),
  device: z.string(),
  engine: z.enum(['starting', 'idle', 'working', 'stopped']),
  engineMemoryBytes: z.number().optional(),
  freeMemoryBytes: z.number(),
  queued: z.number().int(),
  running: z.string().optional(),
});
export type Status = z.infer<typeof Status>;

/** POST /v1/pair */
export const PairRequest = z.strictObject({
  code: z.string().max(40),
  clientName: z.string().max(200),
});
export type PairRequest = z.infer<typeof PairRequest>;
export const PairAnswer = z.strictObject({ token: z.string(), clientId: z.string() });
export type PairAnswer = z.infer<typeof PairAnswer>;

/** POST /v1/pairings (with a token): a code for another client, valid once and for a few minutes. */
export const PairingCode = z.strictObject({ code: z.string(), expiresAt: z.string() });
export type PairingCode = z.infer<typeof PairingCode>;

/** POST /v1/jobs answers 201 (or 200 when the same Idempotency-Key was seen before). */
export const JobCreated = z.strictObject({ id: z.string() });
export type JobCreated = z.infer<typeof JobCreated>;

export const JobSummary = z.strictObject({
  id: z.string(),
  state: z.enum(['queued', 'running', 'done', 'failed', 'cancelled']),
  createdAt: z.string(),
  request: GenerateRequest,
  results: z.array(ResultInfo),
  problem: Problem.optional(),
});
export type JobSummary = z.infer<typeof JobSummary>;
export const JobList = z.strictObject({ jobs: z.array(JobSummary) });
export type JobList = z.infer<typeof JobList>;

/** POST /v1/pictures (an encoded file as the body) answers with a frame whose body is this. */
export const PictureInfo = z.strictObject({
  width: z.number().int(),
  height: z.number().int(),
  depth: z.union([z.literal(8), z.literal(16), z.literal(32)]),
  /** The plane's colour after reading: always gray or RGB, alpha where the file has it. */
  channels: z.number().int(),
  /** Name of the embedded profile the file had, if any; the plane itself is sRGB. */
  profile: z.string().optional(),
  format: z.string(),
});
export type PictureInfo = z.infer<typeof PictureInfo>;

/** What a choice is good for, in one sentence an artist understands. */
const choice = {
  /** Names that mean the same in other programs. */
  aliases: z.array(z.string()),
  about: z.string(),
  /** One of the few that are offered first. */
  isSuggested: z.boolean(),
};

/**
 * What samplers have in common: `steady` settles on one picture, `lively` adds fresh noise at every
 * step, `thorough` asks the model twice a step, `few-steps` is for distilled models, `classic` is kept
 * for older recipes.
 */
export const SamplerGroup = z.enum(['steady', 'lively', 'thorough', 'few-steps', 'classic']);
export type SamplerGroup = z.infer<typeof SamplerGroup>;

export const SamplerInfo = z.strictObject({
  /** As AUTOMATIC1111 lists it; what a request holds. */
  name: z.string(),
  ...choice,
  group: SamplerGroup,
  /** Label of the schedule that "automatic" stands for. */
  automatic: z.string(),
  /** Present when the sampler brings its own schedule, whatever is asked: why, in a sentence. */
  ownSchedule: z.string().optional(),
  /** The sampler settings that it knows. */
  options: z.strictObject({
    /** Its own eta; absent: it has none. */
    eta: z.number().optional(),
    hasChurn: z.boolean(),
    hasNoise: z.boolean(),
    hasSeedDelta: z.boolean(),
  }),
});
export type SamplerInfo = z.infer<typeof SamplerInfo>;

export const ScheduleInfo = z.strictObject({
  /** What a request holds. */
  id: z.string(),
  label: z.string(),
  ...choice,
});
export type ScheduleInfo = z.infer<typeof ScheduleInfo>;

/** GET /v1/samplers: the samplers and schedules there are, the suggested ones first. */
export const SamplingCatalogue = z.strictObject({
  samplers: z.array(SamplerInfo),
  schedules: z.array(ScheduleInfo),
});
export type SamplingCatalogue = z.infer<typeof SamplingCatalogue>;

/** POST /v1/tokens: how much of the text encoder's window prompts fill. */
export const TokenRequest = z.strictObject({
  /** Any number of them, the prompt and what to avoid first. */
  texts: z.array(z.string().max(maxPromptCharacters)).max(20),
  dialect: Dialect,
  emphasis: Emphasis.optional(),
});
export type TokenRequest = z.infer<typeof TokenRequest>;

export const TokenCount = z.strictObject({
  tokens: z.number().int(),
  /** The whole windows of 75 that are used; with the diffusers dialect what is above 75 is cut off. */
  limit: z.number().int(),
  /** Weights that are no numbers and are left out. */
  unreadable: z.array(z.string()),
});
export type TokenCount = z.infer<typeof TokenCount>;
/** One entry per text. */
export const TokenCounts = z.array(TokenCount);
