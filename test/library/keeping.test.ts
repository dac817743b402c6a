import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openLibrary } from '../../service/library/library.ts';
import { eventually } from '../fixtures/eventually.ts';
import { safetensorsBytes, safetensorsFile } from '../fixtures/safetensorsBytes.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';

const root = temporaryFolder();
const embedding = (vectors: number, metadata?: Record<string, string>): Uint8Array => {
  if (!metadata) {
    const tensor = { dtype: 'F32', shape: [vectors, 768], data: new Float32Array(vectors * 768) };
    return safetensorsFile(new Map([['emb_params', tensor]]));
  }
  const bytes = vectors * 768 * 4;
  const tensor = { dtype: 'F32', shape: [vectors, 768], data_offsets: [0, bytes] };
  const header = { __metadata__: metadata, emb_params: tensor };
  return safetensorsBytes(header, { dataBytes: bytes });
};

function arrange(name: string, files: Record<string, string | Uint8Array>): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  for (const [path, content] of Object.entries(files)) writeFileSync(join(folder, path), content);
  return folder;
}

describe('what was learned from headers', () => {
  const keptIn = (folder: string, programVersion = '1') => ({
    folders: [folder],
    kept: { folder: join(folder, '.kept'), programVersion },
  });

  it('is read again only when file or program change', async () => {
    const folder = arrange('headers', { 'a.safetensors': embedding(1), 'b.safetensors': 'cut' });
    utimesSync(join(folder, 'a.safetensors'), 1000, 1000);
    const first = await openLibrary(keptIn(folder)).list();
    expect(first.map(({ usable }) => usable)).toEqual([true, false]);

    // The same size and time, and no model any more: only a program that looks would notice.
    const { length } = embedding(1);
    writeFileSync(join(folder, 'a.safetensors'), new Uint8Array(length));
    utimesSync(join(folder, 'a.safetensors'), 1000, 1000);
    expect(await openLibrary(keptIn(folder)).list()).toEqual(first);
    const [other] = await openLibrary(keptIn(folder, '2')).list();
    expect(other?.usable).toBe(false);
    writeFileSync(join(folder, 'a.safetensors'), embedding(2));
    const [changed] = await openLibrary(keptIn(folder)).list();
    expect(changed?.sizeBytes).toBe(embedding(2).length);
  });

  it('may be damaged, or not be writable: then the files are read', async () => {
    const folder = arrange('damaged', { 'a.safetensors': embedding(1) });
    const first = await openLibrary(keptIn(folder)).list();
    const file = join(folder, '.kept', 'models.json');
    const whole = readFileSync(file, 'utf8');
    for (const text of [
      '',
      '{',
      'null',
      whole.replace('"embedding"', '"egg"'),
      whole.slice(0, 90),
    ]) {
      writeFileSync(file, text);
      expect(await openLibrary(keptIn(folder)).list()).toEqual(first);
      expect(readFileSync(file, 'utf8')).toBe(whole);
    }
    rmSync(join(folder, '.kept'), { recursive: true });
    writeFileSync(join(folder, '.kept'), 'a file where a folder should be');
    expect(await openLibrary(keptIn(folder)).list()).toEqual(first);
  });
});

describe('a watched library', () => {
  it('lists what has come, gone and changed without being told to look', async () => {
    const folder = arrange('watched', { 'a.safetensors': embedding(1) });
    const library = openLibrary({ folders: [folder], watch: true });
    const names = async () => (await library.list()).map(({ name }) => name).join(' ');
    const until = (wanted: string) => eventually(async () => expect(await names()).toBe(wanted));
    await until('a');
    writeFileSync(join(folder, 'b.safetensors'), embedding(1));
    await until('a b');
    mkdirSync(join(folder, 'sub'));
    await until('a b');
    await sleep(50);
    await library.list();
    writeFileSync(join(folder, 'sub', 'c.safetensors'), embedding(1));
    await until('a b c');
    rmSync(join(folder, 'a.safetensors'));
    await until('b c');
    await library.close();
    writeFileSync(join(folder, 'd.safetensors'), embedding(1));
    await sleep(50);
    expect(await names()).toBe('b c');
  });
});

describe('what lies beside a model', () => {
  const png = Buffer.from('\u0089PNG\r\n\u001a\n....', 'latin1');

  it('is told: the user’s notes before the site’s before the file’s own', async () => {
    const folder = arrange('notes', {
      'a.safetensors': embedding(1, {
        'modelspec.trigger_phrase': 'in the file',
        'modelspec.description': 'From the file.',
        ss_tag_frequency: JSON.stringify({ x: { dog: 2, cat: 3 }, y: { dog: 2 } }),
      }),
      'b.safetensors': embedding(2),
      'b.json': JSON.stringify({
        'activation text': 'film grain, kodak ,, film grain',
        'negative text': 'digital',
        'preferred weight': 0.8,
        'sd version': 'SD1',
        notes: 'Mine.',
      }),
      'b.civitai.info': JSON.stringify({ trainedWords: ['site word'], baseModel: 'SD 1.5' }),
      'c.safetensors': embedding(3),
      'c.civitai.info': JSON.stringify({
        trainedWords: ['one, two', 'three'],
        baseModel: 'SDXL 1.0',
        description: '<p>Bold <b>&amp;</b></p><p>fine</p>',
      }),
      'd.safetensors': embedding(4),
      'f.safetensors': embedding(6),
      'f.json':
        '{"sd version": "Unknown", "notes": "", "activation text": " , ", "preferred weight": 0}',
      'd.json': '{"activation text": 5, "notes": ["x"]',
      'e.safetensors': embedding(5),
      'e.json': JSON.stringify({ notes: 'x'.repeat(100_000), 'activation text': 'y,'.repeat(999) }),
    });
    const models = await openLibrary({ folders: [folder] }).list();
    const [a, b, c, d, e, f] = models.map(({ notes }) => notes);
    expect(a).toEqual({
      triggerWords: ['in the file'],
      trainingTags: ['dog', 'cat'],
      text: 'From the file.',
    });
    expect(b).toEqual({
      triggerWords: ['film grain', 'kodak'],
      negativePrompt: 'digital',
      preferredWeight: 0.8,
      madeFor: 'SD1',
      text: 'Mine.',
    });
    expect(c).toEqual({
      triggerWords: ['one', 'two', 'three'],
      madeFor: 'SDXL 1.0',
      text: 'Bold &\nfine',
    });
    expect(d).toBeUndefined();
    expect(f).toBeUndefined();
    expect(e?.text).toHaveLength(1000);
    expect(e?.triggerWords).toEqual(['y']);
  });

  it('changes what is listed when it changes', async () => {
    const folder = arrange('edited', { 'a.safetensors': embedding(1) });
    const library = openLibrary({ folders: [folder] });
    expect((await library.list())[0]?.notes).toBeUndefined();
    writeFileSync(join(folder, 'a.json'), '{"notes": "New."}');
    expect((await library.rescan())[0]?.notes).toEqual({ text: 'New.' });
  });

  it('a preview by its bytes: in AUTOMATIC1111’s order, no other kind of file, none too large', async () => {
    const folder = arrange('previews', {
      'a.safetensors': embedding(1),
      'a.preview.png': 'second',
      'a.png': png,
      'b.safetensors': embedding(2),
      'b.preview.jpg': Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
      'c.safetensors': embedding(3),
      'c.png': '<svg onload="x">',
      'd.safetensors': embedding(4),
      'd.webp': Buffer.concat([Buffer.from('RIFF0000WEBP'), Buffer.alloc(17 * 1024 * 1024)]),
      'e.safetensors': embedding(5),
    });
    const library = openLibrary({ folders: [folder] });
    const models = await library.list();
    expect(models.map(({ hasPreview }) => hasPreview)).toEqual([true, true, true, true, undefined]);
    expect(await library.preview('a')).toEqual({ type: 'image/png', bytes: new Uint8Array(png) });
    expect((await library.preview('b')).type).toBe('image/jpeg');
    await expect(library.preview('c')).rejects.toMatchObject({ code: 'E_IMAGE_TYPE' });
    await expect(library.preview('d')).rejects.toMatchObject({ code: 'E_TOO_LARGE' });
    for (const id of ['e', 'nobody', '../a']) {
      await expect(library.preview(id)).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
    }
  });
});
