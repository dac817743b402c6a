import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { manifestPath } from '../fixtures/manifest.ts';
import { writeDiffusersFolder } from '../fixtures/writeModel.ts';

/** A model folder with one tiny checkpoint of synthetic weights in it; answers its path. */
export async function writeTinyModels(folder: string): Promise<string> {
  const models = join(folder, 'models');
  const tiny = join(models, 'tiny');
  mkdirSync(models, { recursive: true });
  await writeDiffusersFolder({
    manifest: manifestPath('tiny/tiny-sd1'),
    out: tiny,
    seed: 3,
    dtype: 'F32',
  });
  // Trained at 256 pixels, says its configuration: a step takes milliseconds.
  const configFile = join(tiny, 'unet/config.json');
  const config: unknown = JSON.parse(readFileSync(configFile, 'utf8'));
  writeFileSync(configFile, JSON.stringify(Object.assign({}, config, { sample_size: 32 })));
  return models;
}
