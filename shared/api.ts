/** The remaining documents of the HTTP API (docs/api.md): models, health, pairing, job lists. */
import { z } from 'zod';
import { Problem } from './errors.ts';
import { ResultInfo } from './event.ts';
import { GenerateRequest } from './request.ts';

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
