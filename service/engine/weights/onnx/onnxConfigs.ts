/** What the config.json files of an ONNX folder say; older exports have none, and their graphs must tell. */
import { z } from 'zod';
import { PentimentoError } from '../../../../shared/errors.ts';

const Count = z.number().int().min(1).max(65_536);

const UnetJson = z.looseObject({
  in_channels: Count.optional(),
  cross_attention_dim: z.union([Count, z.array(Count)]).optional(),
  sample_size: z.union([Count, z.tuple([Count, Count])]).nullish(),
  use_linear_projection: z.boolean().optional(),
  block_out_channels: z.array(Count).min(1).max(8).optional(),
});

const VaeJson = z.looseObject({
  scaling_factor: z.number().positive().max(1000).optional(),
  block_out_channels: z.array(Count).min(1).max(8).optional(),
  shift_factor: z.number().nullish(),
  latents_mean: z.array(z.number()).nullish(),
});

const TextJson = z.looseObject({ hidden_size: Count.optional() });

const mostLevels = 4;

export interface OnnxUnetConfig {
  readonly inChannels: number | undefined;
  readonly contextWidth: number | undefined;
  /** Side it was trained at, latents. */
  readonly latentSide: number | undefined;
  readonly linearProjection: boolean;
  /** Each halves the latents once more; 4 in SD 1 and 2, 3 in SDXL. */
  readonly levels: number;
}

export function onnxUnetConfig(json: unknown): OnnxUnetConfig {
  const read = parse(UnetJson, 'UNet', json);
  return {
    inChannels: read.in_channels,
    contextWidth: [read.cross_attention_dim].flat()[0],
    latentSide: read.sample_size == null ? undefined : Math.max(...[read.sample_size].flat()),
    linearProjection: read.use_linear_projection ?? false,
    levels: read.block_out_channels?.length ?? mostLevels,
  };
}

export interface OnnxVaeConfig {
  readonly scalingFactor: number | undefined;
  /** Of each level; a picture is half as large on the next. */
  readonly blockOutChannels: readonly number[];
}

/** Of every published Stable Diffusion. */
const publishedLevels = [128, 256, 512, 512];

/** Throws E_MODEL_FAMILY for latents of another kind. */
export function onnxVaeConfig(json: unknown): OnnxVaeConfig {
  const read = parse(VaeJson, 'VAE', json);
  if (read.shift_factor || read.latents_mean) {
    throw new PentimentoError('E_MODEL_FAMILY', 'Its VAE uses shifted latents.');
  }
  const { scaling_factor: scalingFactor, block_out_channels: levels } = read;
  return { scalingFactor, blockOutChannels: levels ?? publishedLevels };
}

export function onnxTextWidth(json: unknown): number | undefined {
  return parse(TextJson, 'text encoder', json).hidden_size;
}

function parse<T>(schema: z.ZodType<T>, component: string, json: unknown): T {
  const result = schema.safeParse(json ?? {});
  if (result.success) return result.data;
  const where = result.error.issues[0]?.path.join('.') ?? '';
  const what = `The configuration of the ${component} is not valid at "${where}".`;
  throw new PentimentoError('E_MODEL_DAMAGED', what);
}
