import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLibrary } from '../../service/library/library.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { safetensorsFile } from '../fixtures/safetensorsBytes.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';

const folder = temporaryFolder();

function embedding(vectors: number, width: number): Uint8Array {
  const shape = [vectors, width];
  const data = new Float32Array(vectors * width);
  return safetensorsFile(new Map([['emb_params', { dtype: 'F32', shape, data }]]));
}

describe('embeddings in the library', () => {
  it('are found in a program’s own folder and handed to the engine by their file names', async () => {
    const models = join(folder, 'models', 'Stable-diffusion');
    mkdirSync(models, { recursive: true });
    mkdirSync(join(folder, 'embeddings', 'more'), { recursive: true });
    await writeModel({
      manifest: manifestPath('tiny/tiny-sd1/single.json'),
      out: join(models, 'paint.safetensors'),
      seed: 1,
      dtype: 'F16',
    });
    writeFileSync(join(folder, 'embeddings', 'Easy Negative.v2.safetensors'), embedding(8, 768));
    writeFileSync(join(folder, 'embeddings', 'more', 'look.safetensors'), embedding(1, 1024));
    writeFileSync(join(folder, 'embeddings', 'broken.safetensors'), 'nothing');

    const library = openLibrary({ folders: [folder] });
    const found = (await library.list()).filter(({ kind }) => kind === 'embedding');
    expect(found.map(({ name, family, usable }) => [name, family, usable])).toEqual([
      ['Easy Negative.v2', 'sd1', true],
      ['broken', 'unknown', false],
      ['look', 'sd2', true],
    ]);
    const { embeddings } = await library.files('paint');
    expect(embeddings?.map(({ name }) => name)).toEqual(['Easy Negative.v2', 'look']);
    expect(embeddings?.[1]?.path).toBe(join(folder, 'embeddings', 'more', 'look.safetensors'));
  });
});
