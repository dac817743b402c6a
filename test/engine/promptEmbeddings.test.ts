/** Embeddings in a whole run: found by name in both prompts, read from files, put in place, or explained. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DiffusionModel, InsertedVectors } from '../../service/engine/diffusion.ts';
import type { EmbeddingFile } from '../../service/engine/promptEmbeddings.ts';
import { embeddingsIn } from '../../service/engine/promptLoras.ts';
import type { TextRequest } from '../../shared/request.ts';
import { safetensorsFile } from '../fixtures/safetensorsBytes.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { arithmeticModel } from './arithmeticModel.ts';
import { run, text } from './jobs.ts';

const folder = temporaryFolder();
const size = { width: 64, height: 64 };
const { contextWidth } = arithmeticModel().facts;

function file(
  name: string,
  tensors: Record<string, readonly [vectors: number, width: number]>,
): EmbeddingFile {
  const path = join(
    folder,
    `${name.replaceAll(' ', '_')}-${Object.keys(tensors)[0].slice(0, 40)}.safetensors`,
  );
  const parts = Object.entries(tensors).map(([key, shape]) => {
    const data = Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => i / 8);
    return [key, { dtype: 'F32', shape, data }] as const;
  });
  writeFileSync(path, safetensorsFile(new Map(parts)));
  return { name, path };
}

const own = file('My-Style', { emb_params: [3, contextWidth] });
const other = file('xl-look', { clip_l: [2, 768], clip_g: [2, 1280] });

async function painted(request: Partial<TextRequest>, embeddings: readonly EmbeddingFile[]) {
  const model = arithmeticModel();
  const seen: InsertedVectors[] = [];
  const watched: DiffusionModel = {
    ...model,
    encodeText(ids, clipSkip, inserted) {
      seen.push(...(inserted ?? []));
      return model.encodeText(ids, clipSkip, inserted);
    },
  };
  const told = await run(text(size, { steps: 1, ...request }), {
    model: watched,
    tools: { embeddings },
  });
  const [first] = told;
  if (first?.type !== 'plan') throw new Error('Expected the plan first');
  return { notes: first.plan.notes.join('\n'), seen };
}

describe('embeddings in LoRA files', () => {
  const tensors = {
    'lora_unet_mid_block_attentions_0_proj_in.lora_down.weight': [2, 32],
    'bundle_emb.soft-glow.string_to_param.*': [2, contextWidth],
    'bundle_emb.My-Style.emb_params': [1, contextWidth],
    'bundle_emb.xl-look.clip_l': [1, 768],
    'bundle_emb.xl-look.clip_g': [1, 1280],
    'bundle_emb.broken.emb_params': [0, contextWidth],
  } as const;
  const lora = { path: file('lora', tensors).path };

  it('are used by name in both prompts, the artist’s own first', async () => {
    const bundled = await embeddingsIn([lora, lora]);
    const names = ['soft-glow', 'My-Style', 'xl-look', 'broken'];
    expect(bundled.map(({ name }) => name)).toEqual(names);
    const request = { prompt: 'a cat, soft-glow', negativePrompt: 'my-style' };
    const { seen, notes } = await painted(request, [own, ...bundled]);
    expect(seen.map(({ parts }) => parts[0].shape)).toEqual([
      [2, contextWidth],
      [3, contextWidth],
    ]);
    expect(notes).not.toContain('embedding');
    expect((await painted(request, [])).seen).toEqual([]);
  });

  it('say why they are not used', async () => {
    const bundled = await embeddingsIn([lora]);
    const { seen, notes } = await painted({ prompt: 'xl-look and broken' }, bundled);
    expect(seen).toEqual([]);
    expect(notes).toContain('"xl-look" is an embedding for SDXL');
    expect(notes).toContain('The embedding "broken" cannot be used');
  });

  it('are few and have short names', async () => {
    const many = Array.from(
      { length: 500 },
      (_, i) => [`bundle_emb.n${i}.emb_params`, [1, 4]] as const,
    );
    const long = [`bundle_emb.${'n'.repeat(200)}.emb_params`, [1, 4]] as const;
    const bundled = await embeddingsIn([
      file('many', Object.fromEntries([long, ...many.slice(0, 90)])),
    ]);
    expect(bundled).toHaveLength(64);
  });
});

describe('embeddings', () => {
  it('take the place of their names in both prompts, whatever their case', async () => {
    const { seen, notes } = await painted(
      { prompt: 'a cat, (MY-STYLE:1.2)', negativePrompt: 'my-style' },
      [own, other],
    );
    expect(seen.map(({ position, parts }) => [position, parts.map(({ shape }) => shape)])).toEqual([
      [4, [[3, contextWidth]]],
      [1, [[3, contextWidth]]],
    ]);
    expect(notes).toBe('');
  });

  it('that were made for another model are named, and their names are words', async () => {
    const { seen, notes } = await painted({ prompt: 'xl-look' }, [own, other]);
    expect(seen).toEqual([]);
    expect(notes).toContain('"xl-look" is an embedding for SDXL and does not fit this model');
    const small = file('small', { emb_params: [1, 768] });
    expect((await painted({ prompt: 'small' }, [small])).notes).toContain('Stable Diffusion 1');
  });

  it('give way to one of the same name, or a shorter one, that fits', async () => {
    const wrong = file('My-Style', { emb_params2: [1, 1024] });
    expect((await painted({ prompt: 'my-style' }, [wrong, own])).seen).toHaveLength(1);
    const longer = file('my-style two', { '*': [1, 1024] });
    expect((await painted({ prompt: 'my-style two' }, [longer, own])).seen).toHaveLength(1);
  });

  it('that cannot be read are named, and nothing fails', async () => {
    const path = join(folder, 'broken.safetensors');
    writeFileSync(path, 'no model');
    const { seen, notes } = await painted({ prompt: 'broken' }, [{ name: 'broken', path }]);
    expect(seen).toEqual([]);
    expect(notes).toContain('The embedding "broken" cannot be used');
    expect(notes).not.toContain(folder);
    const none = { name: 'gone', path: join(folder, 'gone.safetensors') };
    expect((await painted({ prompt: 'gone' }, [none])).notes).toContain('does not exist');
    // A file that no prompt names is not even opened.
    expect((await painted({ prompt: 'a cat' }, [none])).notes).toBe('');
  });

  it('are unknown to the diffusers dialect', async () => {
    const { seen } = await painted({ prompt: 'my-style', dialect: 'diffusers' }, [own]);
    expect(seen).toEqual([]);
  });
});

describe('notes before a run', () => {
  it('tell what the prompt’s language will do', async () => {
    const { notes } = await painted({ prompt: 'a [word:1.2]' }, []);
    expect(notes).toContain('never comes');
    expect((await painted({ prompt: 'a [word:1.2]', dialect: 'diffusers' }, [])).notes).toBe('');
  });
});
