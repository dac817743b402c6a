import {
  closeSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { detectModel } from '../../../service/engine/weights/detectModel.ts';
import {
  clipTextShapes,
  taesdShapes,
  unetShapes,
  vaeShapes,
} from '../../../service/engine/weights/networkShapes.ts';
import { openCheckpoint } from '../../../service/engine/weights/openCheckpoint.ts';
import { openTaesd } from '../../../service/engine/weights/openTaesd.ts';
import { readSafetensors } from '../../../service/engine/weights/safetensors.ts';
import type {
  NetworkWeights,
  OpenedCheckpoint,
  StoredTensor,
} from '../../../service/engine/weights/types.ts';
import type { ModelFiles } from '../../../service/messages.ts';
import { PentimentoError } from '../../../shared/errors.ts';
import { manifestPath, manifestRow, readManifest } from '../../fixtures/manifest.ts';
import { safetensorsBytes } from '../../fixtures/safetensorsBytes.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';
import { writeDiffusersFolder, writeModel } from '../../fixtures/writeModel.ts';
import { writeTorchFile } from '../../fixtures/writeTorchFile.ts';
import { processorMs } from '../../fixtures/processorMs.ts';

const folder = temporaryFolder();
const reference = { id: 'm', name: 'm', family: 'sd1' };
const single = (path: string, more: Partial<ModelFiles> = {}): ModelFiles => ({
  reference,
  layout: 'single',
  path,
  ...more,
});
const diffusers = (path: string, more: Partial<ModelFiles> = {}): ModelFiles => ({
  reference,
  layout: 'diffusers',
  path,
  ...more,
});

function bytesOf({ file, begin, end }: StoredTensor): Buffer {
  const handle = openSync(file, 'r');
  const bytes = Buffer.alloc(end - begin);
  readSync(handle, bytes, 0, bytes.length, begin);
  closeSync(handle);
  return bytes;
}

function expectEqualWeights(a: NetworkWeights, b: NetworkWeights): void {
  expect([...a.keys()].sort()).toEqual([...b.keys()].sort());
  for (const [name, tensor] of a) {
    const other = b.get(name);
    expect(other?.shape, name).toEqual(tensor.shape);
    expect(other && Buffer.compare(bytesOf(other), bytesOf(tensor)), name).toBe(0);
  }
}

interface OpenedNetwork {
  readonly config: object;
  readonly weights: NetworkWeights;
}

function networksOf({ unet, vae, textEncoders }: OpenedCheckpoint): readonly OpenedNetwork[] {
  return [unet, vae, ...textEncoders];
}

/** Single files hold the projection the other way round: not a matter of bytes. */
const projection = 'text_projection.weight';

function expectSameNetworks(a: OpenedCheckpoint, b: OpenedCheckpoint): void {
  const others = networksOf(b);
  expect(others).toHaveLength(networksOf(a).length);
  networksOf(a).forEach(({ config, weights }, i) => {
    const plain = (all: NetworkWeights) =>
      new Map([...all].filter(([name]) => name !== projection));
    expectEqualWeights(plain(weights), plain(others[i].weights));
    expect(others[i].weights.has(projection)).toBe(weights.has(projection));
    const width = (all: object) => ('projection' in all ? { projection: expect.anything() } : {});
    // Whether attention overflows in float16 is told by folders, and guessed from single files.
    const guessed = 'exactAttention' in config ? { exactAttention: expect.any(Boolean) } : {};
    expect(others[i].config).toEqual({ ...config, ...width(config), ...guessed });
  });
}

describe('a network must have exactly the tensors of the published ones', () => {
  const manifests: Array<[string, 'unet' | 'vae' | 'text_encoder']> = [
    'real/sd15',
    'real/sd15-inpaint',
    'tiny/tiny-sd1',
    'tiny/tiny-sd1-ip2p',
  ].flatMap((model) =>
    (['unet', 'vae', 'text_encoder'] as const).map(
      (part) => [model, part] as [string, typeof part],
    ),
  );
  it.each(manifests)('%s %s', (model, part) => {
    const { tensors, config = {} } = readManifest(manifestPath(`${model}/${part}.json`));
    const list = (name: string): number[] => config[name] as number[];
    const number = (name: string): number => config[name] as number;
    const shapes =
      part === 'unet'
        ? unetShapes({
            inChannels: number('in_channels'),
            outChannels: 4,
            blockOutChannels: list('block_out_channels'),
            layersPerBlock: number('layers_per_block'),
            transformerDepth: [1, 1, 1, 0],
            midTransformerDepth: 1,
            crossAttentionDim: number('cross_attention_dim'),
            heads: [8, 8, 8, 8],
            linearProjection: false,
            normGroups: 32,
            normEps: 1e-5,
            addedWidth: 0,
            exactAttention: false,
          })
        : part === 'vae'
          ? vaeShapes({
              blockOutChannels: list('block_out_channels'),
              layersPerBlock: 2,
              latentChannels: 4,
              normGroups: 32,
              scalingFactor: 1,
            })
          : clipTextShapes({
              hiddenSize: number('hidden_size'),
              intermediateSize: number('intermediate_size'),
              layers: number('num_hidden_layers'),
              heads: 1,
              activation: 'quick_gelu',
              vocabSize: number('vocab_size'),
              maxPositions: 77,
            });
    const wanted = Object.fromEntries(
      Object.entries(tensors).map(([name, row]) => [name, manifestRow(row).shape]),
    );
    expect(Object.fromEntries(shapes)).toEqual(wanted);
  });

  it('TAESD', () => {
    const { tensors } = readManifest(manifestPath('real/taesd/taesd.json'));
    expect(Object.fromEntries([...taesdShapes('encoder'), ...taesdShapes('decoder')])).toEqual(
      tensors,
    );
  });
});

describe.each(['tiny-sd1', 'tiny-sd1-inpaint', 'tiny-sd1-ip2p'])('%s', (model) => {
  const manifest = manifestPath(`tiny/${model}`);
  const path = join(folder, `${model}.safetensors`);
  const other = join(folder, model);
  beforeAll(async () => {
    await writeModel({ manifest: join(manifest, 'single.json'), out: path, seed: 5, dtype: 'F16' });
    await writeDiffusersFolder({ manifest, out: other, seed: 5, dtype: 'F16' });
  });

  it('is the same network as one file and as a diffusers folder', async () => {
    const one = await openCheckpoint(single(path));
    const two = await openCheckpoint(diffusers(other));
    expectSameNetworks(one, two);
    const { config = {} } = readManifest(join(manifest, 'unet.json'));
    expect(one.unet.config).toMatchObject({
      inChannels: config['in_channels'],
      blockOutChannels: config['block_out_channels'],
      layersPerBlock: config['layers_per_block'],
      crossAttentionDim: config['cross_attention_dim'],
      transformerDepth: [1, 1, 1, 0],
      midTransformerDepth: 1,
      heads: [8, 8, 8, 8],
      linearProjection: false,
    });
    expect(one.textEncoders[0].config).toMatchObject({
      hiddenSize: 64,
      heads: 1,
      layers: 3,
      maxPositions: 77,
    });
    expect(one.vae.config).toMatchObject({
      latentChannels: 4,
      scalingFactor: 0.18215,
      layersPerBlock: 2,
    });
    expect(one.textEncoders).toHaveLength(1);
    expect(one.textEncoders[0]).toMatchObject({ padId: 49407, state: 'last' });
    expect(one).toMatchObject({
      prediction: 'epsilon',
      zeroEmptyNegative: false,
      betaStart: 0.00085,
      betaEnd: 0.012,
      nativeSide: 512,
    });
  });
});

describe.each([
  {
    model: 'tiny-sd2v',
    family: 'sd2',
    depths: [1, 1, 1, 0],
    heads: [1, 2, 2, 2],
    texts: [{ activation: 'gelu', layers: 3, padId: 0, state: 'last' }],
    scalingFactor: 0.18215,
    addedWidth: 0,
    // As a single file; folders of the fixtures say another side.
    nativeSide: 768,
  },
  {
    model: 'tiny-sdxl',
    family: 'sdxl',
    depths: [0, 1, 2],
    heads: [1, 1, 2],
    texts: [
      { activation: 'quick_gelu', layers: 3, padId: 49_407, state: 'penultimate' },
      { activation: 'gelu', layers: 3, padId: 0, state: 'penultimate' },
    ],
    scalingFactor: 0.13025,
    addedWidth: 1664,
    nativeSide: 1024,
  },
  {
    model: 'tiny-refiner',
    family: 'sdxl-refiner',
    depths: [0, 2, 2, 0],
    heads: [1, 1, 2, 2],
    texts: [{ activation: 'gelu', layers: 3, padId: 0, state: 'penultimate' }],
    scalingFactor: 0.13025,
    addedWidth: 1408,
    nativeSide: 1024,
  },
])('$model', ({ model, family, depths, heads, texts, ...wanted }) => {
  it('is the same network as one file and as a diffusers folder', async () => {
    const manifest = manifestPath(`tiny/${model}`);
    const path = await writeModel({
      manifest: join(manifest, 'single.json'),
      out: join(folder, `${model}.safetensors`),
      seed: 5,
      dtype: 'F16',
      metadata: family === 'sd2' ? { 'modelspec.prediction_type': 'v' } : {},
    });
    const other = join(folder, model);
    await writeDiffusersFolder({ manifest, out: other, seed: 5, dtype: 'F16' });
    const one = await openCheckpoint(single(path));
    const two = await openCheckpoint(diffusers(other));
    expectSameNetworks(one, two);
    for (const opened of [one, two]) {
      expect(opened.family).toBe(family);
      expect(opened.prediction).toBe(family === 'sd2' ? 'v' : 'epsilon');
      expect(opened.zeroEmptyNegative).toBe(family !== 'sd2');
      expect(opened.unet.config).toMatchObject({
        transformerDepth: depths,
        heads,
        linearProjection: true,
        addedWidth: wanted.addedWidth,
      });
      expect(opened.vae.config.scalingFactor).toBe(wanted.scalingFactor);
      expect(
        opened.textEncoders.map(({ config, padId, state }) => ({
          activation: config.activation,
          layers: config.layers,
          padId,
          state,
        })),
      ).toEqual(texts);
    }
    expect(one.nativeSide).toBe(wanted.nativeSide);
    expect(one.unet.config.exactAttention).toBe(family === 'sd2');
    // The bytes of the projection are those of its transposed matrix.
    one.textEncoders.forEach(({ weights, config }, i) => {
      const stored = weights.get(projection);
      if (!stored) return;
      const [rows, columns] = stored.shape;
      const half = (bytes: Buffer): Uint16Array => new Uint16Array(new Uint8Array(bytes).buffer);
      const own = half(bytesOf(stored));
      const theirs = two.textEncoders[i].weights.get(projection);
      const turned = theirs ? half(bytesOf(theirs)) : own;
      expect(config.projection?.inFirst).toBe(true);
      expect(
        own.every((bits, k) => bits === turned[(k % columns) * rows + Math.floor(k / columns)]),
      ).toBe(true);
    });
  });
});

/** Copies a file with its tensors renamed; undefined leaves one out. The data stays as it is. */
async function renamed(
  from: string,
  to: string,
  rename: (name: string) => string | undefined,
): Promise<string> {
  const { tensors } = await readSafetensors(from);
  const header: Record<string, unknown> = {};
  const data: Buffer[] = [];
  let at = 0;
  for (const [name, tensor] of tensors) {
    const target = rename(name);
    if (target === undefined) continue;
    const bytes = bytesOf(tensor);
    header[target] = {
      dtype: tensor.dtype,
      shape: tensor.shape,
      data_offsets: [at, at + bytes.length],
    };
    at += bytes.length;
    data.push(bytes);
  }
  writeFileSync(to, safetensorsBytes(header, { data: Buffer.concat(data) }));
  return to;
}

describe('variants that are out in the world', () => {
  const base = join(folder, 'tiny-sd1.safetensors');
  const out = (name: string): string => join(folder, name);

  it('a text encoder without text_model., position ids of any type, an EMA copy', async () => {
    const path = await renamed(base, out('old.safetensors'), (name) =>
      name.includes('position_ids')
        ? 'model_ema.decayed'
        : name.replace('cond_stage_model.transformer.text_model.', 'cond_stage_model.transformer.'),
    );
    const one = await openCheckpoint(single(path));
    const two = await openCheckpoint(single(base));
    expectSameNetworks(one, two);
  });

  it('a separate VAE: original names with and without prefix, diffusers names, older diffusers names', async () => {
    const manifest = manifestPath('tiny/tiny-sd1/vae_single.json');
    const bare = await writeModel({ manifest, out: out('vae.safetensors'), seed: 9, dtype: 'F32' });
    const prefixed = await renamed(
      bare,
      out('vae-prefixed.safetensors'),
      (name) => `first_stage_model.${name}`,
    );
    const plain = await writeModel({
      manifest: manifestPath('tiny/tiny-sd1/vae.json'),
      out: out('vae-diffusers.safetensors'),
      seed: 9,
      dtype: 'F32',
    });
    const older = await renamed(plain, out('vae-older.safetensors'), (name) =>
      name
        .replace(/\.to_([qkv])\./, (_, x: string) => `.${{ q: 'query', k: 'key', v: 'value' }[x]}.`)
        .replace('.to_out.0.', '.proj_attn.'),
    );
    const wanted = await openCheckpoint(single(base, { vaePath: bare }));
    for (const vaePath of [prefixed, plain, older]) {
      const found = await openCheckpoint(single(base, { vaePath }));
      expectEqualWeights(found.vae.weights, wanted.vae.weights);
      expect([...found.vae.weights.values()][0].file).toBe(vaePath);
    }
    const own = await openCheckpoint(single(base));
    expect(wanted.vae.weights.get('quant_conv.weight')?.file).not.toBe(
      own.vae.weights.get('quant_conv.weight')?.file,
    );
    // A checkpoint without its own VAE works with another one's.
    const without = await renamed(base, out('novae.safetensors'), (name) =>
      name.startsWith('first_stage_model.') ? undefined : name,
    );
    await expect(openCheckpoint(single(without))).rejects.toMatchObject({
      code: 'E_MODEL_MISSING_PART',
      detail: expect.stringContaining('VAE'),
    });
    expect((await openCheckpoint(single(without, { vaePath: bare }))).vae.weights.size).toBe(
      wanted.vae.weights.size,
    );
  });

  it('a diffusers folder with eight groups, v-prediction, another scale and other noise', async () => {
    const path = out('other-config');
    cpSync(out('tiny-sd1-inpaint'), path, { recursive: true });
    const edit = (file: string, change: object): void => {
      const json = JSON.parse(readFileSync(join(path, file), 'utf8')) as object;
      writeFileSync(join(path, file), JSON.stringify({ ...json, ...change }));
    };
    edit('unet/config.json', {
      norm_num_groups: 8,
      attention_head_dim: [4, 8, 8, 2],
      sample_size: 32,
    });
    edit('vae/config.json', { norm_num_groups: 8, scaling_factor: 0.27 });
    edit('text_encoder/config.json', { num_attention_heads: 4 });
    edit('scheduler/scheduler_config.json', {
      prediction_type: 'v_prediction',
      beta_end: 0.02,
      rescale_betas_zero_snr: true,
      timestep_spacing: 'trailing',
    });
    const opened = await openCheckpoint(diffusers(path));
    expect(opened.scheduler).toMatchObject({ timestep_spacing: 'trailing', beta_end: 0.02 });
    expect(opened).toMatchObject({
      prediction: 'v',
      betaEnd: 0.02,
      nativeSide: 256,
      zeroTerminalSnr: true,
    });
    expect(opened.unet.config).toMatchObject({ normGroups: 8, heads: [4, 8, 8, 2] });
    expect(opened.vae.config).toMatchObject({ normGroups: 8, scalingFactor: 0.27 });
    expect(opened.textEncoders[0].config.heads).toBe(4);

    edit('scheduler/scheduler_config.json', { beta_schedule: 'squaredcos_cap_v2' });
    expect(await openCheckpoint(diffusers(path))).toMatchObject({
      betaSchedule: 'squaredcos_cap_v2',
    });
    edit('scheduler/scheduler_config.json', { beta_schedule: 'sigmoid' });
    await expect(openCheckpoint(diffusers(path))).rejects.toMatchObject({ code: 'E_MODEL_FAMILY' });
    edit('unet/config.json', { norm_num_groups: 7 });
    edit('scheduler/scheduler_config.json', { beta_schedule: 'scaled_linear' });
    await expect(openCheckpoint(diffusers(path))).rejects.toMatchObject({
      code: 'E_MODEL_DAMAGED',
    });
    edit('unet/config.json', { norm_num_groups: 'many' });
    await expect(openCheckpoint(diffusers(path))).rejects.toMatchObject({
      code: 'E_MODEL_DAMAGED',
      detail: expect.stringContaining('norm_num_groups'),
    });
    writeFileSync(join(path, 'unet/config.json'), '{');
    await expect(openCheckpoint(diffusers(path))).rejects.toMatchObject({
      code: 'E_MODEL_DAMAGED',
    });
  });

  it('half-precision variants and shards of a diffusers folder', async () => {
    const path = out('variants');
    cpSync(out('tiny-sd1'), path, { recursive: true });
    const weights = join(path, 'unet', 'diffusion_pytorch_model.safetensors');
    copyFileSync(weights, join(path, 'unet', 'diffusion_pytorch_model.fp16.safetensors'));
    const both = await openCheckpoint(diffusers(path));
    expect([...both.unet.weights.values()][0].file).toBe(weights);
    rmSync(weights);
    const half = await openCheckpoint(diffusers(path));
    const original = await openCheckpoint(diffusers(out('tiny-sd1')));
    expectEqualWeights(half.unet.weights, original.unet.weights);
    expect([...half.unet.weights.values()][0].file).toContain('.fp16.');

    const whole = join(path, 'unet', 'diffusion_pytorch_model.fp16.safetensors');
    const names = [...(await readSafetensors(whole)).tensors.keys()];
    const first = new Set(names.filter((_, i) => i % 2 === 0));
    const shard = (i: number): string => `diffusion_pytorch_model-0000${i}-of-00002.safetensors`;
    await renamed(whole, join(path, 'unet', shard(1)), (name) =>
      first.has(name) ? name : undefined,
    );
    await renamed(whole, join(path, 'unet', shard(2)), (name) =>
      first.has(name) ? undefined : name,
    );
    renameSync(whole, out('whole-unet.safetensors'));
    const index = join(path, 'unet', 'diffusion_pytorch_model.safetensors.index.json');
    writeFileSync(
      index,
      JSON.stringify({
        weight_map: Object.fromEntries(names.map((name) => [name, shard(first.has(name) ? 1 : 2)])),
      }),
    );
    const sharded = await openCheckpoint(diffusers(path));
    expectEqualWeights(sharded.unet.weights, original.unet.weights);
    expect(new Set([...sharded.unet.weights.values()].map(({ file }) => file)).size).toBe(2);
    expect(sharded.files).toHaveLength(4);

    // CVE-2022-25882, CVE-2024-27318 and their kin: an index must not lead out of its folder.
    for (const name of [
      '../../secret.safetensors',
      '/etc/passwd',
      '..\\secret.safetensors',
      'unet',
      7,
    ]) {
      writeFileSync(index, JSON.stringify({ weight_map: { 'conv_in.weight': name } }));
      await expect(openCheckpoint(diffusers(path))).rejects.toMatchObject({
        code: 'E_MODEL_DAMAGED',
      });
    }
  });

  it('v-prediction told by metadata or by a marker', async () => {
    const path = await writeModel({
      manifest: manifestPath('tiny/tiny-sd1/single.json'),
      out: out('told-v.safetensors'),
      seed: 1,
      dtype: 'F16',
      metadata: { 'modelspec.prediction_type': 'v' },
    });
    expect((await openCheckpoint(single(path))).prediction).toBe('v');
  });

  it('a Stable Diffusion 2 file that says nothing: a configuration beside it, else its weights', async () => {
    const path = out('untold.safetensors');
    copyFileSync(out('tiny-sd2v.safetensors'), path);
    const header = readFileSync(path);
    // The same length, so that nothing else moves.
    header.write('modelspec.prediction_none', header.indexOf('modelspec.prediction_type'));
    writeFileSync(path, header);
    const beside = out('untold.yaml');
    const yaml = (more: string): void =>
      writeFileSync(beside, `model:\n  target: ldm.LatentDiffusion\n  params:\n${more}`);
    yaml('    parameterization: "v"\n');
    expect(await openCheckpoint(single(path))).toMatchObject({ prediction: 'v', nativeSide: 768 });
    yaml('    linear_start: 0.00085\n');
    const noise = await openCheckpoint(single(path));
    expect(noise).toMatchObject({ prediction: 'epsilon', nativeSide: 512 });
    rmSync(beside);

    const telling = noise.unet.weights.get(
      'up_blocks.3.attentions.2.transformer_blocks.0.norm1.bias',
    );
    if (!telling) throw new Error('Expected the tensor that tells');
    const spread = async (halfBits: number): Promise<string> => {
      const count = (telling.end - telling.begin) / 2;
      const values = Uint16Array.from({ length: count }, (_, i) =>
        i % 2 === 0 ? halfBits : halfBits | 0x8000,
      );
      header.set(new Uint8Array(values.buffer), telling.begin);
      writeFileSync(path, header);
      return (await openCheckpoint(single(path))).prediction;
    };
    // 0.125 and 0.0625 as binary16, either sign: standard deviations on both sides of the limit.
    expect(await spread(0x3000)).toBe('v');
    expect(await spread(0x2c00)).toBe('epsilon');
  });

  it('the marks of an SDXL model of velocity whose schedule ends in pure noise', async () => {
    const path = await renamed(out('tiny-sdxl.safetensors'), out('marked.safetensors'), (name) =>
      name.endsWith('position_ids') ? 'v_pred' : name.endsWith('logit_scale') ? 'ztsnr' : name,
    );
    expect(await openCheckpoint(single(path))).toMatchObject({
      family: 'sdxl',
      prediction: 'v',
      zeroTerminalSnr: true,
      nativeSide: 1024,
    });
  });

  it('an SDXL folder that does not tell an empty negative prompt as zeros, or has other conditions', async () => {
    const path = out('sdxl-other');
    cpSync(out('tiny-sdxl'), path, { recursive: true });
    const index = join(path, 'model_index.json');
    const json = JSON.parse(readFileSync(index, 'utf8')) as object;
    writeFileSync(index, JSON.stringify({ ...json, force_zeros_for_empty_prompt: false }));
    expect((await openCheckpoint(diffusers(path))).zeroEmptyNegative).toBe(false);
    const unet = join(path, 'unet', 'config.json');
    const config = JSON.parse(readFileSync(unet, 'utf8')) as object;
    writeFileSync(unet, JSON.stringify({ ...config, addition_embed_type: 'image' }));
    await expect(openCheckpoint(diffusers(path))).rejects.toMatchObject({
      code: 'E_MODEL_FAMILY',
      detail: expect.stringContaining('"image"'),
    });
  });
});

describe('a PyTorch checkpoint', () => {
  it('opens as the safetensors file with the same tensors does', async () => {
    const path = await writeModel({
      manifest: manifestPath('tiny/tiny-sd1/single.json'),
      out: join(folder, 'for-torch.safetensors'),
      seed: 1,
      dtype: 'F16',
    });
    const torch = await openCheckpoint(single(await writeTorchFile(path, join(folder, 'a.ckpt'))));
    const same = await openCheckpoint(single(path));
    expect(torch.unet.config).toEqual(same.unet.config);
    expectEqualWeights(torch.unet.weights, same.unet.weights);
  });
});

describe('a UNet alone with the rest of another model', () => {
  const reference = { id: 'l', name: 'lender', family: 'sd1' };
  const write = (manifest: string, name: string, seed: number) =>
    writeModel({
      manifest: manifestPath(manifest),
      out: join(folder, `lent-${name}.safetensors`),
      seed,
      dtype: 'F16',
    });

  it('opens as its own weights and the other’s encoders', async () => {
    const alone = await write('tiny/tiny-sd1/unet.json', 'unet', 5);
    const full = await write('tiny/tiny-sd1/single.json', 'full', 6);
    const same = await write('tiny/tiny-sd1/single.json', 'same', 5);
    const opened = await openCheckpoint(
      single(alone, { rest: { reference, layout: 'single', path: full } }),
    );
    const [own, lender] = [await openCheckpoint(single(same)), await openCheckpoint(single(full))];
    expectEqualWeights(opened.unet.weights, own.unet.weights);
    expectEqualWeights(opened.vae.weights, lender.vae.weights);
    expectEqualWeights(opened.textEncoders[0].weights, lender.textEncoders[0].weights);
    expect(opened.prediction).toBe(own.prediction);
    expect(opened.files?.map(({ file }) => basename(file))).toEqual([
      'lent-unet.safetensors',
      'lent-full.safetensors',
    ]);
  });

  it('predicts what the lender does, and carries its own marks', async () => {
    const alone = await write('tiny/tiny-sd1/unet.json', 'unet', 5);
    const path = await writeDiffusersFolder({
      manifest: manifestPath('tiny/tiny-sd1'),
      out: join(folder, 'lender-v'),
      seed: 6,
      dtype: 'F16',
    });
    writeFileSync(
      join(path, 'scheduler', 'scheduler_config.json'),
      '{"prediction_type": "v_prediction", "rescale_betas_zero_snr": true}',
    );
    const opened = await openCheckpoint(
      single(alone, { rest: { reference, layout: 'diffusers', path } }),
    );
    expect(opened).toMatchObject({ prediction: 'v', zeroTerminalSnr: true });
    expect(opened.scheduler).toBeUndefined();
    // What shapes do not tell is as in the lender's network, which is of the same ones.
    const lender = await openCheckpoint(diffusers(path));
    expect(opened.unet.config).toEqual(lender.unet.config);
    expect(opened.nativeSide).toBe(lender.nativeSide);
  });

  it('is refused with a model of another family', async () => {
    const alone = await write('tiny/tiny-sd1/unet.json', 'unet', 5);
    const other = await write('tiny/tiny-sdxl/single.json', 'sdxl', 6);
    const rest = { reference, layout: 'single', path: other } as const;
    await expect(openCheckpoint(single(alone, { rest }))).rejects.toMatchObject({
      code: 'E_MODEL_FAMILY',
      detail: expect.stringContaining('sdxl'),
    });
  });
});

describe('what cannot be opened says why', () => {
  const base = join(folder, 'tiny-sd1.safetensors');
  const cases: Array<[string, string, string, RegExp]> = [
    ['tiny/tiny-sd1/vae_single.json', 'vae-alone', 'E_MODEL_KIND', /a VAE/],
    ['tiny/tiny-controlnet/single.json', 'controlnet', 'E_MODEL_KIND', /a ControlNet/],
    [
      'tiny/tiny-taesd/taesd_decoder.json',
      'taesd-alone',
      'E_MODEL_KIND',
      /a TAESD preview decoder/,
    ],
    ['tiny/tiny-sd1/text_encoder.json', 'text-alone', 'E_MODEL_KIND', /a text encoder alone/],
    ['tiny/tiny-sd1/unet.json', 'unet-alone', 'E_MODEL_MISSING_PART', /UNet alone/],
  ];
  it.each(cases)('%s', async (manifest, name, code, sentence) => {
    const path = await writeModel({
      manifest: manifestPath(manifest),
      out: join(folder, `refused-${name}.safetensors`),
      seed: 1,
      dtype: 'F16',
    });
    await expect(openCheckpoint(single(path))).rejects.toMatchObject({
      code,
      detail: expect.stringMatching(sentence),
    });
  });

  it.each([
    ['joint_blocks.0.x_block.attn.qkv.weight', /a Stable Diffusion 3 model/],
    ['double_blocks.0.img_attn.qkv.weight', /a Flux model/],
  ])('a later family: %s', async (name, sentence) => {
    const path = join(folder, 'later.safetensors');
    const header = { [name]: { dtype: 'F16', shape: [2, 2], data_offsets: [0, 8] } };
    writeFileSync(path, safetensorsBytes(header, { dataBytes: 8 }));
    await expect(openCheckpoint(single(path))).rejects.toMatchObject({
      code: 'E_MODEL_FAMILY',
      detail: expect.stringMatching(sentence),
    });
  });

  it('a LoRA', async () => {
    const path = join(folder, 'lora.safetensors');
    const stem = 'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k';
    writeFileSync(
      path,
      safetensorsBytes(
        {
          [`${stem}.lora_down.weight`]: { dtype: 'F16', shape: [4, 768], data_offsets: [0, 6144] },
          [`${stem}.lora_up.weight`]: { dtype: 'F16', shape: [320, 4], data_offsets: [6144, 8704] },
        },
        { dataBytes: 8704 },
      ),
    );
    await expect(openCheckpoint(single(path))).rejects.toMatchObject({
      code: 'E_MODEL_KIND',
      detail: 'This is a LoRA for a Stable Diffusion 1 model.',
    });
  });

  it('a missing tensor, by its component and name', async () => {
    const path = await renamed(base, join(folder, 'hole.safetensors'), (name) =>
      name.includes('output_blocks.5.0.in_layers.2') ? undefined : name,
    );
    await expect(openCheckpoint(single(path))).rejects.toMatchObject({
      code: 'E_MODEL_MISSING_PART',
      detail: 'The UNet lacks "up_blocks.1.resnets.2.conv1.weight" and 1 more.',
    });
  });

  it('a tensor of another shape or type', async () => {
    const read = readFileSync(base);
    const text = read.toString('latin1');
    const at = text.indexOf('"model.diffusion_model.middle_block.0.in_layers.2.weight"');
    const twisted = Buffer.from(read);
    twisted.write(text.slice(at, at + 200).replace('[64,64,3,3]', '[64,3,64,3]'), at, 'latin1');
    const path = join(folder, 'twisted.safetensors');
    writeFileSync(path, twisted);
    await expect(openCheckpoint(single(path))).rejects.toMatchObject({
      code: 'E_MODEL_DAMAGED',
      detail: expect.stringContaining('[64, 3, 64, 3] in place of [64, 64, 3, 3]'),
    });
    const typed = Buffer.from(read);
    typed.write(text.slice(at, at + 200).replace('"F16"', '"I16"'), at, 'latin1');
    writeFileSync(path, typed);
    await expect(openCheckpoint(single(path))).rejects.toMatchObject({
      code: 'E_MODEL_DAMAGED',
      detail: expect.stringContaining('stored as I16'),
    });
  });

  it('a diffusers folder without a part, or with a damaged one', async () => {
    const path = join(folder, 'parts');
    cpSync(join(folder, 'tiny-sd1'), path, { recursive: true });
    rmSync(join(path, 'vae'), { recursive: true });
    await expect(openCheckpoint(diffusers(path))).rejects.toMatchObject({
      code: 'E_MODEL_MISSING_PART',
      detail: expect.stringContaining('VAE'),
    });
    mkdirSync(join(path, 'vae'));
    writeFileSync(join(path, 'vae', 'config.json'), '{}');
    writeFileSync(join(path, 'vae', 'diffusion_pytorch_model.bin'), 'x');
    await expect(openCheckpoint(diffusers(path))).rejects.toMatchObject({
      code: 'E_MODEL_NOT_SAFETENSORS',
      detail: expect.stringContaining('"diffusion_pytorch_model.bin"'),
    });
  });
});

describe('TAESD', () => {
  it('opens in its own naming and in that of diffusers', async () => {
    const write = (name: string): Promise<string> =>
      writeModel({
        manifest: manifestPath(`tiny/tiny-taesd/${name}.json`),
        out: join(folder, `${name}.safetensors`),
        seed: 2,
        dtype: 'F16',
      });
    const own = await openTaesd(await write('taesd_decoder'));
    const both = await openTaesd(await write('taesd'));
    expect(both.size).toBe(134);
    expectEqualWeights(own, new Map([...both].filter(([name]) => name.startsWith('decoder.'))));
    await expect(openTaesd(await write('taesd_encoder'))).rejects.toMatchObject({
      code: 'E_MODEL_KIND',
    });
    await expect(openTaesd(join(folder, 'tiny-sd1.safetensors'))).rejects.toMatchObject({
      code: 'E_MODEL_KIND',
    });
  });
});

describe('a header made by a stranger', () => {
  /** A sparse file with the given tensors, all F16. */
  function put(name: string, tensors: Record<string, readonly number[]>): string {
    const header: Record<string, unknown> = {};
    let at = 0;
    for (const [key, shape] of Object.entries(tensors)) {
      const end = at + 2 * shape.reduce((product, side) => product * side, 1);
      header[key] = { dtype: 'F16', shape, data_offsets: [at, end] };
      at = end;
    }
    const bytes = safetensorsBytes(header);
    const path = join(folder, name);
    writeFileSync(path, bytes);
    truncateSync(path, bytes.length + at);
    return path;
  }
  const shapes = Object.fromEntries(
    Object.entries(readManifest(manifestPath('tiny/tiny-sd1/single.json')).tensors).map(
      ([name, row]) => [name, manifestRow(row).shape],
    ),
  );
  const names = Object.keys(shapes);

  it('that names a great many layers is refused at once', async () => {
    const many: Record<string, readonly number[]> = { ...shapes };
    for (let i = 0; i < 20_000; i++) {
      many[`model.diffusion_model.input_blocks.${3 * i + 1}.0.in_layers.2.weight`] = [1];
      many[`model.diffusion_model.input_blocks.${i + 13}.0.in_layers.2.weight`] = [1];
      many[`model.diffusion_model.input_blocks.1.1.transformer_blocks.${i + 1}.norm1.weight`] = [1];
    }
    const path = put('many.safetensors', many);
    const ms = await processorMs(() =>
      expect(openCheckpoint(single(path))).rejects.toMatchObject({ code: 'E_MODEL_DAMAGED' }),
    );
    expect(ms).toBeLessThan(3000);
  });

  it('with tensors dropped, renamed and reshaped at random only ever gives a PentimentoError', async () => {
    const change = fc.record({
      at: fc.nat(names.length - 1),
      how: fc.constantFrom('drop', 'rename', 'reshape', 'flatten'),
      sides: fc.array(fc.nat(6), { maxLength: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const twisted: Record<string, readonly number[]> = { ...shapes };
        for (const { at, how, sides } of changes) {
          const name = names[at];
          const shape = twisted[name];
          if (how === 'drop' || how === 'rename') delete twisted[name];
          if (how === 'rename') twisted[names[(at * 7 + 3) % names.length]] = shape ?? [1];
          if (how === 'reshape') twisted[name] = sides;
          if (how === 'flatten' && shape)
            twisted[name] = [shape.reduce((product, side) => product * side, 1)];
        }
        const opened: unknown = await openCheckpoint(
          single(put('twisted-names.safetensors', twisted)),
        ).catch((error: unknown) => error);
        if (opened instanceof Error) expect(opened).toBeInstanceOf(PentimentoError);
      }),
      { numRuns: 40 },
    );
  });

  it('of any names and shapes is told apart without an exception', () => {
    const name = fc.oneof(
      fc.constantFrom(...names),
      fc.constantFrom(
        'conv_in.weight',
        'time_embedding.linear_1.weight',
        'emb_params',
        'clip_l',
        'clip_g',
        '1.weight',
        '3.conv.0.weight',
        'conv_first.weight',
        'body.0.weight',
        'body.1.weight',
        'model.0.weight',
        'lora_unet_x.lokr_w1',
        'decoder.conv_in.weight',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, fc.array(fc.nat(2048), { maxLength: 5 })), { maxLength: 12 }),
        (entries) => {
          const found = detectModel({
            tensors: new Map(entries.map(([key, shape]) => [key, { shape }])),
            metadata: new Map(),
          });
          expect(typeof found.component).toBe('string');
        },
      ),
      { numRuns: 500 },
    );
  });
});
