/** The strengths that diffusers writes into a LoRA's metadata, where its tensors hold no alpha. */
import { z } from 'zod';

const Patterns = z.record(z.string(), z.number()).catch({});

const PeftConfig = z.looseObject({
  r: z.number().positive(),
  lora_alpha: z.number(),
  rank_pattern: Patterns.default({}),
  alpha_pattern: Patterns.default({}),
  use_rslora: z.boolean().catch(false).default(false),
});
type PeftConfig = z.infer<typeof PeftConfig>;

/** The factor of a layer's change (`unet.down_blocks.0...to_q`); undefined for what the metadata does not speak of. */
export type TrainedScales = (layer: string) => number | undefined;

const networks = ['unet', 'text_encoder', 'text_encoder_2'] as const;

/**
 * alpha / rank of every layer (with rank-stabilised training alpha / sqrt(rank)), from `lora_adapter_metadata`:
 * PEFT's LoraConfig of each network, its names behind the network's (Kalajdzievski 2023; PEFT LoraConfig).
 * Undefined where the file has none that can be read.
 */
export function peftScales(metadata: ReadonlyMap<string, string>): TrainedScales | undefined {
  const text = metadata.get('lora_adapter_metadata');
  const all = text === undefined ? undefined : jsonObject(text);
  if (!all) return undefined;
  const configs = new Map<string, PeftConfig>();
  for (const network of networks) {
    const config = PeftConfig.safeParse(partOf(all, network));
    if (config.success) configs.set(network, config.data);
  }
  return (layer) => {
    const [network, ...rest] = layer.split('.');
    const config = configs.get(network);
    return config && scaleOf(config, rest.join('.'));
  };
}

function jsonObject(text: string): object | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function partOf(all: object, network: string): Record<string, unknown> {
  const mine = Object.entries(all).filter(([name]) => name.startsWith(`${network}.`));
  return Object.fromEntries(
    mine.map(([name, value]): [string, unknown] => [name.slice(network.length + 1), value]),
  );
}

function scaleOf(config: PeftConfig, path: string): number {
  const rank = matching(config.rank_pattern, path) ?? config.r;
  const alpha = matching(config.alpha_pattern, path) ?? config.lora_alpha;
  return alpha / (config.use_rslora ? Math.sqrt(rank) : rank);
}

/** PEFT's keys are layer names or their ends; expressions, which it allows too, are not followed. */
function matching(patterns: Readonly<Record<string, number>>, path: string): number | undefined {
  return Object.entries(patterns).find(([key]) => path === key || path.endsWith(`.${key}`))?.[1];
}
