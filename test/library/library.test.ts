import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../service/engine/weights/openCheckpoint.ts';
import { openTaesd } from '../../service/engine/weights/openTaesd.ts';
import { openLibrary } from '../../service/library/library.ts';
import { ModelInfo } from '../../shared/api.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { safetensorsBytes } from '../fixtures/safetensorsBytes.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeDiffusersFolder, writeModel } from '../fixtures/writeModel.ts';

const folder = temporaryFolder();
const parts = {
  sd1: join(folder, 'parts', 'sd1.safetensors'),
  inpaint: join(folder, 'parts', 'inpaint.safetensors'),
  edit: join(folder, 'parts', 'edit.safetensors'),
  sdxl: join(folder, 'parts', 'sdxl.safetensors'),
  vae: join(folder, 'parts', 'vae.safetensors'),
  taesd: join(folder, 'parts', 'taesd.safetensors'),
  diffusers: join(folder, 'parts', 'diffusers'),
};

beforeAll(async () => {
  const write = (manifest: string, out: string): Promise<string> =>
    writeModel({ manifest: manifestPath(manifest), out, seed: 1, dtype: 'F16' });
  await write('tiny/tiny-sd1/single.json', parts.sd1);
  await write('tiny/tiny-sd1-inpaint/single.json', parts.inpaint);
  await write('tiny/tiny-sd1-ip2p/single.json', parts.edit);
  await write('tiny/tiny-sdxl/single.json', parts.sdxl);
  await write('tiny/tiny-sd1/vae_single.json', parts.vae);
  await write('tiny/tiny-taesd/taesd_decoder.json', parts.taesd);
  await writeDiffusersFolder({
    manifest: manifestPath('tiny/tiny-sd1'),
    out: parts.diffusers,
    seed: 1,
    dtype: 'F16',
  });
});

/** Puts files into a new folder: path -> what to copy, or text. */
function arrange(name: string, files: Record<string, string>): string {
  const root = join(folder, name);
  for (const [path, source] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (source === parts.diffusers) cpSync(source, join(root, path), { recursive: true });
    else if (source.startsWith(folder)) copyFileSync(source, join(root, path));
    else writeFileSync(join(root, path), source);
  }
  return root;
}

/** A model of a family that cannot be run. */
function flux(): string {
  const name = 'double_blocks.0.img_attn.qkv.weight';
  const header = { [name]: { dtype: 'F16', shape: [2, 2], data_offsets: [0, 8] } };
  const path = join(folder, 'parts', 'flux.safetensors');
  writeFileSync(path, safetensorsBytes(header, { dataBytes: 8 }));
  return path;
}

function lora(): string {
  const stem = 'lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k';
  const header = {
    [`${stem}.lora_down.weight`]: { dtype: 'F16', shape: [1, 768], data_offsets: [0, 1536] },
    [`${stem}.lora_up.weight`]: { dtype: 'F16', shape: [4, 1], data_offsets: [1536, 1544] },
  };
  const path = join(folder, 'parts', 'lora.safetensors');
  writeFileSync(path, safetensorsBytes(header, { dataBytes: 1544 }));
  return path;
}

describe('an AUTOMATIC1111 folder', () => {
  const open = () => {
    const root = arrange('webui', {
      'models/Stable-diffusion/photon_v1.safetensors': parts.sd1,
      'models/Stable-diffusion/sub/Inpaint Model.safetensors': parts.inpaint,
      'models/Stable-diffusion/pix2pix.safetensors': parts.edit,
      'models/Stable-diffusion/big.safetensors': flux(),
      'models/Stable-diffusion/old.ckpt': 'PK\u0003\u0004',
      'models/VAE/better.safetensors': parts.vae,
      'models/VAE-approx/taesd_decoder.safetensors': parts.taesd,
      'models/Lora/style.safetensors': lora(),
      'models/ESRGAN/x4.pth': 'PK',
      'embeddings/bad-hands.pt': 'PK',
      'venv/lib/other.safetensors': parts.sd1,
    });
    return openLibrary({ folders: [root] });
  };

  it('lists every file with its kind, family and what stands in its way', async () => {
    const models = await open().list();
    for (const model of models) ModelInfo.parse(model);
    const rows = models.map(({ id, name, kind, family, variant, usable, problem }) => [
      id,
      name,
      kind,
      family,
      variant,
      usable,
      problem?.code,
    ]);
    expect(rows).toEqual([
      [
        'embeddings-bad-hands',
        'bad-hands',
        'embedding',
        'unknown',
        'base',
        false,
        'E_MODEL_NOT_SAFETENSORS',
      ],
      ['models-esrgan-x4', 'x4', 'upscaler', 'unknown', 'base', false, 'E_MODEL_NOT_SAFETENSORS'],
      ['models-lora-style', 'style', 'lora', 'sd1', 'base', true, undefined],
      ['models-stable-diffusion-big', 'big', 'checkpoint', 'flux', 'base', false, 'E_MODEL_FAMILY'],
      [
        'models-stable-diffusion-old',
        'old',
        'checkpoint',
        'unknown',
        'base',
        false,
        'E_MODEL_DAMAGED',
      ],
      [
        'models-stable-diffusion-photon-v1',
        'photon_v1',
        'checkpoint',
        'sd1',
        'base',
        true,
        undefined,
      ],
      ['models-stable-diffusion-pix2pix', 'pix2pix', 'checkpoint', 'sd1', 'edit', true, undefined],
      [
        'models-stable-diffusion-sub-inpaint-model',
        'Inpaint Model',
        'checkpoint',
        'sd1',
        'inpainting',
        true,
        undefined,
      ],
      [
        'models-vae-approx-taesd-decoder',
        'taesd_decoder',
        'taesd',
        'unknown',
        'base',
        true,
        undefined,
      ],
      ['models-vae-better', 'better', 'vae', 'unknown', 'base', true, undefined],
    ]);
    expect(models.every(({ sizeBytes }) => sizeBytes > 0)).toBe(true);
  });

  it('gives the files of a model by id, name or file name, with a VAE and the preview decoder', async () => {
    const library = open();
    const files = await library.files('models-stable-diffusion-photon-v1', { vae: 'better' });
    expect(files).toMatchObject({
      layout: 'single',
      reference: { name: 'photon_v1', family: 'sd1' },
    });
    expect(files.vaePath).toMatch(/better\.safetensors$/);
    await openCheckpoint(files);
    await openTaesd(files.taesdPath ?? '');
    for (const name of ['photon_v1', 'PHOTON_V1', 'photon_v1.safetensors']) {
      expect((await library.files(name)).path).toBe(files.path);
    }
    expect((await library.files('photon_v1')).vaePath).toBeUndefined();
  });

  it('refuses with the nearest names, or with what stands in the way', async () => {
    const library = open();
    await expect(library.files('fotonv1')).rejects.toMatchObject({
      code: 'E_MODEL_UNKNOWN',
      detail: expect.stringContaining('photon_v1'),
    });
    await expect(library.files('big')).rejects.toMatchObject({
      code: 'E_MODEL_FAMILY',
      detail: 'This is a Flux model.',
    });
    await expect(library.files('style')).rejects.toMatchObject({
      code: 'E_MODEL_KIND',
      detail: '"style" is a LoRA for a Stable Diffusion 1 model, not a full model.',
    });
    await expect(library.files('old')).rejects.toMatchObject({ code: 'E_MODEL_DAMAGED' });
    await expect(library.files('better')).rejects.toMatchObject({ code: 'E_MODEL_KIND' });
    await expect(library.files('photon_v1', { vae: 'beter' })).rejects.toMatchObject({
      code: 'E_MODEL_UNKNOWN',
      detail: '"beter" was asked for. The nearest: better.',
    });
    for (const far of ['/home/someone/zzzzzzzz', 'C:\\models\\zzzzzzzz']) {
      const detail = '"zzzzzzzz" was asked for.';
      await expect(library.files('photon_v1', { vae: far })).rejects.toMatchObject({ detail });
    }
    await expect(library.files('photon_v1', { vae: 'style' })).rejects.toMatchObject({
      code: 'E_MODEL_KIND',
    });
  });
});

describe('other layouts', () => {
  it("ComfyUI's folders, a models folder alone, and a plain one", async () => {
    const files = {
      'checkpoints/a.safetensors': parts.sd1,
      'vae_approx/taesd_decoder.safetensors': parts.taesd,
      'vae_approx/taesdxl_decoder.safetensors': parts.taesd,
    };
    const root = arrange(
      'ComfyUI',
      Object.fromEntries(Object.entries(files).map(([path, source]) => [`models/${path}`, source])),
    );
    writeFileSync(join(root, 'stray.safetensors'), 'not in a model folder');
    const whole = openLibrary({ folders: [root] });
    expect((await whole.list()).map(({ id }) => id)).toEqual([
      'models-checkpoints-a',
      'models-vae-approx-taesd-decoder',
      'models-vae-approx-taesdxl-decoder',
    ]);
    expect((await whole.files('a')).taesdPath).toMatch(/taesd_decoder/);
    const larger = arrange('larger', {
      'sdxl_lightning_4step.safetensors': parts.sdxl,
      'taesd_decoder.safetensors': parts.taesd,
      'taesdxl_decoder.safetensors': parts.taesd,
    });
    const xl = openLibrary({ folders: [larger] });
    const [model] = (await xl.list()).filter(({ kind }) => kind === 'checkpoint');
    expect(model).toMatchObject({
      family: 'sdxl',
      usable: true,
      prediction: 'epsilon',
      nativeSide: 1024,
      suggested: { sampler: 'Euler', steps: 4, cfgScale: 1 },
    });
    expect((await xl.files(model?.id ?? '')).taesdPath).toMatch(/taesdxl_decoder/);
    const models = openLibrary({ folders: [join(root, 'models')] });
    expect((await models.list()).map(({ id }) => id)).toContain('checkpoints-a');
    const plain = openLibrary({ folders: [arrange('plain', { 'a.safetensors': parts.sd1 })] });
    expect((await plain.list()).map(({ id }) => id)).toEqual(['a']);
  });

  it('diffusers folders, given themselves, inside another folder, or as a hub snapshot', async () => {
    const root = arrange('diffusers-models', {
      'mine/my-model': parts.diffusers,
      'models--someone--great-model/snapshots/0123abcd': parts.diffusers,
      'vaes/fine-vae/diffusion_pytorch_model.safetensors': parts.vae,
    });
    const library = openLibrary({ folders: [root] });
    const models = await library.list();
    expect(models.map(({ name, kind, usable }) => [name, kind, usable])).toEqual([
      ['my-model', 'checkpoint', true],
      ['great-model', 'checkpoint', true],
      ['fine-vae', 'vae', true],
    ]);
    const files = await library.files('my-model', { vae: 'fine-vae' });
    expect(files.layout).toBe('diffusers');
    await openCheckpoint(files);
    const itself = openLibrary({ folders: [join(root, 'mine', 'my-model')] });
    expect((await itself.list()).map(({ id, usable }) => [id, usable])).toEqual([
      ['my-model', true],
    ]);
    expect((await itself.list())[0].sizeBytes).toBeGreaterThan(1e6);
  });

  it('diffusers folders of other families or without a part', async () => {
    const root = arrange('odd-diffusers', {
      'flux/model_index.json': '{"_class_name": "FluxPipeline"}',
      'empty/model_index.json': '{}',
      'broken/model_index.json': 'not json',
    });
    const models = await openLibrary({ folders: [root] }).list();
    expect(models.map(({ name, family, problem }) => [name, family, problem?.code])).toEqual([
      ['broken', 'unknown', 'E_MODEL_DAMAGED'],
      ['empty', 'unknown', 'E_MODEL_MISSING_PART'],
      ['flux', 'flux', 'E_MODEL_FAMILY'],
    ]);
  });

  it('a VAE that lies beside its checkpoint under its name is used', async () => {
    const root = arrange('beside', {
      'photon.safetensors': parts.sd1,
      'photon.vae.safetensors': parts.vae,
    });
    const files = await openLibrary({ folders: [root] }).files('photon');
    expect(files.vaePath).toBe(join(root, 'photon.vae.safetensors'));
  });

  it('a checkpoint without a VAE runs when one is named', async () => {
    const path = join(folder, 'parts', 'unet.safetensors');
    await writeModel({
      manifest: manifestPath('tiny/tiny-sd1/unet.json'),
      out: path,
      seed: 1,
      dtype: 'F16',
    });
    const root = arrange('unet-only', {
      'unet/alone.safetensors': path,
      'vae/better.safetensors': parts.vae,
    });
    const library = openLibrary({ folders: [root] });
    await expect(library.files('alone')).rejects.toMatchObject({ code: 'E_MODEL_MISSING_PART' });
    // Still refused, for the text encoder this time.
    await expect(library.files('alone', { vae: 'better' })).rejects.toMatchObject({
      code: 'E_MODEL_MISSING_PART',
      detail: expect.stringContaining('text encoder'),
    });
  });
});

describe('a UNet alone', () => {
  const path = join(folder, 'parts', 'lonely.safetensors');
  const written = writeModel({
    manifest: manifestPath('tiny/tiny-sd1/unet.json'),
    out: path,
    seed: 2,
    dtype: 'F16',
  });

  it('uses text encoder and VAE of a full model of its family, and says whose', async () => {
    await written;
    const root = arrange('lent', {
      'checkpoints/another.safetensors': parts.sdxl,
      'checkpoints/photon.safetensors': parts.sd1,
      'unet/alone.safetensors': path,
    });
    const library = openLibrary({ folders: [root] });
    const alone = (await library.list()).find(({ name }) => name === 'alone');
    expect(alone).toMatchObject({ usable: true, partsFrom: 'photon', family: 'sd1' });
    expect(alone?.problem).toBeUndefined();
    const files = await library.files('alone');
    expect(files.path).toBe(join(root, 'unet/alone.safetensors'));
    expect(files.rest).toEqual({
      reference: { id: 'checkpoints-photon', name: 'photon', family: 'sd1' },
      layout: 'single',
      path: join(root, 'checkpoints/photon.safetensors'),
    });
    // The lender itself is as it was.
    expect((await library.files('photon')).rest).toBeUndefined();
  });

  it('uses those of the model that is named instead', async () => {
    await written;
    const root = arrange('lent-by-name', {
      'checkpoints/another.safetensors': parts.sdxl,
      'checkpoints/chosen.safetensors': parts.sd1,
      'checkpoints/aaa.safetensors': parts.sd1,
      'unet/alone.safetensors': path,
      'unet/second.safetensors': path,
    });
    const library = openLibrary({ folders: [root] });
    const lender = async (partsFrom?: string) =>
      (await library.files('alone', { partsFrom })).rest?.reference.name;
    expect(await lender()).toBe('aaa');
    expect(await lender('chosen')).toBe('chosen');
    expect(await lender('Chosen.safetensors')).toBe('chosen');
    const refusals: [string, string, string, RegExp][] = [
      ['alone', 'chosn', 'E_MODEL_UNKNOWN', /chosen/],
      ['alone', 'another', 'E_MODEL_FAMILY', /an SDXL model.*a Stable Diffusion 1 model/],
      ['alone', 'second', 'E_MODEL_KIND', /a UNet alone as well/],
      ['aaa', 'chosen', 'E_MODEL_KIND', /"aaa" has text encoder and VAE of its own/],
    ];
    for (const [model, partsFrom, code, detail] of refusals) {
      await expect(library.files(model, { partsFrom })).rejects.toMatchObject({
        code,
        detail: expect.stringMatching(detail),
      });
    }
  });

  it('is not usable beside models of other families only', async () => {
    await written;
    const root = arrange('not-lent', {
      'a/another.safetensors': parts.sdxl,
      'unet/alone.safetensors': path,
      'unet/second.safetensors': path,
    });
    const library = openLibrary({ folders: [root] });
    await expect(library.files('alone')).rejects.toMatchObject({ code: 'E_MODEL_MISSING_PART' });
  });
});

describe('nothing in a folder can stop the list', () => {
  it('broken files appear with their problem, links and loops are followed once, pipes ignored', async () => {
    const root = arrange('mess', {
      'good.safetensors': parts.sd1,
      'cut.safetensors': parts.sd1,
      'page.safetensors': '<!DOCTYPE html><html></html>',
      'empty.safetensors': '',
      'notes.txt': 'hello',
      '.hidden/x.safetensors': parts.sd1,
    });
    truncateSync(join(root, 'cut.safetensors'), 5_000_000);
    symlinkSync(root, join(root, 'loop'));
    symlinkSync(join(root, 'good.safetensors'), join(root, 'same.safetensors'));
    symlinkSync(join(root, 'nowhere'), join(root, 'dangling.safetensors'));
    if (process.platform !== 'win32') execFileSync('mkfifo', [join(root, 'pipe.safetensors')]);
    const models = await openLibrary({
      folders: [root, join(folder, 'does-not-exist'), root],
    }).list();
    expect(models.map(({ id, usable, problem }) => [id, usable, problem?.code])).toEqual([
      ['cut', false, 'E_MODEL_DAMAGED'],
      ['empty', false, 'E_MODEL_DAMAGED'],
      ['good', true, undefined],
      ['page', false, 'E_MODEL_NOT_SAFETENSORS'],
    ]);
    for (const { problem } of models) expect(JSON.stringify(problem ?? {})).not.toContain(folder);
  });

  it('no models at all is its own failure', async () => {
    const library = openLibrary({ folders: [arrange('none', { 'readme.txt': 'x' })] });
    expect(await library.list()).toEqual([]);
    await expect(library.files('anything')).rejects.toMatchObject({ code: 'E_MODEL_NONE' });
    await expect(openLibrary({ folders: [] }).files('')).rejects.toMatchObject({
      code: 'E_MODEL_NONE',
    });
  });
});

describe('ids and rescans', () => {
  it('names of any script make ids, and equal ones stay apart and stable', async () => {
    const names = ['模型 一.safetensors', 'a b.safetensors', 'a-b.safetensors', '🎨.safetensors'];
    const root = arrange('ids', Object.fromEntries(names.map((name) => [name, parts.vae])));
    const ids = (await openLibrary({ folders: [root] }).list()).map(({ id }) => id);
    expect(new Set(ids).size).toBe(4);
    expect(ids).toContain('模型-一');
    expect(ids).toContain('model');
    expect(ids.filter((id) => id.startsWith('a-b'))).toHaveLength(2);
    expect((await openLibrary({ folders: [root] }).list()).map(({ id }) => id)).toEqual(ids);
  });

  it('notices new, changed and deleted files', async () => {
    const root = arrange('changing', { 'first.safetensors': parts.sd1 });
    const library = openLibrary({ folders: [root] });
    expect((await library.list()).map(({ id }) => id)).toEqual(['first']);
    copyFileSync(parts.inpaint, join(root, 'second.safetensors'));
    expect(await library.list()).toHaveLength(1);
    expect((await library.files('second')).path).toBe(join(root, 'second.safetensors'));
    expect(await library.list()).toHaveLength(2);
    copyFileSync(flux(), join(root, 'first.safetensors'));
    utimesSync(join(root, 'first.safetensors'), 5000, 5000);
    await expect(library.files('first')).rejects.toMatchObject({ code: 'E_MODEL_FAMILY' });
    rmSync(join(root, 'first.safetensors'));
    renameSync(join(root, 'second.safetensors'), join(root, 'third.safetensors'));
    expect((await library.rescan()).map(({ id }) => id)).toEqual(['third']);
    await expect(library.files('first')).rejects.toMatchObject({ code: 'E_MODEL_UNKNOWN' });
  });
});
