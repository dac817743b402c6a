/** What files of the rarer forms do to one weight, against the formulas written out. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../service/engine/graph/builder.ts';
import { adapterChanges } from '../../../service/engine/networks/adapterChanges.ts';
import { openAdapters } from '../../../service/engine/networks/openAdapters.ts';
import { sizeOfShape, tensor } from '../../../service/engine/tensor.ts';
import { detectModel } from '../../../service/engine/weights/detectModel.ts';
import { layerSpellings } from '../../../service/engine/weights/adapters/layerSpellings.ts';
import { readSafetensors } from '../../../service/engine/weights/safetensors.ts';
import { safetensorsFile, type FileTensor } from '../../fixtures/safetensorsBytes.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';
import { runGraph } from '../../reference/runComponent.ts';
import { relativeError, wave } from '../graph/syntheticNetwork.ts';

const folder = temporaryFolder();
const path = 'mid_block.resnets.0.conv1';
const key = `lora_unet_${path.replaceAll('.', '_')}`;

const numbers = (shape: readonly number[], from = 0): FileTensor => ({
  dtype: 'F32',
  shape: [...shape],
  data: wave(sizeOfShape(shape) + from).subarray(from),
});

interface Written {
  readonly parts: Readonly<Record<string, FileTensor>>;
  readonly layer?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A weight of `shape` (values of `wave`) as a file of `parts` for its layer changes it. */
async function changed(
  shape: readonly number[],
  { parts, layer = key, metadata }: Written,
): Promise<Float32Array> {
  const [model, adapter] = ['model', 'adapter'].map((name) => join(folder, `${name}.safetensors`));
  const stored = numbers(shape);
  writeFileSync(model, safetensorsFile(new Map([[`${path}.weight`, stored]])));
  const named = Object.entries(parts).map(([name, part]) => [`${layer}.${name}`, part] as const);
  writeFileSync(adapter, safetensorsFile(new Map(named), metadata));
  const weights = (await readSafetensors(model)).tensors;
  const { adapters } = await openAdapters([{ path: adapter, text: 1, unet: 1 }], folder);
  const changes = await adapterChanges(adapters, { network: 'unet', weights, layers: 2 });
  const graph = new GraphBuilder('weight');
  const name = `${path}.weight`;
  const weight = weights.get(name);
  if (!weight) throw new Error('Expected the weight');
  const none = graph.input('none', [1, ...shape]);
  graph.output('weight', graph.addWeight(none, { name, shape, stored: weight }));
  const zeros = tensor(new Float32Array(sizeOfShape(shape)), [1, ...shape]);
  return (await runGraph(graph.finish(), { none: zeros }, undefined, changes))['weight'].data;
}

/** sum over r of a[o,r] b[r,i]. */
function times(a: FileTensor, b: FileTensor): number[] {
  const [rows, rank] = [a.shape[0], a.shape[1]];
  const columns = sizeOfShape(b.shape.slice(1));
  const [left, right] = [a.data as Float32Array, b.data as Float32Array];
  return Array.from({ length: rows * columns }, (_, at) => {
    const [o, i] = [Math.floor(at / columns), at % columns];
    let sum = 0;
    for (let r = 0; r < rank; r++) sum += left[o * rank + r] * right[r * columns + i];
    return sum;
  });
}

describe('GLoRA as newer trainers name it: W a1 a2 + b1 b2, times alpha / rank', () => {
  const alpha: FileTensor = { dtype: 'F32', shape: [], data: Float32Array.of(3) };

  it.each([
    ['a matrix with as many inputs as outputs', [6, 6], []],
    ['a convolution, tap by tap', [4, 6, 3, 3], [1, 1]],
  ])('%s', async (_what, shape, ones) => {
    const [out, inputs, ...kernel] = shape;
    const [a1, a2] = [numbers([inputs, 2, ...ones], 3), numbers([2, inputs, ...ones], 5)];
    const [b1, b2] = [numbers([out, 2, ...ones], 7), numbers([2, inputs, ...kernel], 11)];
    const parts = {
      'a1.weight': a1,
      'a2.weight': a2,
      'b1.weight': b1,
      'b2.weight': b2,
      alpha,
    };
    const found = await changed(shape, { parts });
    const [turn, added] = [times(a1, a2), times(b1, b2)];
    const taps = sizeOfShape(kernel);
    const plain = wave(sizeOfShape(shape));
    const expected = plain.map((value, at) => {
      const [o, i, tap] = [
        Math.floor(at / (inputs * taps)),
        Math.floor(at / taps) % inputs,
        at % taps,
      ];
      let turned = 0;
      for (let j = 0; j < inputs; j++)
        turned += plain[(o * inputs + j) * taps + tap] * turn[j * inputs + i];
      return value + (3 / 2) * (turned + added[at]);
    });
    expect(relativeError(found, expected)).toBeLessThan(1e-6);
  });
});

describe('OFT', () => {
  it('turns as far as it was trained to where its limit is 0, which means none', async () => {
    const blocks: FileTensor = {
      dtype: 'F32',
      shape: [1, 2, 2],
      data: Float32Array.of(0, 0.5, 0, 0),
    };
    const alpha: FileTensor = { dtype: 'F32', shape: [], data: Float32Array.of(0) };
    const found = await changed([2, 1], { parts: { oft_blocks: blocks, alpha } });
    // Q = [[0, q], [-q, 0]] with q = 0.5: (I + Q)(I - Q)^-1 is the rotation by 2 atan q; applied as its transpose.
    const [x, y] = wave(2);
    const [cos, sin] = [0.75 / 1.25, 1 / 1.25];
    expect(found[0]).toBeCloseTo(cos * x - sin * y, 6);
    expect(found[1]).toBeCloseTo(sin * x + cos * y, 6);
  });

  it('tells its family by the rows of a text encoder’s blocks', () => {
    const layer = 'lora_te_text_model_encoder_layers_0_self_attn_q_proj.oft_blocks';
    const familyOf = (shape: readonly number[]) =>
      detectModel({ tensors: new Map([[layer, { shape }]]), metadata: new Map() }).family;
    expect(familyOf([8, 96, 96])).toBe('sd1');
    expect(familyOf([2, 8, 128, 128])).toBe('sd2');
  });
});

describe('LoRA in PEFT’s spelling', () => {
  const rank = 2;
  const parts = { 'lora_A.weight': numbers([rank, 5], 3), 'lora_B.weight': numbers([4, rank], 5) };
  const difference = times(parts['lora_B.weight'], parts['lora_A.weight']);
  const scaled = (scale: number) => wave(20).map((value, at) => value + scale * difference[at]);

  async function scaleWith(config: object): Promise<Float32Array> {
    const named = Object.entries(config).map(([name, value]) => [`unet.${name}`, value as unknown]);
    const metadata = { lora_adapter_metadata: JSON.stringify(Object.fromEntries(named)) };
    return changed([4, 5], { parts, layer: `unet.${path}`, metadata });
  }

  it('has the scale that its metadata says', async () => {
    expect(relativeError(await scaleWith({ r: 2, lora_alpha: 6 }), scaled(3))).toBeLessThan(1e-6);
    const stable = await scaleWith({ r: 2, lora_alpha: 6, use_rslora: true });
    expect(relativeError(stable, scaled(6 / Math.SQRT2))).toBeLessThan(1e-6);
    const own = { r: 8, lora_alpha: 4, rank_pattern: { conv1: 2 }, alpha_pattern: { [path]: 1 } };
    expect(relativeError(await scaleWith(own), scaled(0.5))).toBeLessThan(1e-6);
  });

  it('has scale 1 without metadata, or where it is no configuration', async () => {
    const plain = await changed([4, 5], { parts, layer: `unet.${path}` });
    expect(relativeError(plain, scaled(1))).toBeLessThan(1e-6);
    const metadata = { lora_adapter_metadata: '{broken' };
    const broken = await changed([4, 5], { parts, layer: `unet.${path}`, metadata });
    expect(relativeError(broken, scaled(1))).toBeLessThan(1e-6);
    expect(relativeError(await scaleWith({ r: 0 }), scaled(1))).toBeLessThan(1e-6);
  });

  it('is understood from a folder of PEFT’s own, which does not name the network', async () => {
    const layer = `base_model.model.${path}`;
    expect(relativeError(await changed([4, 5], { parts, layer }), scaled(1))).toBeLessThan(1e-6);
  });

  it('names a text encoder’s layers with or without its outer module', () => {
    const path = 'text_model.encoder.layers.0.mlp.fc1';
    const spellings = layerSpellings('text_encoder', [`${path}.weight`], { layers: 0 });
    expect(spellings.get('text_encoder.encoder.layers.0.mlp.fc1')).toBe(path);
    expect(spellings.get(`text_encoder.${path}`)).toBe(path);
  });
});
