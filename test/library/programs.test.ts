import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { openLibrary } from '../../service/library/library.ts';
import { readSections } from '../../service/library/simpleYaml.ts';
import { safetensorsFile } from '../fixtures/safetensorsBytes.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';

const root = temporaryFolder();
const embedding = join(root, 'embedding.safetensors');

beforeAll(() => {
  const tensor = { dtype: 'F32', shape: [1, 768], data: new Float32Array(768) };
  writeFileSync(embedding, safetensorsFile(new Map([['emb_params', tensor]])));
});

/** Path below the test's folder -> text; files of no text are embeddings. */
function arrange(name: string, files: Record<string, string | undefined>): string {
  const folder = join(root, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    if (text === undefined) copyFileSync(embedding, join(folder, path));
    else writeFileSync(join(folder, path), text);
  }
  return folder;
}

const found = async (...folders: string[]) =>
  (await openLibrary({ folders }).list()).map(({ id, kind }) => `${id} ${kind}`);

describe("ComfyUI's extra_model_paths.yaml", () => {
  it('leads to the folders of other programs, with what they hold', async () => {
    const webui = arrange('extra/webui', {
      'models/Stable-diffusion/a.ckpt': 'cut',
      'models/Lora/b.safetensors': 'cut',
      'models/LyCORIS/c.safetensors': 'cut',
      'embeddings/d.safetensors': undefined,
    });
    arrange('extra/elsewhere', { 'e.safetensors': 'cut', 'f.safetensors': 'cut' });
    const comfy = arrange('extra/ComfyUI', {
      'models/checkpoints/own.safetensors': 'cut',
      'custom_nodes/x/weights.safetensors': undefined,
      'extra_model_paths.yaml': `
# a comment
a111:
    base_path: "${webui}" # where it is
    is_default: true
    checkpoints: models/Stable-diffusion
    configs: models/Stable-diffusion
    loras: |
         models/Lora
         models/LyCORIS

    embeddings: 'embeddings'
other:
  upscale_models: ../elsewhere
broken: [1, 2
`,
    });
    expect(await found(comfy)).toEqual([
      'a111-checkpoints-a checkpoint',
      'a111-embeddings-d embedding',
      'a111-loras-b lora',
      'a111-loras-c lora',
      'models-checkpoints-own checkpoint',
      'other-upscale-models-e upscaler',
      'other-upscale-models-f upscaler',
    ]);
    // The same files by two ways count once.
    expect(await found(comfy, webui)).toHaveLength(7);
  });

  it('may lead back to itself or nowhere', async () => {
    const comfy = arrange('loop', {
      'models/checkpoints/circled.safetensors': undefined,
      'extra_model_paths.yaml':
        'a:\n  base_path: .\n  checkpoints: .\n  loras: ..\n  vae: /nowhere/at/all\n',
    });
    symlinkSync(comfy, join(comfy, 'models', 'round'));
    const all = await found(comfy);
    expect(all.filter((line) => line.includes('circled'))).toHaveLength(1);
  });

  it('as a link to a folder or as noise is left out', async () => {
    const comfy = arrange('noise', { 'models/checkpoints/own.safetensors': undefined });
    mkdirSync(join(comfy, 'extra_model_paths.yaml'));
    expect(await found(comfy)).toEqual(['models-checkpoints-own embedding']);
  });
});

describe('other programs', () => {
  it("Fooocus: its own folder inside the package, and config.txt's folders", async () => {
    arrange('far', { 'base.safetensors': 'cut' });
    const folder = arrange('package', {
      'Fooocus/models/checkpoints/juggernaut.safetensors': 'cut',
      'Fooocus/models/prompt_expansion/fooocus_expansion/pytorch_model.bin': 'cut',
      'Fooocus/outputs/log.safetensors': undefined,
      'Fooocus/config.txt': JSON.stringify({
        path_checkpoints: [join(root, 'far')],
        path_loras: './models/loras',
        path_outputs: './outputs',
        default_steps: 30,
      }),
      'Fooocus/models/loras/offset.safetensors': 'cut',
    });
    expect(await found(folder)).toEqual([
      'fooocus-checkpoints-base checkpoint',
      'fooocus-models-checkpoints-juggernaut checkpoint',
      'fooocus-models-loras-offset lora',
      'fooocus-models-prompt-expansion-fooocus-expansion-pytorch-model unknown',
    ]);
  });

  it('InvokeAI: the folder of models that its settings name', async () => {
    const files = {
      'store/sd-1/main/photon.safetensors': 'cut',
      'store/sd-1/lora/film.safetensors': 'cut',
      'store/sd-1/embedding/bad.safetensors': undefined,
      'store/.download_cache/x.safetensors': undefined,
      'outputs/y.safetensors': undefined,
      'autoimport/lora/new.safetensors': 'cut',
    };
    const settings =
      '# Internal metadata\nschema_version: 4.0.2\n\nmodels_dir: store\nport: 9090\n';
    const folder = arrange('invoke', { ...files, 'invokeai.yaml': settings });
    expect(await found(folder)).toEqual([
      'autoimport-lora-new lora',
      'models-sd-1-embedding-bad embedding',
      'models-sd-1-lora-film lora',
      'models-sd-1-main-photon checkpoint',
    ]);
  });
});

describe('the little YAML', () => {
  it('reads what the programs write', () => {
    const text =
      '\uFEFFa: 1 # one\nb:\r\n  "c d": \'it\'\'s\'\n  e: "C:\\\\x"\n  f: C:\\models\n  g: a#b\n';
    const sections = readSections(text);
    expect(sections.get('')?.get('a')).toBe('1');
    expect(Object.fromEntries(sections.get('b') ?? [])).toEqual({
      'c d': "it's",
      e: 'C:\\x',
      f: 'C:\\models',
      g: 'a#b',
    });
  });

  it('takes every section, key and value that can be written', () => {
    const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/);
    const value = fc.stringMatching(/^[a-zA-Z0-9./\\~][a-zA-Z0-9 ./\\~'"]{0,10}[a-z]$/);
    const lines = fc.array(value, { minLength: 1, maxLength: 3 });
    const config = fc.dictionary(name, fc.dictionary(name, lines, { minKeys: 1 }), { minKeys: 1 });
    fc.assert(
      fc.property(config, (sections) => {
        const text = Object.entries(sections).map(([section, keys]) => {
          const written = Object.entries(keys).map(([key, all]) =>
            all.length === 1
              ? `  ${key}: ${all[0]}\n`
              : `  ${key}: |\n${all.map((line) => `    ${line}\n`).join('')}`,
          );
          return `${section}:\n${written.join('')}`;
        });
        const read = readSections(text.join(''));
        for (const [section, keys] of Object.entries(sections))
          for (const [key, all] of Object.entries(keys))
            expect(read.get(section)?.get(key)).toBe(all.join('\n'));
      }),
    );
  });

  it('never fails, whatever the file holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(readSections(text).has('')).toBe(true);
      }),
    );
  });
});
