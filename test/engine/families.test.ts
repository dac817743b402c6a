/** Whole runs with a tiny model of each family, from a request to the layer. */
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { DiffusionModel } from '../../service/engine/diffusion.ts';
import { openDiffusionModel } from '../../service/engine/networks.ts';
import { chooseDevice } from '../../service/engine/runtime/device.ts';
import { openCheckpoint } from '../../service/engine/weights/openCheckpoint.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';
import { image, inpaint, picture, result, selection } from './jobs.ts';

const folder = temporaryFolder();
const opened: DiffusionModel[] = [];
afterAll(async () => {
  for (const model of opened) await model.dispose();
});

async function open(name: string): Promise<DiffusionModel> {
  const manifest = manifestPath(`tiny/${name}/single.json`);
  const path = join(folder, `${name}.safetensors`);
  await writeModel({
    manifest,
    out: path,
    seed: 4,
    dtype: 'F32',
    metadata: name === 'tiny-sd2v' ? { 'modelspec.prediction_type': 'v' } : {},
  });
  const checkpoint = await openCheckpoint({ path, layout: 'single' } as Parameters<
    typeof openCheckpoint
  >[0]);
  const device = chooseDevice('cpu');
  const model = await openDiffusionModel(checkpoint, {
    device,
    cacheFolder: folder,
    oddSizes: 'webui',
  });
  opened.push(model);
  return model;
}

const size = { width: 64, height: 64 };
const photo = picture(size);
const settings = { steps: 2, strength: 0.9, workingSize: size };

describe.each(['tiny-sd2v', 'tiny-sdxl', 'tiny-refiner', 'tiny-sd1-ip2p'])('%s', (name) => {
  it('paints over a picture and inside a selection, and listens to the prompt', async () => {
    const model = await open(name);
    const painted = async (prompt: string) =>
      (await result(image(size, { ...settings, prompt }), { picture: photo, model })).color.data;
    const boat = await painted('a wooden boat');
    expect(boat).not.toEqual(photo.data);
    expect(await painted('a wooden boat')).toEqual(boat);
    expect(await painted('a red barn')).not.toEqual(boat);

    const box = { x: 24, y: 20, width: 16, height: 16 };
    const mask = selection(size, box);
    const filled = await result(inpaint(size, settings), { picture: photo, mask, model });
    expect(filled.alpha.data.some((value) => value === 255)).toBe(true);
  });
});
