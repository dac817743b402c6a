/** One open model, real networks: what a second job sees of the first one's. */
import { readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdapterFile } from '../../service/engine/networks/openAdapters.ts';
import { makeModelCache, type ModelCache } from '../../service/engine/modelCache.ts';
import { chooseDevice } from '../../service/engine/runtime/device.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { safetensorsFile } from '../fixtures/safetensorsBytes.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';
import { results, text } from './jobs.ts';

const folder = temporaryFolder();
const path = join(folder, 'model.safetensors');
const other = join(folder, 'other.safetensors');
const files = {
  reference: { id: 'm', name: 'm', family: 'sd1' },
  layout: 'single' as const,
  path,
};
const size = { width: 64, height: 64 };
const request = text(size, { steps: 1, workingSize: size });

/** Of rank 2, for one attention of the tiny UNet, whose layers there are 32 wide. */
function unetLora(width = 32): Uint8Array {
  const layer = 'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q';
  const data = Float32Array.from({ length: 2 * width }, (_, i) => Math.sin(i * 7.7));
  return safetensorsFile(
    new Map([
      [`${layer}.lora_down.weight`, { dtype: 'F32', shape: [2, width], data }],
      [`${layer}.lora_up.weight`, { dtype: 'F32', shape: [width, 2], data }],
    ]),
  );
}

let models: ModelCache;
beforeAll(async () => {
  const manifest = manifestPath('tiny/tiny-sd1/single.json');
  await writeModel({ manifest, out: path, seed: 1, dtype: 'F32' });
  await writeModel({ manifest, out: other, seed: 2, dtype: 'F32' });
  models = makeModelCache({ device: chooseDevice('cpu'), cacheFolder: join(folder, 'cache') });
});
afterAll(() => models.close());

async function paint(
  at = request,
  onStage: (name: string) => void = () => undefined,
  loras: readonly AdapterFile[] = [],
) {
  const made = await results(at, {
    tools: {
      openModel: (oddSizes, stage) => models.open(files, { oddSizes, loras }, stage),
      onStage,
    },
  });
  return made[0]?.color.data;
}

describe('the open model', () => {
  it('tells a later job what is loaded for it', async () => {
    await paint();
    const told: string[] = [];
    const wider = { ...request, workingSize: { width: 128, height: 64 } };
    await paint(wider, (name) => told.push(name));
    expect(told).toContain('loading the UNet');
    expect(told).not.toContain('opening the model');
  });

  it('is changed by LoRA files, and back again, without being opened again', async () => {
    const lora = join(folder, 'lora.safetensors');
    writeFileSync(lora, unetLora());
    const at = (unet: number): AdapterFile[] => [{ path: lora, text: 1, unet }];
    const plain = await paint();
    const stages: string[] = [];
    const tell = (name: string) => void stages.push(name);
    const changed = await paint(request, tell, at(1));
    expect(changed).not.toEqual(plain);
    expect(await paint(request, tell, at(1))).toEqual(changed);
    expect(await paint(request, tell, at(-1))).not.toEqual(changed);
    expect(await paint(request, tell, at(0))).toEqual(plain);
    expect(await paint(request, tell)).toEqual(plain);
    expect(stages).not.toContain('opening the model');
    expect(stages).not.toContain('loading the UNet');
  });

  it('says when a LoRA was made for another size, and goes on without it', async () => {
    const lora = join(folder, 'wide.safetensors');
    writeFileSync(lora, unetLora(640));
    const plain = await paint();
    await expect(
      paint(request, undefined, [{ path: lora, text: 1, unet: 1 }]),
    ).rejects.toMatchObject({ code: 'E_MODEL_FAMILY' });
    expect(await paint()).toEqual(plain);
  });

  it('says when a LoRA has none of its layers, and goes on without it', async () => {
    const lora = join(folder, 'elsewhere.safetensors');
    const text = Buffer.from(unetLora())
      .toString('latin1')
      .replaceAll('down_blocks', 'DOWN_blocks');
    writeFileSync(lora, Buffer.from(text, 'latin1'));
    const plain = await paint();
    await expect(
      paint(request, undefined, [{ path: lora, text: 1, unet: 1 }]),
    ).rejects.toMatchObject({
      code: 'E_MODEL_FAMILY',
      detail: 'The LoRA "elsewhere" has no layer that this model has.',
    });
    expect(await paint()).toEqual(plain);
  });

  it('is opened again when its file was replaced, and only then', async () => {
    const before = await paint();
    const stages: string[] = [];
    expect(await paint(request, (name) => stages.push(name))).toEqual(before);
    expect(stages).not.toContain('opening the model');
    writeFileSync(path, readFileSync(other));
    utimesSync(path, new Date(), new Date(Date.now() + 5_000));
    const after = await paint(request, (name) => stages.push(name));
    expect(stages).toContain('opening the model');
    expect(after).not.toEqual(before);
  });

  it('says so when its file is gone', async () => {
    rmSync(path);
    await expect(paint()).rejects.toMatchObject({
      code: expect.stringMatching(/^E_(MODEL|FILE)/) as string,
    });
  });
});
