/** How programs spell the layers of our networks in a LoRA. Underscores cannot be read back: the table goes forward. */
import { originalUnetNames } from '../originalNames.ts';

export type AdaptedNetwork = 'unet' | 'text_encoder' | 'text_encoder_2';

/**
 * Spelling -> module path (`down_blocks.0.attentions.0...to_q`) of every layer of a network, from its
 * weights' names. `layers`: residual layers per block of a UNet.
 */
export function layerSpellings(
  network: AdaptedNetwork,
  weightNames: Iterable<string>,
  { layers }: { readonly layers: number },
): ReadonlyMap<string, string> {
  const spellings = new Map<string, string>();
  const add = (spelling: string, path: string): void => {
    if (!spellings.has(spelling)) spellings.set(spelling, path);
  };
  for (const name of weightNames) {
    const path = name.replace(/\.(?:weight|bias)$/, '');
    const plain = underscored(path);
    // Newer transformers leave out the outer module of a text encoder.
    const dotted = [path, path.replace(/^text_model\./, '')];
    for (const prefix of prefixes[network].dotted) {
      for (const spelling of dotted) add(`${prefix}${spelling}`, path);
    }
    for (const prefix of prefixes[network].underscored) add(`${prefix}${plain}`, path);
    if (network !== 'unet') continue;
    for (const original of originalUnetNames(name, layers)) {
      const there = original.replace(/\.(?:weight|bias)$/, '');
      add(`lora_unet_${underscored(there)}`, path);
      add(`diffusion_model.${there}`, path);
    }
  }
  return spellings;
}

/** The empty ones: PEFT's own folders hold one network each and do not name it. */
const prefixes: Record<
  AdaptedNetwork,
  { readonly dotted: readonly string[]; readonly underscored: readonly string[] }
> = {
  unet: { dotted: ['unet.', ''], underscored: ['lora_unet_', 'lycoris_', 'lycoris_unet_'] },
  text_encoder: {
    dotted: ['text_encoder.', 'te1.', ''],
    underscored: ['lora_te_', 'lora_te1_', 'lycoris_te_', 'lycoris_te1_'],
  },
  text_encoder_2: {
    dotted: ['text_encoder_2.', 'te2.'],
    underscored: ['lora_te2_', 'lycoris_te2_'],
  },
};

function underscored(path: string): string {
  return path.replaceAll('.', '_');
}
