/** Everything about the command line that paints nothing: words, numbers, exit codes, the service's commands. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ModelList, PairingCode } from '../../shared/api.ts';
import { errorCodes, Problem } from '../../shared/errors.ts';
import { runCommandLine } from '../../service/cli.ts';
import { exitCodeOf, exitCodes } from '../../service/cli/exitCodes.ts';
import { buildService, packageRoot } from '../fixtures/builtProgram.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';
import { deafPort, pentimento, serve, type Ended, type Served } from './runProgram.ts';
import { writeSamples } from './samples.ts';

const folder = temporaryFolder();
const samples = join(folder, 'samples');
const photo = join(samples, 'photo.jpg');
const mask = join(samples, 'mask.png');
const models = join(folder, 'models');
const env = { PENTIMENTO_DATA: join(folder, 'data'), PENTIMENTO_PORT: deafPort };

beforeAll(async () => {
  buildService();
  await writeSamples(samples);
  mkdirSync(models);
  await writeModel({
    manifest: manifestPath('tiny/tiny-sd1/single.json'),
    out: join(models, 'tiny.safetensors'),
    seed: 3,
    dtype: 'F16',
  });
  writeFileSync(join(models, 'old.ckpt'), 'PK');
});

function run(...args: string[]): Promise<Ended> {
  return pentimento(args, { env });
}

/** The same in this process: what is refused before anything is started. */
async function refused(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const told = { out: '', err: '' };
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    told.out += String(text);
    return true;
  });
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    told.err += String(text);
    return true;
  });
  try {
    const code = await runCommandLine([...args, '--data', join(folder, 'untouched')]);
    return { code, ...told };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

describe('words', () => {
  it('are explained', async () => {
    const help = await run('--help');
    expect(help.code).toBe(0);
    for (const word of ['inpaint', 'remove', 'img2img', 'variants', '--mask', '--sampler'])
      expect(help.stdout).toContain(word);
    expect(help.stdout.split('\n').every((line) => line.length <= 110)).toBe(true);
    expect((await run()).stdout).toBe(help.stdout);
    const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect((await run('--version')).stdout).toBe(`${version}\n`);
  });

  const out = join(folder, 'out.png');
  const inpaint = ['inpaint', photo, '--mask', mask];
  it.each<[string, string[], RegExp]>([
    [
      'a command that is almost one',
      ['inpant', photo],
      /no command "inpant"; did you mean inpaint/,
    ],
    ['a command that is none', ['frobnicate'], /no command "frobnicate"/],
    ['an option that is almost one', [...inpaint, '--samplr', 'Euler'], /--samplr.*mean --sampler/],
    ['an option without its value', [...inpaint, '--out'], /--out/],
    ['no picture', ['remove', '--out', out], /pentimento remove PICTURE/],
    ['two pictures', ['remove', photo, mask, '--out', out], /Expected one picture/],
    ['no --out', inpaint, /--out FILE is missing/],
    ['no --mask', ['remove', photo, '--out', out], /--mask FILE is missing/],
    [
      'a mask that is not wanted',
      ['img2img', photo, '-m', mask, '-o', out],
      /img2img takes no --mask/,
    ],
    ['half a size', [...inpaint, '--width', '64', '-o', out], /given together/],
  ])('%s', async (_name, args, words) => {
    const { code, out, err } = await refused(...args);
    expect({ code, out }).toEqual({ code: exitCodes.usage, out: '' });
    expect(err).toMatch(words);
    expect(err).toContain('(E_USAGE)');
  });

  it.each([
    ['--strength', '1.5', '0 to 1'],
    ['--strength', '-1', '0 to 1'],
    ['--strength', 'NaN', 'a number'],
    ['--strength', '', 'a number'],
    ['--steps', '0', '1 to 150'],
    ['--steps', '2.5', 'a whole number'],
    ['--steps', 'Infinity', 'a number'],
    ['--steps', '1e3', '1 to 150'],
    ['--cfg', '31', '0 to 30'],
    ['--seed', '-2', '-1 to'],
    ['--seed', '9007199254740992', '-1 to'],
    ['--seed', 'lucky', 'a number'],
    ['--count', '13', '1 to 12'],
    ['--feather', '-1', '0 to 500'],
    ['--grow', '501', '-200 to 500'],
    ['--clip-skip', '0', '1 to 12'],
    ['--color-match', '2', '0 to 1'],
    ['--grain-match', '-0.1', '0 to 1'],
    ['--area', 'all', 'context, masked, whole'],
    ['--content', 'blur', 'original, fill'],
    ['--dialect', 'comfy', 'pentimento, a1111, diffusers'],
    ['--device', 'abacus', 'cpu'],
    ['--port', '70000', '0..65535'],
    ['--host', '0.0.0.0', '127.0.0.1'],
  ])('%s %s is outside: %s', async (name, value, words) => {
    const told = await refused(...inpaint, '--out', out, name, value);
    expect(told).toMatchObject({ code: exitCodes.usage, out: '' });
    expect(told.err).toContain(words);
    expect(told.err).toContain('(E_PARAM)');
  });

  it.each<[string, string[], string]>([
    ['an ending that is not written', ['--out', join(folder, 'out.gif')], 'E_OUTPUT_TYPE'],
    ['no ending', ['--out', join(folder, 'out')], 'E_OUTPUT_TYPE'],
    ['a folder that is not there', ['--out', join(folder, 'none', 'out.png')], 'E_FILE'],
    ['a folder by that name', ['--out', join(folder, 'folder.png')], 'E_FILE'],
    ['the picture itself', ['--out', join(folder, 'same.png')], 'E_FILE'],
  ])('--out may not be %s, said before the run', async (_name, args, error) => {
    mkdirSync(join(folder, 'folder.png'), { recursive: true });
    const same = join(folder, 'same.png');
    writeFileSync(same, readFileSync(mask));
    const told = await refused('remove', photo, '--mask', same, ...args);
    expect(told).toMatchObject({ code: exitCodes.badInput, out: '' });
    expect(told.err).toContain(`(${error})`);
    expect(readFileSync(same)).toEqual(readFileSync(mask));
  });

  it('files that are no pictures', async () => {
    writeFileSync(join(folder, 'empty.png'), '');
    writeFileSync(join(folder, 'notes.jpg'), 'Dear diary');
    writeFileSync(join(folder, 'cut.jpg'), readFileSync(photo).subarray(0, 900));
    for (const [name, error] of [
      ['empty.png', 'E_IMAGE_TYPE'],
      ['notes.jpg', 'E_IMAGE_TYPE'],
      ['cut.jpg', 'E_IMAGE_CORRUPT'],
      ['missing.jpg', 'E_FILE'],
      ['samples', 'E_FILE'],
    ] as const) {
      for (const args of [
        ['remove', join(folder, name), '--mask', mask],
        ['remove', photo, '--mask', join(folder, name)],
      ]) {
        const told = await refused(...args, '--out', out);
        expect(told.code).toBe(exitCodes.badInput);
        expect(told.err).toContain(`(${error})`);
        expect(told.err).toContain(`"${name}"`);
        expect(told.err).not.toContain(folder);
      }
    }
  });

  it('that are refused start nothing', () => {
    expect(existsSync(join(folder, 'untouched'))).toBe(false);
  });

  it('are one document with --json', async () => {
    const ended = await run('remove', photo, '--json');
    expect(ended).toMatchObject({ code: exitCodes.usage, stderr: '' });
    const { error } = JSON.parse(ended.stdout) as { error: unknown };
    expect(Problem.parse(error).code).toBe('E_USAGE');
  });
});

describe('exit codes', () => {
  it('are those that the documentation lists', () => {
    const page = readFileSync(join(packageRoot, 'docs/cli.md'), 'utf8');
    const listed = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
    expect(listed).toEqual(Object.values(exitCodes));
    for (const code of errorCodes) expect(listed).toContain(exitCodeOf(code));
  });
});

describe('without a service', () => {
  it('models lists what is found and what is wrong with the rest', async () => {
    const { code, stdout } = await run('models', '--models', models);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^tiny +sd1 +checkpoint +\d\.\d\d GB {2}tiny$/m);
    expect(stdout).toMatch(/^old .*\(This file is not a safetensors model\.\)$/m);
    const json = await run('models', '--models', models, '--json');
    expect(ModelList.parse(JSON.parse(json.stdout)).models).toHaveLength(2);
    expect(json.stderr).toBe('');
    expect((await run('models')).stdout).toContain('Remove works without one');
  });

  it('inpaint without any model says what to do', async () => {
    const ended = await run('inpaint', photo, '-m', mask, '-o', join(folder, 'none.png'));
    expect(ended.code).toBe(exitCodes.model);
    expect(ended.stderr).toContain('--models FOLDER');
  });

  it('doctor says what works', async () => {
    const { code, stdout } = await run('doctor', '--models', models);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Engine +idle on cpu$/m);
    expect(stdout).toMatch(/^Models +1 usable of 2 found, 1 to paint with$/m);
    const json = await run('doctor', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      Models: '0 usable of 0 found, 0 to paint with',
    });
  });

  it('a data folder that cannot be written is told, and a broken config.json', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const blocked = await run('models', '--data', join(file, 'data'));
    expect(blocked.code).toBe(exitCodes.storage);
    expect(blocked.stderr).toContain('(E_STORAGE)');
    const data = join(folder, 'misconfigured');
    mkdirSync(data);
    writeFileSync(join(data, 'config.json'), '{ "modles": [] }');
    const broken = await run('models', '--data', data);
    expect(broken.code).toBe(exitCodes.usage);
    expect(broken.stderr).toContain('config.json');
  });
});

describe('with a service', () => {
  let served: Served;
  let blocker: Server | undefined;
  beforeAll(async () => {
    served = await serve(['--models', models], env);
    env.PENTIMENTO_PORT = String(served.port);
  });
  afterAll(() => blocker?.close());

  it('serve prints an address with its code', () => {
    expect(served.stdout).toMatch(/Workbench: http:\/\/127\.0\.0\.1:\d+\/#code=\w+/);
  });

  it('commands talk to it', async () => {
    const list = await run('models', '--json');
    const found = ModelList.parse(JSON.parse(list.stdout));
    expect(found.folders).toEqual([models]);
    const pair = await run('pair', '--json');
    const { code, expiresAt } = PairingCode.parse(JSON.parse(pair.stdout));
    expect(code.length).toBeGreaterThan(5);
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now());
    const unaware = { ...env, PENTIMENTO_PORT: deafPort };
    const other = await pentimento(['models', '--json'], { env: unaware });
    // Hashes of files become known while the service runs.
    const rows = (text: string) =>
      ModelList.parse(JSON.parse(text)).models.map((model) => ({ ...model, hash: undefined }));
    expect(rows(other.stdout)).toEqual(rows(list.stdout));
    expect((await run('pair')).stdout).toMatch(/Pairing code \w+/);
  });

  it('a second one on the same data is refused, and one on a port that is taken', async () => {
    const second = await pentimento(['serve', '--no-open'], {
      env: { ...env, PENTIMENTO_PORT: '0' },
    });
    expect(second.code).toBe(exitCodes.alreadyRunning);
    expect(second.stderr).toContain('(E_ALREADY_RUNNING)');
    const port = await new Promise<number>((done) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const address = server.address();
        done(typeof address === 'object' && address ? address.port : 0);
      });
      blocker = server;
    });
    const blocked = await pentimento(['serve', '--no-open'], {
      env: { PENTIMENTO_DATA: join(folder, 'other'), PENTIMENTO_PORT: String(port) },
    });
    expect(blocked.code).toBe(exitCodes.portTaken);
    expect(blocked.stderr).toContain('(E_PORT_TAKEN)');
  });

  it('Ctrl+C ends it in order', async () => {
    const { code, signal, stderr } = await served.stop();
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    const gone = fetch(`http://127.0.0.1:${served.port}/healthz`);
    await expect(gone).rejects.toThrow();
  });
});
