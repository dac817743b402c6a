/** What the config.json files of a diffusers folder say beyond tensor shapes. */
import { z } from 'zod';
import { PentimentoError } from '../../../shared/errors.ts';
import type { BetaSchedule, ClipTextConfig, UNetConfig, VaeConfig } from './types.ts';

const Count = z.number().int().min(1).max(65_536);

const UnetJson = z.looseObject({
  /** Number of heads, in spite of its name; one for all levels or one each. */
  attention_head_dim: z.union([Count, z.array(Count).max(16)]).default(8),
  num_attention_heads: z.union([Count, z.array(Count).max(16)]).nullish(),
  norm_num_groups: Count.default(32),
  norm_eps: z.number().positive().max(1).default(1e-5),
  sample_size: z.union([Count, z.tuple([Count, Count])]).nullish(),
  act_fn: z.string().default('silu'),
  flip_sin_to_cos: z.boolean().default(true),
  freq_shift: z.number().default(0),
  center_input_sample: z.boolean().default(false),
  only_cross_attention: z.union([z.boolean(), z.array(z.boolean())]).default(false),
  time_cond_proj_dim: z.number().nullish(),
  class_embed_type: z.string().nullish(),
  addition_embed_type: z.string().nullish(),
  addition_time_embed_dim: z.number().nullish(),
  resnet_time_scale_shift: z.string().default('default'),
  mid_block_type: z.string().nullish(),
  upcast_attention: z.boolean().nullish(),
});

const VaeJson = z.looseObject({
  norm_num_groups: Count.default(32),
  scaling_factor: z.number().positive().max(1000).optional(),
  shift_factor: z.number().nullish(),
  latents_mean: z.array(z.number()).nullish(),
});

const TextJson = z.looseObject({
  num_attention_heads: Count.default(12),
  hidden_act: z.string().default('quick_gelu'),
});

const betaSchedules: readonly BetaSchedule[] = ['scaled_linear', 'linear', 'squaredcos_cap_v2'];

const SchedulerJson = z.looseObject({
  prediction_type: z.string().default('epsilon'),
  beta_start: z.number().positive().max(1).default(0.00085),
  beta_end: z.number().positive().max(1).default(0.012),
  beta_schedule: z.string().default('scaled_linear'),
  num_train_timesteps: z.number().default(1000),
  rescale_betas_zero_snr: z.boolean().default(false),
});

export interface SchedulerFacts {
  readonly prediction: 'epsilon' | 'v';
  readonly betaStart: number;
  readonly betaEnd: number;
  readonly betaSchedule: BetaSchedule;
  readonly zeroTerminalSnr: boolean;
}

function parse<T>(schema: z.ZodType<T>, component: string, json: unknown): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const where = result.error.issues[0]?.path.join('.') ?? '';
  throw new PentimentoError(
    'E_MODEL_DAMAGED',
    `The configuration of the ${component} is not valid at "${where}".`,
  );
}

function unsupported(component: string, what: string): PentimentoError {
  return new PentimentoError('E_MODEL_FAMILY', `Its ${component} uses ${what}.`);
}

/** SDXL's conditions: pooled text and sizes. */
const sizes = 'text_time';

/** `config` with heads, groups and epsilon as config.json says. Throws E_MODEL_FAMILY for other kinds of UNet. */
export function withUnetJson(
  config: UNetConfig,
  json: unknown,
): { config: UNetConfig; nativeSide?: number } {
  const read = parse(UnetJson, 'UNet', json);
  const refused: ReadonlyArray<readonly [boolean, string]> = [
    [read.act_fn !== 'silu', `the activation "${read.act_fn}"`],
    [!read.flip_sin_to_cos || read.freq_shift !== 0, 'another time embedding'],
    [read.center_input_sample, 'centred input'],
    [[read.only_cross_attention].flat().some(Boolean), 'cross-attention only'],
    [read.time_cond_proj_dim != null, 'an input for the guidance scale (LCM)'],
    [read.class_embed_type != null, `conditions of the kind "${read.class_embed_type}"`],
    [(read.addition_embed_type ?? sizes) !== sizes, `the conditions "${read.addition_embed_type}"`],
    [(read.addition_time_embed_dim ?? 256) !== 256, 'another width of its size conditions'],
    [read.resnet_time_scale_shift !== 'default', 'scale-shift residual blocks'],
  ];
  const problem = refused.find(([applies]) => applies);
  if (problem) throw unsupported('UNet', problem[1]);
  const heads = read.num_attention_heads ?? read.attention_head_dim;
  const latentSide = Array.isArray(read.sample_size)
    ? Math.max(...read.sample_size)
    : read.sample_size;
  return {
    config: {
      ...config,
      heads: typeof heads === 'number' ? config.blockOutChannels.map(() => heads) : heads,
      normGroups: read.norm_num_groups,
      normEps: read.norm_eps,
      exactAttention: read.upcast_attention ?? config.exactAttention,
    },
    ...(latentSide == null ? {} : { nativeSide: 8 * latentSide }),
  };
}

export function withVaeJson(config: VaeConfig, json: unknown): VaeConfig {
  const read = parse(VaeJson, 'VAE', json);
  if (read.shift_factor) throw unsupported('VAE', 'shifted latents');
  if (read.latents_mean) throw unsupported('VAE', 'normalised latents');
  const scalingFactor = read.scaling_factor ?? config.scalingFactor;
  return { ...config, normGroups: read.norm_num_groups, scalingFactor };
}

export function withTextJson(config: ClipTextConfig, json: unknown): ClipTextConfig {
  const read = parse(TextJson, 'text encoder', json);
  const { hidden_act: activation } = read;
  if (activation !== 'quick_gelu' && activation !== 'gelu') {
    throw unsupported('text encoder', `the activation "${activation}"`);
  }
  return { ...config, heads: read.num_attention_heads, activation };
}

const IndexJson = z.looseObject({ force_zeros_for_empty_prompt: z.boolean().optional() });

/** What model_index.json says of an empty negative prompt: told as zeros or not; undefined: nothing. */
export function zeroEmptyNegativeOf(json: unknown): boolean | undefined {
  return parse(IndexJson, 'model_index.json', json).force_zeros_for_empty_prompt;
}

/** Throws E_MODEL_FAMILY for a noise schedule of another form, or of other than 1000 steps. */
export function schedulerFacts(json: unknown): SchedulerFacts {
  const read = parse(SchedulerJson, 'scheduler', json);
  const betaSchedule = betaSchedules.find((name) => name === read.beta_schedule);
  if (!betaSchedule || read.num_train_timesteps !== 1000) {
    throw unsupported(
      'scheduler',
      `the noise schedule "${read.beta_schedule}" over ${read.num_train_timesteps} steps`,
    );
  }
  if (read.prediction_type !== 'epsilon' && read.prediction_type !== 'v_prediction') {
    throw unsupported('scheduler', `the prediction type "${read.prediction_type}"`);
  }
  return {
    prediction: read.prediction_type === 'epsilon' ? 'epsilon' : 'v',
    betaStart: read.beta_start,
    betaEnd: read.beta_end,
    betaSchedule,
    zeroTerminalSnr: read.rescale_betas_zero_snr,
  };
}
