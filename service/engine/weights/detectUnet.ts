import type { Detection, Family, HeaderView } from './detection.ts';
import { shapeOf } from './detection.ts';

/** Where a UNet's (or ControlNet's) trunk lies in a file, and in which naming. */
export interface Trunk {
  readonly prefix: string;
  readonly layout: 'single-file' | 'diffusers';
}

type UnetFacts = Pick<
  Detection,
  'family' | 'variant' | 'prediction' | 'recognized' | 'channels' | 'heads'
>;

/** Six (SDXL) or five (refiner) size conditions of 256 Fourier features each, beside the pooled text. */
const refinerConditions = 5 * 256;

/**
 * Family, variant and prediction type of a UNet from a few shapes: 1x1-convolution projections mean
 * SD 1; linear ones SD 2, or SDXL where a pooled condition comes in.
 */
export function detectUnet(header: HeaderView, trunk: Trunk): UnetFacts {
  const original = trunk.layout === 'single-file';
  const input = shapeOf(
    header,
    `${trunk.prefix}${original ? 'input_blocks.0.0' : 'conv_in'}.weight`,
  );
  const pooled = shapeOf(
    header,
    `${trunk.prefix}${original ? 'label_emb.0.0' : 'add_embedding.linear_1'}.weight`,
  );
  const { linear, context } = attentionFacts(header, trunk.prefix);
  const family = familyOf(header, { linear, context, condition: pooled[1] ?? 0 });
  const channels = input[1] ?? 0;
  const variant = variantOf(channels);
  return {
    family,
    variant,
    channels,
    prediction: predictionOf(header, { family, variant }),
    heads: family === 'sd1' ? { count: 8 } : { dim: 64 },
    recognized:
      ['sd1', 'sd2', 'sdxl', 'sdxl-refiner'].includes(family) &&
      ['base', 'inpainting', 'edit'].includes(variant) &&
      !header.tensors.has(
        `${trunk.prefix}${original ? 'time_embed.cond_proj' : 'time_embedding.cond_proj'}.weight`,
      ),
  };
}

interface AttentionFacts {
  readonly linear: boolean;
  /** Width of the text context. */
  readonly context: number;
}

function attentionFacts(header: HeaderView, prefix: string): AttentionFacts {
  let projection: readonly number[] = [];
  let context = 0;
  for (const [name, { shape }] of header.tensors) {
    if (!name.startsWith(prefix)) continue;
    if (name.endsWith('.proj_in.weight')) projection = shape;
    else if (name.endsWith('.attn2.to_k.weight')) context = shape[1] ?? 0;
    if (projection.length > 0 && context > 0) break;
  }
  return { linear: projection.length === 2, context };
}

function familyOf(header: HeaderView, facts: AttentionFacts & { condition: number }): Family {
  const { linear, context, condition } = facts;
  if (context === 0) return 'unknown';
  if (header.tensors.has('edm_mean')) return 'playground-v2.5';
  if (!linear) return condition === 0 ? 'sd1' : 'unknown';
  if (condition === 0) return 'sd2';
  if (condition - context === refinerConditions) return 'sdxl-refiner';
  // SD 2 unCLIP: one image embedding, context as SD 2.
  if (context === 1024 && (condition === 1536 || condition === 2048)) return 'unknown';
  return 'sdxl';
}

/** What a UNet of so many input channels is for. */
export function variantOf(channels: number): Detection['variant'] {
  switch (channels) {
    case 4:
      return 'base';
    case 9:
      return 'inpainting';
    case 8:
      return 'edit';
    case 5:
      return 'depth';
    default:
      return 'other';
  }
}

/** SD 2 trained both ways without a trace in the file; others say so by a marker or are epsilon. */
function predictionOf(
  header: HeaderView,
  { family, variant }: { family: Family; variant: Detection['variant'] },
): Detection['prediction'] {
  const told = header.metadata.get('modelspec.prediction_type') ?? '';
  if (header.tensors.has('v_pred') || told.startsWith('v')) return 'v';
  if (told.startsWith('eps')) return 'epsilon';
  if (family === 'sd2') return variant === 'base' ? 'unknown' : 'epsilon';
  return family === 'sd1' || family === 'sdxl' || family === 'sdxl-refiner' ? 'epsilon' : 'unknown';
}
