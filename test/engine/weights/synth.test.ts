import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manifestPath, manifestRow, readManifest } from '../../fixtures/manifest.ts';
import { synthTensor } from '../../fixtures/synth.ts';
import { bfloat16Bits, float16Bits, writeModel } from '../../fixtures/writeModel.ts';
import { readTensors } from '../../reference/reader.ts';

const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

describe('synthetic weights follow the published rule', () => {
  const vectors: [string, number[], number[], number][] = [
    [
      'unet.conv_in.weight',
      [64, 4, 3, 3],
      [0.033447265625, 0.092041015625, -0.16015625, 0.191650390625],
      -15.477294921875,
    ],
    [
      'unet.conv_in.bias',
      [64],
      [0.02435302734375, -0.00518798828125, -0.0587158203125, 0.01483154296875],
      0.490966796875,
    ],
    ['unet.conv_norm_out.weight', [64], [0.89453125, 1.09375, 0.93359375, 1.046875], 63.42578125],
    [
      'vae.encoder.conv_in.weight',
      [32, 3, 3, 3],
      [-0.045166015625, -0.060791015625, -0.007568359375, -0.227783203125],
      -0.729736328125,
    ],
    [
      'text_encoder.text_model.encoder.layers.0.self_attn.q_proj.weight',
      [64, 64],
      [-0.208251953125, 0.1103515625, -0.031494140625, -0.238037109375],
      -6.29931640625,
    ],
    [
      'text_encoder_2.text_projection.weight',
      [128, 128],
      [-0.0638427734375, 0.0443115234375, -0.0252685546875, 0.0611572265625],
      -6.3966064453125,
    ],
  ];
  it.each(vectors)('%s', (name, shape, first, total) => {
    const values = synthTensor(name, shape, 3);
    expect(Array.from(values.subarray(0, 4))).toEqual(first);
    expect(sum(values)).toBe(total);
  });
});

describe('a manifest becomes a file', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'synth-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('with concatenated, transposed, 1x1 and extra tensors', async () => {
    const out = await writeModel({
      manifest: manifestPath('tiny/tiny-sdxl/single.json'),
      out: join(folder, 'sdxl.safetensors'),
      seed: 3,
      dtype: 'F32',
    });
    const tensors = readTensors(out);
    const check = (name: string, shape: number[], first: number[], total: number) => {
      const found = tensors.get(name);
      expect(found?.shape).toEqual(shape);
      const data = Array.from(found?.data ?? [], Number);
      expect(data.slice(0, first.length)).toEqual(first);
      expect(sum(data)).toBe(total);
    };
    check(
      'conditioner.embedders.1.model.transformer.resblocks.0.attn.in_proj_weight',
      [384, 128],
      [-0.0546875, 0.042724609375, -0.003173828125, 0.001220703125],
      -39.7935791015625,
    );
    check(
      'conditioner.embedders.1.model.text_projection',
      [128, 128],
      [-0.0638427734375, 0.023193359375, 0.043701171875, -0.04296875],
      -6.3966064453125,
    );
    check(
      'first_stage_model.decoder.mid.attn_1.q.weight',
      [64, 64, 1, 1],
      [-0.051513671875, 0.244384765625, -0.054443359375, -0.14990234375],
      6.1142578125,
    );
    check('conditioner.embedders.1.model.logit_scale', [], [1], 1);
    check(
      'conditioner.embedders.0.transformer.text_model.embeddings.position_ids',
      [1, 77],
      [0, 1, 2, 3],
      (76 * 77) / 2,
    );
  });

  it('in float16 with exactly the float32 values', async () => {
    const manifest = manifestPath('tiny/tiny-sd1/vae.json');
    const tensors = readTensors(
      await writeModel({ manifest, out: join(folder, 'vae16.safetensors'), seed: 1, dtype: 'F16' }),
    );
    for (const [name, row] of Object.entries(readManifest(manifest).tensors)) {
      const wanted = synthTensor(`vae.${name}`, manifestRow(row).shape, 1);
      expect(
        Buffer.compare(
          bytesOf(tensors.get(name)?.data),
          bytesOf(Uint16Array.from(wanted, float16Bits)),
        ),
      ).toBe(0);
      expect(Array.from(wanted.subarray(0, 50), (v) => halfToNumber(float16Bits(v)))).toEqual(
        Array.from(wanted.subarray(0, 50)),
      );
    }
  });
});

/** Straight from the definition of binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

describe('16-bit encodings round to nearest, ties to even', () => {
  it('float16', () => {
    for (let bits = 0; bits < 0x7c00; bits++) expect(float16Bits(halfToNumber(bits))).toBe(bits);
    expect(float16Bits(1 + 2 ** -11)).toBe(0x3c00);
    expect(float16Bits(1 + 3 * 2 ** -11)).toBe(0x3c02);
    expect(float16Bits(65520)).toBe(0x7c00);
    expect(float16Bits(-0)).toBe(0x8000);
    expect(float16Bits(NaN)).toBe(0x7e00);
  });
  it('bfloat16', () => {
    expect(bfloat16Bits(1)).toBe(0x3f80);
    expect(bfloat16Bits(1 + 2 ** -8)).toBe(0x3f80);
    expect(bfloat16Bits(1 + 3 * 2 ** -8)).toBe(0x3f82);
  });
});

function bytesOf(data: ArrayBufferView | undefined): Uint8Array {
  return data ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array();
}
