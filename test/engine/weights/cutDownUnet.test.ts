/** Models made smaller by leaving parts out (SSD-1B, Segmind-Vega, KOALA). */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { DiffusionModel } from '../../../service/engine/diffusion.ts';
import { openDiffusionModel } from '../../../service/engine/networks.ts';
import { chooseDevice } from '../../../service/engine/runtime/device.ts';
import { sizeOfShape, tensor, type Tensor } from '../../../service/engine/tensor.ts';
import { openCheckpoint } from '../../../service/engine/weights/openCheckpoint.ts';
import { manifestPath, readManifest, type Manifest } from '../../fixtures/manifest.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';
import { writeModel } from '../../fixtures/writeModel.ts';
import { relativeError, wave } from '../graph/syntheticNetwork.ts';

const folder = temporaryFolder();
const opened: DiffusionModel[] = [];
afterAll(async () => {
  for (const model of opened) await model.dispose();
});

/** The tiny SDXL without the tensors whose names `drop` names. */
async function without(name: string, drop: RegExp): Promise<string> {
  const manifest: Manifest = readManifest(manifestPath('tiny/tiny-sdxl/single.json'));
  const kept = Object.entries(manifest.tensors).filter(([tensorName]) => !drop.test(tensorName));
  const path = join(folder, `${name}.json`);
  const text = readFileSync(manifestPath('tiny/tiny-sdxl/single.json'), 'utf8');
  writeFileSync(
    path,
    JSON.stringify({ ...(JSON.parse(text) as object), tensors: Object.fromEntries(kept) }),
  );
  const out = join(folder, `${name}.safetensors`);
  return writeModel({ manifest: path, out, seed: 1, dtype: 'F32' });
}

const open = (path: string) =>
  openCheckpoint({ reference: { id: '', name: '', family: '' }, layout: 'single', path });
const waves = (shape: readonly number[]): Tensor => tensor(wave(sizeOfShape(shape)), shape);

async function predicted(path: string): Promise<Float32Array> {
  const model = await openDiffusionModel(await open(path), {
    device: chooseDevice('cpu'),
    cacheFolder: join(folder, 'cache'),
    oddSizes: 'webui',
  });
  opened.push(model);
  const { contextWidth, sizeNumbers = 6 } = model.facts;
  const pooled = waves([1, 128]);
  const context = { ...waves([1, 77, contextWidth]), pooled, sizes: waves([1, sizeNumbers]) };
  const { data } = await model.predict(waves([1, 4, 8, 8]), Float32Array.of(400), context);
  return Float32Array.from(data);
}

describe('a model without its middle block', () => {
  const middle = /model\.diffusion_model\.middle_block\./;
  const uneven = /middle_block\.|output_blocks\.0\.1\.transformer_blocks\.1\./;

  it('runs with the depth that each of its attentions has', async () => {
    const even = await without('even', middle);
    const cut = await without('cut', uneven);
    const { config } = (await open(cut)).unet;
    expect(config.ownDepths).toMatchObject({
      'down_blocks.2.attentions.0': 2,
      'up_blocks.0.attentions.0': 1,
      'up_blocks.0.attentions.1': 2,
    });
    expect((await open(even)).unet.config.ownDepths?.['up_blocks.0.attentions.0']).toBe(2);
    const [first, second] = [await predicted(even), await predicted(cut)];
    expect(first.every(Number.isFinite)).toBe(true);
    // The block that is left out counts.
    expect(relativeError(second, first)).toBeGreaterThan(1e-3);
  });

  it('is not taken for one when only a part of the middle or of an attention is missing', async () => {
    const part = await without('part', /middle_block\.1\.transformer_blocks\.0\.attn1\.to_q/);
    await expect(open(part)).rejects.toMatchObject({ code: 'E_MODEL_MISSING_PART' });
    const attention = await without(
      'attention',
      /middle_block\.|output_blocks\.0\.1\.transformer_blocks\.1\.ff/,
    );
    await expect(open(attention)).rejects.toMatchObject({ code: 'E_MODEL_MISSING_PART' });
  });
});
