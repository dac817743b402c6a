/**
 * Another LoRA, another strength, with and without: Stable Diffusion 1.5 at 512x512 on the CPU, a full-size
 * float16 checkpoint and LoRA files of rank 32 for all 192 matrices of the UNet's transformers and the 72 of
 * the text encoder, both with synthetic weights. What a step costs with one, beside one without.
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDiffusionModel } from '../service/engine/networks.ts';
import { openAdapters, type AdapterFile } from '../service/engine/networks/openAdapters.ts';
import { chooseDevice } from '../service/engine/runtime/device.ts';
import { tensor, type Tensor } from '../service/engine/tensor.ts';
import { openCheckpoint } from '../service/engine/weights/openCheckpoint.ts';
import { safetensorsHeader } from '../service/engine/weights/safetensorsHeader.ts';
import type { NetworkWeights, OpenedCheckpoint } from '../service/engine/weights/types.ts';
import { writeModel } from '../test/fixtures/writeModel.ts';
import { machineLine } from './measure/machine.ts';
import { atMost, printTable, told, type Figure } from './measure/table.ts';
import { summaryOf } from './measure/timing.ts';

const rounds = 2;

function waves(shape: readonly number[], seed = 0): Tensor {
  const size = shape.reduce((product, side) => product * side, 1);
  return tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin((i + seed) * 12.9898)),
    shape,
  );
}

/** As kohya's trainer names the layers of a network. */
function adaptedLayers(prefix: string, weights: NetworkWeights, wanted: RegExp) {
  return [...weights]
    .filter(([name]) => wanted.test(name))
    .map(([name, { shape }]) => {
      const layer = prefix + name.replace(/\.weight$/, '').replaceAll('.', '_');
      return { layer, out: shape[0], inputs: shape[1] };
    });
}

const transformers =
  /attentions\.\d+\.(?:.*\.)?(?:proj_in|proj_out|to_q|to_k|to_v|to_out\.0|net\.0\.proj|net\.2)\.weight$/;
const text = /(?:_proj|fc1|fc2)\.weight$/;

/** A LoRA file of random float16 numbers around 0.02. */
function writeLora(path: string, { unet, textEncoders }: OpenedCheckpoint, rank: number): string {
  const layers = [
    ...adaptedLayers('lora_unet_', unet.weights, transformers),
    ...adaptedLayers('lora_te_', textEncoders[0].weights, text),
  ];
  const tensors = layers.flatMap(({ layer, out, inputs }) => [
    { name: `${layer}.lora_down.weight`, shape: [rank, inputs] },
    { name: `${layer}.lora_up.weight`, shape: [out, rank] },
  ]);
  const rows = tensors.map(({ name, shape }) => {
    return { name, shape, dtype: 'F16' as const, bytes: 2 * shape[0] * shape[1] };
  });
  const file = openSync(path, 'w');
  writeSync(file, safetensorsHeader(rows).bytes);
  for (const [at, { bytes }] of rows.entries()) {
    // Sign and mantissa from a wave, the exponent of 1/64.
    const bits = Uint16Array.from({ length: bytes / 2 }, (_, i) => {
      const noise = Math.floor((Math.sin((i + at * 31) * 78.233) + 1) * 1024);
      return ((noise & 1) << 15) | (9 << 10) | ((noise >> 1) % 1024);
    });
    writeSync(file, new Uint8Array(bits.buffer));
  }
  closeSync(file);
  return path;
}

interface Painter {
  /** Milliseconds from naming the files to the end of a first step. */
  first(files: readonly AdapterFile[]): Promise<number>;
  /** Milliseconds of a text and a step with what is in use. */
  again(): Promise<number>;
  dispose(): Promise<void>;
}

async function painter(checkpoint: OpenedCheckpoint, cacheFolder: string): Promise<Painter> {
  const options = { device: chooseDevice('cpu'), cacheFolder, oddSizes: 'webui' } as const;
  const model = await openDiffusionModel(checkpoint, options);
  const latents = waves([1, 4, 64, 64]);
  let chunk = 0;
  const paint = async (): Promise<void> => {
    // Another text each time: those that were encoded are kept.
    const ids = Int32Array.from({ length: 77 }, (_, i) =>
      i === 0 ? 49_406 : i < 20 ? 1000 + 20 * chunk + i : 49_407,
    );
    chunk++;
    const context = await model.encodeText([ids], 1);
    await model.predict(latents, Float32Array.of(501), context);
  };
  const time = async (work: () => Promise<void>): Promise<number> => {
    const start = performance.now();
    await work();
    return performance.now() - start;
  };
  return {
    first: (files) =>
      time(async () => {
        model.useAdapters(await openAdapters(files, cacheFolder));
        await paint();
      }),
    again: () => time(paint),
    dispose: () => model.dispose(),
  };
}

interface Loras {
  readonly one: string;
  readonly other: string;
}

async function measure({ first, again }: Painter, { one, other }: Loras): Promise<Figure[]> {
  const at = (path: string, strength = 1): AdapterFile => ({
    path,
    text: strength,
    unet: strength,
  });
  await first([]);
  await again();
  const changes = {
    'on, the first time': [at(one)],
    'another strength': [at(one, 0.8)],
    'another file, the first time': [at(other)],
    'back to the first file': [at(one)],
    off: [],
    on: [at(one)],
  };
  const switching: Record<string, number[]> = {};
  const [plain, changed]: number[][] = [[], []];
  for (let round = 0; round < rounds; round++) {
    for (const [what, files] of Object.entries(changes)) {
      const took = await first(files);
      const step = await again();
      (files.length > 0 ? changed : plain).push(step);
      if (round > 0 && what.endsWith('time')) continue;
      (switching[what] ??= []).push(Math.max(0, took - step) / 1000);
    }
  }
  const limit = { most: 1.5, unit: 's', digits: 2 };
  const cost = summaryOf(changed).least / summaryOf(plain).least - 1;
  return [
    ...Object.entries(switching).map(([what, seconds]) =>
      atMost(`switching: ${what}`, summaryOf(seconds), limit),
    ),
    told('text and step without a LoRA', summaryOf(plain), 'ms'),
    told('text and step with one of rank 32', summaryOf(changed), 'ms'),
    atMost('  more than without (by the best of each)', 100 * cost, {
      most: 8,
      unit: '%',
      digits: 1,
    }),
  ];
}

async function main(): Promise<void> {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
  const manifest = join(root, 'test', 'reference', 'models', 'real', 'sd15', 'single.json');
  const folder = mkdtempSync(join(tmpdir(), 'pentimento-bench-'));
  try {
    const path = join(folder, 'sd15.safetensors');
    await writeModel({ manifest, out: path, seed: 1, dtype: 'F16' });
    const reference = { id: 'bench', name: 'bench', family: 'sd1' };
    const checkpoint = await openCheckpoint({ path, layout: 'single', reference });
    const loras = {
      one: writeLora(join(folder, 'one.safetensors'), checkpoint, 32),
      other: writeLora(join(folder, 'other.safetensors'), checkpoint, 32),
    };
    console.log(machineLine());
    const model = await painter(checkpoint, join(folder, 'cache'));
    const figures = await measure(model, loras);
    await model.dispose();
    printTable('switching LoRA files, SD 1.5, 512x512, CPU (beyond a text and a step)', figures);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
