/** By which words a file is called, and what beside it is known of it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { namedLoras } from '../../service/engine/promptLoras.ts';
import { openLibrary } from '../../service/library/library.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { safetensorsBytes } from '../fixtures/safetensorsBytes.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';

const root = temporaryFolder();

/** Names and shapes, without numbers; float16. */
function header(
  shapes: Readonly<Record<string, readonly number[]>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const tensors: Record<string, unknown> = { __metadata__: metadata };
  let at = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const end = at + 2 * shape.reduce((product, side) => product * side, 1);
    tensors[name] = { dtype: 'F16', shape, data_offsets: [at, end] };
    at = end;
  }
  return safetensorsBytes(tensors, { dataBytes: at });
}

const layer = 'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k';
const lora = (metadata: Readonly<Record<string, string>> = {}, width = 768) =>
  header(
    { [`${layer}.lora_down.weight`]: [2, width], [`${layer}.lora_up.weight`]: [32, 2] },
    metadata,
  );

function arrange(name: string, files: Readonly<Record<string, Uint8Array | string>>): string {
  const folder = join(root, name);
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return folder;
}

async function tinyModel(path: string): Promise<void> {
  const manifest = manifestPath('tiny/tiny-sd1/single.json');
  await writeModel({ manifest, out: path, seed: 1, dtype: 'F16' });
}

describe('a LoRA is called', () => {
  it('by its file name, its folder and name, its repository, or what its trainer called it', async () => {
    const folder = arrange('called', {
      'styles/ink.safetensors': lora({}),
      'people/ink.safetensors': lora({ ss_output_name: 'inkPerson_v2' }),
      'models--org--watercolour/snapshots/a1/pytorch_lora_weights.safetensors': lora({ x: 'y' }),
      'models--org--many/snapshots/b2/eight-steps.safetensors': lora({ x: 'z' }),
      'turbo/flux.safetensors': header({
        'transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight': [2, 8],
        'transformer.single_transformer_blocks.0.attn.to_q.lora_B.weight': [8, 2],
      }),
    });
    await tinyModel(join(folder, 'model.safetensors'));
    const { loras = [] } = await openLibrary({ folders: [folder] }).files('model');
    const named = (prompt: string) =>
      namedLoras(prompt, loras, { family: 'sd1', language: 'webui' }).adapters.map(({ path }) =>
        path.slice(folder.length + 1),
      );
    expect(named('<lora:styles/ink:1> <lora:people/ink:1> <lora:People\\Ink:1>')).toEqual([
      'styles/ink.safetensors',
      'people/ink.safetensors',
      'people/ink.safetensors',
    ]);
    expect(named('<lora:inkPerson_v2:1> <lora:INKPERSON_V2:1>')).toEqual([
      'people/ink.safetensors',
      'people/ink.safetensors',
    ]);
    expect(
      named('<lora:watercolour:1> <lora:eight-steps:1> <lora:elsewhere/eight-steps:1>'),
    ).toEqual([
      'models--org--watercolour/snapshots/a1/pytorch_lora_weights.safetensors',
      'models--org--many/snapshots/b2/eight-steps.safetensors',
      'models--org--many/snapshots/b2/eight-steps.safetensors',
    ]);
    expect(() => named('<lora:flux:1>')).toThrow(/was made for a Flux model/);
  });
});

describe('beside a file', () => {
  it('a VAE as PyTorch file belongs to its checkpoint, too', async () => {
    const folder = arrange('vae', { 'm.vae.pt': 'not looked into yet' });
    await tinyModel(join(folder, 'm.safetensors'));
    const models = await openLibrary({ folders: [folder] }).list();
    // It is opened with its checkpoint: what is wrong with it stands in the checkpoint's way.
    const own = models.find(({ id }) => id === 'm');
    expect(own).toMatchObject({ usable: false });
    expect(own?.problem?.detail).toMatch(/m\.vae\.pt/);
  });

  it('notes of Lora Manager and StabilityMatrix are read as those of the site', async () => {
    const folder = arrange('notes', {
      'a.safetensors': lora({ n: 'a' }),
      'a.metadata.json': JSON.stringify({
        base_model: 'SD 1.5',
        civitai: { trainedWords: ['ink wash', 'brush'] },
        modelDescription: '<p>Soft <b>ink</b></p>',
        notes: '',
      }),
      'b.safetensors': lora({ n: 'b' }),
      'b.cm-info.json': JSON.stringify({
        TrainedWords: ['paper cut'],
        BaseModel: 'SDXL 1.0',
        ModelDescription: 'Layers of paper',
      }),
      'c.safetensors': lora({ n: 'c' }),
      'c.cm-info.json': '{"TrainedWords": "no list", "BaseModel": 7',
    });
    const [a, b, c] = await openLibrary({ folders: [folder] }).list();
    expect(a.notes).toEqual({
      triggerWords: ['ink wash', 'brush'],
      madeFor: 'SD 1.5',
      text: 'Soft ink',
    });
    expect(b.notes).toEqual({
      triggerWords: ['paper cut'],
      madeFor: 'SDXL 1.0',
      text: 'Layers of paper',
    });
    expect(c.notes).toBeUndefined();
  });
});

describe('a folder in settings', () => {
  it('may be named by variables of the environment', async () => {
    arrange('far/away', { 'ink.safetensors': lora() });
    const comfy = arrange('ComfyUI', {
      'models/checkpoints/put_models_here': '',
      'extra_model_paths.yaml': [
        'one:',
        '  base_path: ${FAR}',
        '  loras: |',
        '    $SIDE',
        '    %UNKNOWN%/x',
      ].join('\n'),
    });
    const list = (environment: Readonly<Record<string, string>>) =>
      openLibrary({ folders: [comfy], environment }).list();
    expect(await list({ FAR: join(root, 'far'), SIDE: 'away' })).toMatchObject([
      { id: 'one-loras-ink', kind: 'lora' },
    ]);
    expect(await list({})).toEqual([]);
  });
});

describe('a file of another kind says what it is', () => {
  const kinds: ReadonlyArray<
    readonly [string, Readonly<Record<string, readonly number[]>>, RegExp]
  > = [
    [
      'Wan',
      { 'head.modulation': [1, 2, 8], 'blocks.0.cross_attn.k.weight': [8, 8] },
      /a Wan video model/,
    ],
    ['Qwen-Image', { 'transformer_blocks.0.img_mod.1.weight': [8, 8] }, /a Qwen-Image model/],
    [
      'Flux 2',
      {
        'double_stream_modulation_img.lin.weight': [8, 8],
        'double_blocks.0.img_attn.qkv.weight': [8, 8],
      },
      /a Flux 2 model/,
    ],
    [
      'a T5 encoder',
      { 'encoder.block.0.layer.0.SelfAttention.q.weight': [8, 8], 'shared.weight': [9, 8] },
      /text encoder of later families/,
    ],
    ['CLIP vision', { 'vision_model.embeddings.class_embedding': [8] }, /an image encoder/],
    [
      'AnimateDiff',
      { 'down_blocks.0.motion_modules.0.temporal_transformer.norm.weight': [8] },
      /a motion module/,
    ],
    [
      'ESRGAN+',
      {
        'model.0.weight': [8, 3, 3, 3],
        'model.1.sub.0.RDB1.conv1x1.weight': [32, 8, 1, 1],
        'model.1.sub.0.RDB1.conv1.0.weight': [32, 8, 3, 3],
      },
      /an upscaler of a kind that is not built/,
    ],
    [
      'SwinIR',
      {
        'conv_first.weight': [8, 3, 3, 3],
        'layers.0.residual_group.blocks.0.attn.qkv.weight': [24, 8],
      },
      /an upscaler of a kind that is not built/,
    ],
    ['DAT', { 'params.before_RG.1.weight': [8] }, /an upscaler of a kind that is not built/],
    [
      'PLKSR',
      { 'feats.1.channe_mixer.0.weight': [8, 8, 3, 3] },
      /an upscaler of a kind that is not built/,
    ],
    [
      'a Wan LoRA',
      {
        'diffusion_model.blocks.0.self_attn.q.lora_A.weight': [2, 8],
        'diffusion_model.blocks.0.self_attn.q.lora_B.weight': [8, 2],
      },
      /a LoRA for a Wan video model/,
    ],
    [
      'an SDXL LoRA',
      { [`${layer}.lora_down.weight`]: [2, 2048], [`${layer}.lora_up.weight`]: [32, 2] },
      /a LoRA/,
    ],
  ];

  it('a GGUF file, which is listed though it is never read', async () => {
    const folder = arrange('kinds/gguf', { 'unet/flux-Q4.gguf': 'GGUF\u0003\u0000\u0000\u0000' });
    const library = openLibrary({ folders: [folder] });
    expect(await library.list()).toMatchObject([{ name: 'flux-Q4', usable: false }]);
    await expect(library.files('flux-Q4')).rejects.toMatchObject({
      code: 'E_MODEL_NOT_SAFETENSORS',
      detail: expect.stringContaining('a GGUF file') as string,
    });
  });

  it.each(kinds)('%s', async (name, shapes, sentence) => {
    const folder = arrange(`kinds/${name}`, { 'given.safetensors': header(shapes) });
    const library = openLibrary({ folders: [folder] });
    await expect(library.files('given')).rejects.toMatchObject({
      code: expect.stringMatching(/^E_MODEL_(?:FAMILY|KIND)$/) as string,
      detail: expect.stringMatching(sentence) as string,
    });
  });

  it.each([
    ['QwenImagePipeline', /a Qwen-Image model/],
    ['StableVideoDiffusionPipeline', /made for "StableVideoDiffusionPipeline"/],
    ['SanaPipeline', /made for "SanaPipeline"/],
  ])('a folder of %s', async (className, sentence) => {
    const folder = arrange(`folders/${className}`, {
      'm/model_index.json': JSON.stringify({ _class_name: className }),
      'm/transformer/config.json': '{}',
    });
    await expect(openLibrary({ folders: [folder] }).files('m')).rejects.toMatchObject({
      code: 'E_MODEL_FAMILY',
      detail: expect.stringMatching(sentence) as string,
    });
  });
});
