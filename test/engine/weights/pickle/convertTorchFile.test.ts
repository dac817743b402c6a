/** PyTorch files written again as safetensors. */
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertTorchFile } from '../../../../service/engine/weights/pickle/convertTorchFile.ts';
import { readTensorFile } from '../../../../service/engine/weights/readTensorFile.ts';

const fixtures = fileURLToPath(new URL('../../../fixtures/torch/', import.meta.url));

let folder = '';
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'pentimento-convert-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function convert(name: string, to = `${name}.safetensors`): Promise<string> {
  const path = join(folder, to);
  await convertTorchFile(join(fixtures, name), path, {});
  return path;
}

describe('converting', () => {
  it.each(['views.bin', 'views-legacy.bin'])('puts views in reading order: %s', async (name) => {
    const expected = JSON.parse(readFileSync(join(fixtures, `${name}.json`), 'utf8')) as Record<
      string,
      { shape: readonly number[]; values: readonly number[] }
    >;
    const path = await convert(name);
    const { tensors } = await readTensorFile(path);
    const bytes = readFileSync(path);
    expect([...tensors.keys()]).toEqual(Object.keys(expected));
    for (const [key, { begin, end, shape }] of tensors) {
      const values = new Float32Array(Uint8Array.from(bytes.subarray(begin, end)).buffer);
      expect({ shape, values: [...values] }).toEqual({
        shape: expected[key].shape,
        values: expected[key].values,
      });
    }
  });

  it('keeps number types and the texts beside the tensors', async () => {
    const { tensors, metadata } = await readTensorFile(await convert('state-dict.ckpt'));
    expect([...tensors.values()].map(({ dtype }) => dtype)).toEqual([
      'F32',
      'F16',
      'BF16',
      'I64',
      'F32',
    ]);
    expect(Object.fromEntries(metadata)).toEqual({ format: 'pt', global_step: '12', epoch: '3' });
  });

  it('never replaces a file and leaves nothing half-written', async () => {
    const before = readdirSync(folder).length;
    copyFileSync(join(fixtures, 'embedding.pt.json'), join(folder, 'taken.safetensors'));
    await expect(convert('embedding.pt', 'taken.safetensors')).rejects.toMatchObject({
      code: 'E_FILE',
    });
    expect(readFileSync(join(folder, 'taken.safetensors'))).toEqual(
      readFileSync(join(fixtures, 'embedding.pt.json')),
    );
    await expect(convert('unsafe-zip.ckpt')).rejects.toMatchObject({ code: 'E_MODEL_UNSAFE' });
    expect(readdirSync(folder)).toHaveLength(before + 1);
  });
});

describe('a file whose numbers are out of order', () => {
  it('asks to be converted', async () => {
    await expect(readTensorFile(join(fixtures, 'views.bin'))).rejects.toMatchObject({
      code: 'E_MODEL_CONVERT',
    });
  });
});
