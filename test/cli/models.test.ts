/** pull and models --check: what they print and how they end. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../service/cli.ts';
import { exitCodes } from '../../service/cli/exitCodes.ts';
import { checkModels } from '../../service/cli/models.ts';
import { makeTerminal } from '../../service/cli/terminal.ts';
import { configFrom } from '../../service/config.ts';
import { safetensorsFile } from '../fixtures/safetensorsBytes.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';

const folder = temporaryFolder();
const data = join(folder, 'data');
const tensor = { dtype: 'F32', shape: [2, 768], data: new Float32Array(2 * 768).fill(0.5) };
const model = safetensorsFile(new Map([['emb_params', tensor]]));
const sha256 = createHash('sha256').update(model).digest('hex');

let server: Server;
let address = '';
beforeAll(async () => {
  mkdirSync(data);
  server = createServer((_request, response) => response.end(model));
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/look.safetensors`;
});
afterAll(() => server.close());

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const told = { out: '', err: '' };
  const keep = (name: 'out' | 'err') => (text: unknown) => {
    told[name] += String(text);
    return true;
  };
  const out = vi.spyOn(process.stdout, 'write').mockImplementation(keep('out'));
  const err = vi.spyOn(process.stderr, 'write').mockImplementation(keep('err'));
  try {
    const code = await runCommandLine([...args, '--data', data]);
    return { code, ...told };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

function newFolder(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

describe('models', () => {
  it('says of files of other kinds what they are', async () => {
    const models = newFolder('kinds');
    const one = { dtype: 'F32', shape: [1], data: new Float32Array(1) };
    const file = safetensorsFile(new Map([['lora_controlnet', one]]));
    writeFileSync(join(models, 'given.safetensors'), file);
    const { code, out } = await run('models', '--models', models);
    expect(code).toBe(0);
    expect(out).toMatch(/^given .*\(This is a Control-LoRA\.\)$/m);
  });
});

describe('pull', () => {
  it('puts a file into the folder that is named, or into the first model folder', async () => {
    const to = newFolder('to');
    const named = await run('pull', address, '--to', to, '--sha256', sha256);
    expect(named.code).toBe(0);
    expect(named.out).toContain(join(to, 'look.safetensors'));
    expect(named.out).toContain(`embedding, sd1; SHA-256 ${sha256}`);
    const models = newFolder('models');
    const first = await run('pull', address, '--models', models, '--json');
    expect(JSON.parse(first.out)).toMatchObject({
      path: join(models, 'look.safetensors'),
      sha256,
      usable: true,
    });
    expect(readdirSync(models)).toEqual(['look.safetensors']);
  });

  it("takes names from the user's own list, with its hash", async () => {
    const to = newFolder('named');
    const entry = {
      name: 'Look',
      family: 'sd1',
      url: address,
      sizeBytes: model.length,
      sha256: 'b'.repeat(64),
      hashFrom: 'https://models.example/look',
      licence: 'MIT',
    };
    writeFileSync(join(data, 'catalogue.json'), JSON.stringify([entry]));
    expect(await run('pull', 'look', '--to', to)).toMatchObject({
      code: exitCodes.model,
      err: expect.stringContaining(`Its SHA-256 is ${sha256}`),
    });
    writeFileSync(join(data, 'catalogue.json'), JSON.stringify([{ ...entry, sha256 }]));
    expect((await run('pull', 'look', '--to', to)).code).toBe(0);
    expect(readdirSync(to)).toEqual(['look.safetensors']);
  });

  it.each([
    ['no model', [], exitCodes.usage, 'Expected one model'],
    ['nowhere to put it', ['https://a.example/b.pt'], exitCodes.usage, '--to FOLDER'],
    [
      'half a hash',
      ['https://a.example/b.pt', '--to', folder, '--sha256', 'abc'],
      exitCodes.usage,
      '64 digits',
    ],
    ['an unknown name', ['nothing', '--to', folder], exitCodes.model, 'catalogue.json'],
    ['a file address', ['file:///etc/passwd', '--to', folder], exitCodes.model, 'E_MODEL_ADDRESS'],
  ])('%s is refused', async (_what, args, code, words) => {
    const told = await run('pull', ...args);
    expect(told.code).toBe(code);
    expect(told.err).toContain(words);
  });
});

describe('models --check', () => {
  it('names each broken file with its reason and the next step, and the copies', async () => {
    const models = newFolder('checked');
    writeFileSync(join(models, 'one.safetensors'), model);
    copyFileSync(join(models, 'one.safetensors'), join(models, 'two.safetensors'));
    writeFileSync(join(models, 'page.safetensors'), '<html>');
    let out = '';
    const sink = { write: (text: string) => (out += text) };
    const client = { models: () => Promise.resolve({ models: [], folders: [models] }) };
    const config = configFrom(['--data', data], {});
    await checkModels(client, config, makeTerminal({ json: false, out: sink, err: sink }));
    expect(out.split('\n').slice(0, 3)).toEqual([
      join(models, 'page.safetensors'),
      expect.stringContaining('it is a web page'),
      '  Download the .safetensors version of the model.',
    ]);
    expect(out).toContain(
      `${join(models, 'one.safetensors')}\n  ${join(models, 'two.safetensors')}`,
    );
    expect(out).toContain('3 models: 1 with a problem, 1 more than once.');
  });
});
