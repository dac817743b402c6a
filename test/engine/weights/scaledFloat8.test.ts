/** Checkpoints in 8-bit floats: plain, mixed with other formats, and with factors beside the weights. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { float32Copy } from '../../../service/engine/weights/float32Copy.ts';
import { openCheckpoint } from '../../../service/engine/weights/openCheckpoint.ts';
import { readTensorFile } from '../../../service/engine/weights/readTensorFile.ts';
import { readValues } from '../../../service/engine/weights/readValues.ts';
import { toFloat32 } from '../../../service/engine/weights/toFloat32.ts';
import { manifestPath } from '../../fixtures/manifest.ts';
import { safetensorsFile, type FileTensor } from '../../fixtures/safetensorsBytes.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';
import { writeModel } from '../../fixtures/writeModel.ts';

const folder = temporaryFolder();
const stem = 'model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q.';
const diffusersName = 'down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight';
let tensors: Map<string, FileTensor>;

beforeAll(async () => {
  const manifest = manifestPath('tiny/tiny-sd1/single.json');
  const path = await writeModel({
    manifest,
    out: join(folder, 'f16.safetensors'),
    seed: 1,
    dtype: 'F16',
  });
  const bytes = readFileSync(path);
  const file = await readTensorFile(path);
  tensors = new Map(
    [...file.tensors].map(([name, { dtype, shape, begin, end }]) => [
      name,
      { dtype, shape, data: bytes.subarray(begin, end) },
    ]),
  );
});

const codes = (count: number) => Uint8Array.from({ length: count }, (_, i) => (i * 37) % 127);

function written(name: string, changes: Readonly<Record<string, FileTensor>>): string {
  const path = join(folder, `${name}.safetensors`);
  writeFileSync(path, safetensorsFile(new Map([...tensors, ...Object.entries(changes)])));
  return path;
}

const open = (path: string) =>
  openCheckpoint({ reference: { id: '', name: '', family: '' }, layout: 'single', path });

describe('8-bit weights', () => {
  it.each([
    ['without a factor', {}, 1],
    ['scale_weight', { [`${stem}scale_weight`]: Float32Array.of(0.25) }, 0.25],
    ['weight_scale', { [`${stem}weight_scale`]: Float32Array.of(3.5) }, 3.5],
  ] as const)('%s', async (name, scales, factor) => {
    const shape = tensors.get(`${stem}weight`)?.shape ?? [];
    const data = codes(shape[0] * shape[1]);
    const beside = Object.entries(scales).map(
      ([key, scale]) => [key, { dtype: 'F32', shape: [], data: scale }] as const,
    );
    const path = written(name, {
      [`${stem}weight`]: { dtype: 'F8_E4M3', shape, data },
      scaled_fp8: { dtype: 'F8_E4M3', shape: [0], data: new Uint8Array(0) },
      ...Object.fromEntries(beside),
    });
    const { weights } = (await open(path)).unet;
    const copy = await float32Copy(weights, { cacheFolder: join(folder, 'cache') });
    const stored = copy.get(diffusersName);
    const direct = weights.get(diffusersName);
    if (!stored || !direct) throw new Error('The weight is not there');
    const plain = new Uint32Array(data.length);
    toFloat32('F8_E4M3', data, plain);
    const expected = new Float32Array(plain.buffer).map((value) => value * factor);
    const [fromCopy, fromFile] = [await readValues([stored]), await readValues([direct])];
    expect([...fromCopy[0]]).toEqual([...expected]);
    expect([...fromFile[0]]).toEqual([...expected]);
  });

  it('with a factor for every row are refused', async () => {
    const shape = tensors.get(`${stem}weight`)?.shape ?? [];
    const path = written('rows', {
      [`${stem}weight`]: { dtype: 'F8_E5M2', shape, data: codes(shape[0] * shape[1]) },
      [`${stem}scale_weight`]: {
        dtype: 'F32',
        shape: [shape[0], 1],
        data: new Float32Array(shape[0]),
      },
    });
    await expect(open(path)).rejects.toMatchObject({
      code: 'E_MODEL_FAMILY',
      detail: expect.stringMatching(/more than one factor/) as string,
    });
  });
});
