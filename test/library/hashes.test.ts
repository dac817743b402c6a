import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findFaults } from '../../service/library/checkModels.ts';
import { openFileHashes } from '../../service/library/fileHashes.ts';
import { openLibrary } from '../../service/library/library.ts';
import { ModelInfo } from '../../shared/api.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { safetensorsBytes, safetensorsFile } from '../fixtures/safetensorsBytes.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';

const root = temporaryFolder();
const hex = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const hashing = { isBusy: () => false, share: 1 };

function loraBytes(metadata: Record<string, string>): Uint8Array {
  const stem = 'lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k';
  const header = {
    __metadata__: metadata,
    [`${stem}.lora_down.weight`]: { dtype: 'F16', shape: [1, 768], data_offsets: [0, 1536] },
    [`${stem}.lora_up.weight`]: { dtype: 'F16', shape: [4, 1], data_offsets: [1536, 1544] },
  };
  return safetensorsBytes(header, { data: new Uint8Array(1544).fill(7) });
}

function embeddingBytes(value: number): Uint8Array {
  const data = new Float32Array(768 * 1000).fill(value);
  return safetensorsFile(new Map([['emb_params', { dtype: 'F32', shape: [1000, 768], data }]]));
}

describe('hashes', () => {
  it('are AUTOMATIC1111’s, and lead to the model in a recipe', async () => {
    const folder = join(root, 'used');
    mkdirSync(folder);
    const path = join(folder, 'paint.safetensors');
    await writeModel({
      manifest: manifestPath('tiny/tiny-sd1/single.json'),
      out: path,
      seed: 3,
      dtype: 'F16',
    });
    const lora = loraBytes({ ss_output_name: 'film' });
    writeFileSync(join(folder, 'film.safetensors'), lora);
    const library = openLibrary({ folders: [folder], hashing });
    await library.hashed();
    const models = await library.list();
    for (const model of models) ModelInfo.parse(model);
    const whole = hex(readFileSync(path));
    // The same tensors behind another header have the same hash.
    const tensors = hex(new Uint8Array(1544).fill(7));
    expect(models.map(({ name, hash, loraHash }) => [name, hash, loraHash])).toEqual([
      ['film', hex(lora).slice(0, 10), tensors.slice(0, 12)],
      ['paint', whole.slice(0, 10), undefined],
    ]);
    const short = whole.slice(0, 10);
    for (const name of [short, short.toUpperCase(), whole, `old name.safetensors [${short}]`]) {
      expect((await library.files(name)).path).toBe(path);
    }
    await expect(library.files(whole.slice(0, 9))).rejects.toMatchObject({
      code: 'E_MODEL_UNKNOWN',
    });
    const { reference, loras } = await library.files('paint');
    expect(reference.hash).toBe(short);
    expect(loras?.[0]).toMatchObject({ name: 'film', hash: tensors.slice(0, 12) });
    await library.close();
  });

  it('are computed once, kept, and computed again when the file changes', async () => {
    const folder = join(root, 'kept');
    mkdirSync(folder);
    const path = join(folder, 'a.safetensors');
    const file = join(folder, 'hashes.json');
    const open = () => openFileHashes({ path: file, ...hashing });
    writeFileSync(path, embeddingBytes(1));
    utimesSync(path, 1000, 1000);
    const first = await open();
    first.want([path, join(folder, 'gone.safetensors')]);
    await first.settled();
    expect(first.known(path, 1_000_000)?.sha256).toBe(hex(embeddingBytes(1)));
    await first.close();

    // Same size and time: taken from the file, whatever the bytes are now.
    writeFileSync(path, embeddingBytes(2));
    utimesSync(path, 1000, 1000);
    const second = await open();
    second.want([path]);
    await second.settled();
    expect(second.known(path, 1_000_000)?.sha256).toBe(hex(embeddingBytes(1)));
    utimesSync(path, 2000, 2000);
    expect(second.known(path, 2_000_000)).toBeUndefined();
    second.want([path]);
    await second.settled();
    expect(second.known(path, 2_000_000)?.sha256).toBe(hex(embeddingBytes(2)));
    await second.close();

    writeFileSync(file, '{"version": "1", "records": {"x": 5}}');
    const third = await open();
    expect(third.known(path, 2_000_000)).toBeUndefined();
    await third.close();
  });

  it('wait while somebody paints, and end at once in the middle of a file', async () => {
    const path = join(root, 'large.safetensors');
    writeFileSync(path, Buffer.alloc(30 * 1024 * 1024));
    const busy = await openFileHashes({ path: undefined, isBusy: () => true, share: 1 });
    busy.want([path]);
    await new Promise((later) => setTimeout(later, 30));
    await busy.close();
    const slow = await openFileHashes({ path: undefined, isBusy: () => false, share: 0.000_1 });
    slow.want([path]);
    await new Promise((later) => setTimeout(later, 30));
    // At this pace the file would take minutes.
    await slow.close();
    expect(slow.known(path, 0)).toBeUndefined();
    rmSync(path);
  });
});

describe('the check', () => {
  const arrange = (name: string) => {
    const folder = join(root, name);
    mkdirSync(join(folder, 'copies'), { recursive: true });
    writeFileSync(join(folder, 'one.safetensors'), embeddingBytes(1));
    copyFileSync(join(folder, 'one.safetensors'), join(folder, 'copies', 'again.safetensors'));
    // Same names, shapes and size, other numbers: a fine-tune is no copy.
    writeFileSync(join(folder, 'tuned.safetensors'), embeddingBytes(3));
    writeFileSync(join(folder, 'page.safetensors'), '<!DOCTYPE html>');
    return folder;
  };

  it('finds copies by samples, and by hash once it is known', async () => {
    for (const isHashed of [false, true]) {
      const folder = arrange(`check-${isHashed}`);
      const library = openLibrary({ folders: [folder], ...(isHashed ? { hashing } : {}) });
      await library.hashed();
      const { duplicates, broken } = await findFaults(await library.entries());
      expect(duplicates).toEqual([
        {
          paths: [join(folder, 'copies', 'again.safetensors'), join(folder, 'one.safetensors')],
          sizeBytes: embeddingBytes(1).length,
          isCertain: isHashed,
        },
      ]);
      expect(broken.map(({ path, info }) => [path, info.problem?.code])).toEqual([
        [join(folder, 'page.safetensors'), 'E_MODEL_NOT_SAFETENSORS'],
      ]);
      await library.close();
    }
  });
});
