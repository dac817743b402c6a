import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { safetensorsBytes } from '../fixtures/safetensorsBytes.ts';

/**
 * What artists have beside a model: two LoRAs of different families, an embedding, the same model under
 * the name of a few-step one, and AUTOMATIC1111's styles.
 */
export function writeAdditions(models: string, tiny: string): void {
  const loras = join(models, 'Lora');
  const embeddings = join(models, 'embeddings');
  for (const folder of [loras, embeddings]) mkdirSync(folder);
  const stem = 'lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k';
  writeFileSync(join(loras, 'inkwash.safetensors'), loraBytes(stem, 768));
  const xl = 'lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k';
  writeFileSync(join(loras, 'xl-detail.safetensors'), loraBytes(xl, 2048));
  writeFileSync(
    join(embeddings, 'easynegative.safetensors'),
    safetensorsBytes(
      { emb_params: { dtype: 'F32', shape: [2, 768], data_offsets: [0, 6144] } },
      { dataBytes: 6144 },
    ),
  );
  cpSync(tiny, join(models, 'tiny-lcm'), { recursive: true });
  const rows = [
    'name,prompt,negative_prompt',
    'Oil painting,"oil painting of {prompt}, thick brush strokes","photo, render"',
    'Fine,"highly detailed, sharp focus",',
  ];
  writeFileSync(join(models, 'styles.csv'), `${rows.join('\r\n')}\r\n`);
}

function loraBytes(stem: string, width: number): Uint8Array {
  const down = width * 2;
  const header = {
    [`${stem}.lora_down.weight`]: { dtype: 'F16', shape: [1, width], data_offsets: [0, down] },
    [`${stem}.lora_up.weight`]: { dtype: 'F16', shape: [4, 1], data_offsets: [down, down + 8] },
  };
  return safetensorsBytes(header, { dataBytes: down + 8 });
}
