/** Ctrl+C: what a terminal does to a command and its engine, and what is left afterwards. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { exitCodes } from '../../service/cli/exitCodes.ts';
import { buildService } from '../fixtures/builtProgram.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';
import { deafPort, pentimento, type Ended } from './runProgram.ts';
import { writeSamples } from './samples.ts';

const folder = temporaryFolder();
const samples = join(folder, 'samples');
const models = join(folder, 'models');
const outputs = join(folder, 'outputs');
const env = { PENTIMENTO_DATA: join(folder, 'data'), PENTIMENTO_PORT: deafPort };

beforeAll(async () => {
  buildService();
  await writeSamples(samples);
  mkdirSync(models);
  mkdirSync(outputs);
  await writeModel({
    manifest: manifestPath('tiny/tiny-sd1/single.json'),
    out: join(models, 'tiny.safetensors'),
    seed: 3,
    dtype: 'F16',
  });
  await writeLarge();
});

/** A hole that takes seconds to fill. */
async function writeLarge(): Promise<void> {
  const [width, height] = [1400, 1000];
  const mask = Buffer.alloc(width * height);
  for (let y = 150; y < 850; y++) mask.fill(255, y * width + 200, y * width + 1200);
  const colors = Buffer.from(mask.map((_, i) => (i * 7919) % 251));
  const raw = { width, height, channels: 1 } as const;
  await sharp(mask, { raw }).png().toFile(join(samples, 'large-mask.png'));
  await sharp(colors, { raw }).png().toFile(join(samples, 'large.png'));
}

function painting(): string[] {
  const files = ['--mask', join(samples, 'mask.png'), '--out', join(outputs, 'painted.png')];
  const size = ['--width', '128', '--height', '128', '--steps', '150'];
  return ['inpaint', join(samples, 'photo.jpg'), ...files, '--models', models, ...size];
}

function filling(): string[] {
  const files = ['--mask', join(samples, 'large-mask.png'), '--out', join(outputs, 'filled.png')];
  return ['remove', join(samples, 'large.png'), ...files];
}

/** Sends the signal to the whole group, as a terminal does, when the words are told. */
function interrupted(
  args: string[],
  when: RegExp,
  signal: NodeJS.Signals = 'SIGINT',
): Promise<Ended> {
  let isSent = false;
  return pentimento(args, {
    env,
    ownGroup: true,
    onOutput: (text, child) => {
      if (isSent || !when.test(text) || child.pid === undefined) return;
      isSent = true;
      process.kill(-child.pid, signal);
    },
  });
}

/** Command lines that still name our folder. */
function leftovers(): string[] {
  const all = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n');
  return all.filter((line) => line.includes(env.PENTIMENTO_DATA));
}

describe.skipIf(process.platform === 'win32')('Ctrl+C', () => {
  it.each<[string, string[], RegExp]>([
    ['while a model is opened', painting(), /opening the model/],
    ['between steps', painting(), /step \d+ of 150/],
    ['while a hole is filled', filling(), /step \d+ of 100/],
  ])('%s stops the run and leaves nothing', async (_name, args, when) => {
    const ended = await interrupted(args, when);
    expect(ended).toMatchObject({ code: exitCodes.stopped, signal: null, stdout: '' });
    expect(ended.stderr).toContain('(E_CANCELLED)');
    expect(readdirSync(outputs)).toEqual([]);
    expect(leftovers()).toEqual([]);
  });

  it('counts also when it comes as a request to end', async () => {
    const ended = await interrupted(painting(), /step \d+ of 150/, 'SIGTERM');
    expect(ended).toMatchObject({ code: exitCodes.stopped, signal: null });
    expect(leftovers()).toEqual([]);
  });

  it('is not what a reader means who goes away', async () => {
    const quick = ['--mask', join(samples, 'mask.png'), '--out', join(outputs, 'unread.png')];
    const { code } = await pentimento(['remove', join(samples, 'photo.jpg'), ...quick], {
      env,
      onOutput: (_text, child) => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      },
    });
    expect(code).toBe(0);
    expect(readdirSync(outputs)).toEqual(['unread.png']);
    rmSync(join(outputs, 'unread.png'));
  });

  it('leaves nothing that the next command would have to wait for', async () => {
    const quick = ['--mask', join(samples, 'mask.png'), '--out', join(outputs, 'next.png')];
    const next = await pentimento(['remove', join(samples, 'photo.jpg'), ...quick], { env });
    expect(next.code).toBe(0);
    expect(next.stderr).not.toContain('waiting');
    expect(readdirSync(outputs)).toEqual(['next.png']);
  });
});
