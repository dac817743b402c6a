import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { manifestPath } from '../fixtures/manifest.ts';
import { writeModel } from '../fixtures/writeModel.ts';

/**
 * What guides a run and what is written beside models: ControlNets for two families, a preview picture and
 * words of a model `watercolour` and of a LoRA that lies in `Lora`.
 */
export async function writeGuides(models: string): Promise<void> {
  const nets = join(models, 'ControlNet');
  mkdirSync(nets);
  for (const [manifest, name] of [
    ['tiny-controlnet/single.json', 'canny-tiny.safetensors'],
    ['tiny-controlnet-sdxl/controlnet.json', 'canny-xl.safetensors'],
  ] as const) {
    const out = join(nets, name);
    await writeModel({ manifest: manifestPath(`tiny/${manifest}`), out, seed: 3, dtype: 'F16' });
  }
  const out = join(models, 'watercolour.safetensors');
  await writeModel({
    manifest: manifestPath('tiny/tiny-sd1/single.json'),
    out,
    seed: 4,
    dtype: 'F16',
  });
  writeFileSync(join(models, 'watercolour.png'), await preview('#b5651d'));
  writeFileSync(
    join(models, 'watercolour.json'),
    JSON.stringify({ 'activation text': 'tiny style, soft light', notes: 'Made for tests.' }),
  );
  const lora = join(models, 'Lora', 'inkwash');
  writeFileSync(`${lora}.png`, await preview('#2d4a6b'));
  writeFileSync(
    `${lora}.json`,
    JSON.stringify({ 'activation text': 'ink wash', 'preferred weight': 0.8 }),
  );
}

function preview(background: string): Promise<Buffer> {
  const size = { width: 300, height: 450, channels: 3 } as const;
  return sharp({ create: { ...size, background } })
    .png()
    .toBuffer();
}
