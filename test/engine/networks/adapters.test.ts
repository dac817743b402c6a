/** LoRA files on a whole (tiny) model: what is loaded again for them, and that only the files decide the numbers. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDiffusionModel, type AdaptableModel } from '../../../service/engine/networks.ts';
import { openAdapters, type AdapterFile } from '../../../service/engine/networks/openAdapters.ts';
import { chooseDevice } from '../../../service/engine/runtime/device.ts';
import { sizeOfShape, tensor, type Tensor } from '../../../service/engine/tensor.ts';
import { openCheckpoint } from '../../../service/engine/weights/openCheckpoint.ts';
import { manifestPath } from '../../fixtures/manifest.ts';
import { safetensorsFile, type FileTensor } from '../../fixtures/safetensorsBytes.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';
import { writeModel } from '../../fixtures/writeModel.ts';
import { relativeError, wave } from '../graph/syntheticNetwork.ts';

const folder = temporaryFolder();
const cacheFolder = join(folder, 'cache');
const device = chooseDevice('cpu');
const stages: string[] = [];
/** The same model; the second one has everything made part of its weights, as on graphics cards. */
let [model, merging]: AdaptableModel[] = [];

const attention = 'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1';
const rank = 3;

function lowRank(layer: string, width: number, seed: number): [string, FileTensor][] {
  const data = (at: number) => wave(rank * width + at).subarray(at);
  return [
    [`${layer}.lora_down.weight`, { dtype: 'F32', shape: [rank, width], data: data(seed) }],
    [`${layer}.lora_up.weight`, { dtype: 'F32', shape: [width, rank], data: data(seed + 5) }],
  ];
}

function write(name: string, tensors: readonly [string, FileTensor][]): string {
  const path = join(folder, `${name}.safetensors`);
  writeFileSync(path, safetensorsFile(new Map(tensors)));
  return path;
}

const layers = [`${attention}_to_q`, `${attention}_to_k`];
const text = 'lora_te_text_model_encoder_layers_0_self_attn_q_proj';
const first = write('first', [
  ...layers.flatMap((layer, i) => lowRank(layer, 32, i)),
  ...lowRank(text, 64, 3),
]);
const second = write('second', lowRank(`${attention}_to_q`, 32, 9));
const bias: FileTensor = { dtype: 'F32', shape: [32], data: wave(32) };
const whole = write('whole', [
  ...lowRank(`${attention}_to_v`, 32, 2),
  [`${attention}_to_out_0.diff_b`, bias],
]);

const waves = (shape: readonly number[]): Tensor => tensor(wave(sizeOfShape(shape)), shape);
const ids = Int32Array.from({ length: 77 }, (_, i) =>
  i === 0 ? 49_406 : i < 6 ? 320 + i : 49_407,
);

beforeAll(async () => {
  const path = join(folder, 'model.safetensors');
  const manifest = manifestPath('tiny/tiny-sd1/single.json');
  await writeModel({ manifest, out: path, seed: 4, dtype: 'F16' });
  const reference = { id: 'm', name: 'm', family: 'sd1' };
  const checkpoint = await openCheckpoint({ path, layout: 'single', reference });
  const options = { device, cacheFolder, oddSizes: 'webui' } as const;
  model = await openDiffusionModel(checkpoint, {
    ...options,
    onStage: (name) => void stages.push(name),
  });
  const folding = { ...device, branches: false };
  merging = await openDiffusionModel(checkpoint, { ...options, device: folding });
});
afterAll(async () => {
  await model.dispose();
  await merging.dispose();
});

interface Answer {
  readonly prediction: Float32Array;
  readonly context: Float32Array;
}

async function answer(files: readonly AdapterFile[], from = model): Promise<Answer> {
  from.useAdapters(await openAdapters(files, cacheFolder));
  const context = await from.encodeText([ids], 1);
  const latents = waves([2, 4, 8, 8]);
  const both = { ...context, data: wave(2 * context.data.length), shape: [2, 77, 64] };
  const { data } = await from.predict(latents, Float32Array.of(501, 501), both);
  return { prediction: data, context: context.data };
}

const at = (path: string, strength = 1): AdapterFile => ({ path, text: strength, unet: strength });

describe('LoRA files of plain matrices', () => {
  it('come and go without anything being loaded, and leave no trace', async () => {
    const plain = await answer([]);
    const once = await answer([at(first)]);
    stages.length = 0;
    const answers = [
      await answer([at(first, 0.5)]),
      await answer([at(second), at(first)]),
      await answer([at(first, 0)]),
      await answer([at(first)]),
      await answer([]),
    ];
    expect(stages).toEqual([]);
    expect(answers[2]).toEqual(plain);
    expect(answers[3]).toEqual(once);
    expect(answers[4]).toEqual(plain);
    expect(new Set(answers.map(({ prediction }) => prediction.join())).size).toBe(4);
    expect(once.context).not.toEqual(plain.context);
  });

  it.each([
    ['one', [at(first, 0.7)]],
    ['one that turns away', [at(first, -1)]],
    ['two of one layer', [at(second, 0.5), at(first)]],
    ['one cut to a smaller rank', [{ ...at(first), rank: 2 }]],
    [
      'one with strengths for blocks',
      [{ ...at(first), blocks: [0.5, 0, 0.25, ...Array(23).fill(1)] }],
    ],
    ['one beside another that is loaded', [at(whole), at(first)]],
  ] satisfies [string, AdapterFile[]][])(
    'give what changed weights give: %s',
    async (_what, files) => {
      const [found, expected] = [await answer(files), await answer(files, merging)];
      const none = await answer([]);
      for (const part of ['prediction', 'context'] as const) {
        expect(relativeError(found[part], expected[part])).toBeLessThan(2e-5);
      }
      expect(relativeError(found.prediction, none.prediction)).toBeGreaterThan(1e-3);
    },
  );

  it('change what their blocks and strengths say', async () => {
    const none = await answer([]);
    const blocks = (text: number, others: number) => [text, ...Array<number>(25).fill(others)];
    const onlyText = await answer([{ ...at(first), blocks: blocks(1, 0) }]);
    expect(onlyText.prediction).toEqual(none.prediction);
    expect(onlyText.context).not.toEqual(none.context);
    const onlyUnet = await answer([{ ...at(first), text: 0 }]);
    expect(onlyUnet.context).toEqual(none.context);
    expect(onlyUnet.prediction).not.toEqual(none.prediction);
    const elsewhere = [1, 1, 0, ...Array<number>(23).fill(1)];
    const away = await answer([{ ...at(first), blocks: elsewhere }]);
    expect(away.prediction).toEqual(none.prediction);
    const cut = await answer([{ ...at(first), rank: 1 }]);
    expect(cut.prediction).not.toEqual((await answer([at(first)])).prediction);
    const large = await answer([{ ...at(first), rank: 4000 }]);
    expect(large).toEqual(await answer([at(first)]));
  });
});

describe('LoRA files with more', () => {
  it('load the network again, which answers the same whatever ran before', async () => {
    const plain = await answer([]);
    stages.length = 0;
    const changed = await answer([at(whole)]);
    expect(stages).toContain('loading the UNet');
    expect(stages).not.toContain('loading the text encoder');
    expect(changed.prediction).not.toEqual(plain.prediction);
    await answer([at(first)]);
    expect(await answer([at(whole)])).toEqual(changed);
    expect(await answer([])).toEqual(plain);
  });
});

describe('the text encoder of SDXL’s refiner', () => {
  it('is the second one to LoRA files', async () => {
    const path = join(folder, 'refiner.safetensors');
    const manifest = manifestPath('tiny/tiny-refiner/single.json');
    await writeModel({ manifest, out: path, seed: 4, dtype: 'F32' });
    const reference = { id: 'r', name: 'r', family: 'sdxl-refiner' };
    const checkpoint = await openCheckpoint({ path, layout: 'single', reference });
    const refiner = await openDiffusionModel(checkpoint, {
      device,
      cacheFolder,
      oddSizes: 'webui',
    });
    const { hiddenSize } = checkpoint.textEncoders[0].config;
    const layer = 'text_model_encoder_layers_0_self_attn_q_proj';
    const lora = write('refined', lowRank(`lora_te2_${layer}`, hiddenSize, 1));
    const plain = await refiner.encodeText([ids], 1);
    refiner.useAdapters(await openAdapters([at(lora)], cacheFolder));
    expect((await refiner.encodeText([ids], 1)).data).not.toEqual(plain.data);
    const other = write('other', lowRank(`lora_te_${layer}`, hiddenSize, 1));
    const adapters = await openAdapters([at(other)], cacheFolder);
    expect(() => refiner.useAdapters(adapters)).toThrow(
      expect.objectContaining({ code: 'E_MODEL_FAMILY' }),
    );
    await refiner.dispose();
  });
});
