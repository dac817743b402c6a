/** expand on files of every kind, as a child process. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPsdDocument } from '../../plugin/host/workbench/readPsdDocument.ts';
import { exitCodes } from '../../service/cli/exitCodes.ts';
import { decodePicture } from '../../service/engine/picture/decode.ts';
import { readMerged } from '../../service/engine/picture/psd/document/channelPixels.ts';
import { readDocument } from '../../service/engine/picture/psd/document/readDocument.ts';
import type { Raster } from '../../service/engine/picture/raster.ts';
import { decodeStored } from '../../service/engine/picture/storedPixels.ts';
import { packageRoot } from '../fixtures/builtProgram.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { pentimento, type Ended, type Served } from './runProgram.ts';
import { serveTiny } from './serveTiny.ts';
import { height, width, writeSamples } from './samples.ts';

const folder = temporaryFolder();
const samples = join(folder, 'samples');
const sample = (name: string) => join(samples, name);
const models = join(folder, 'models');
const env = { PENTIMENTO_DATA: join(folder, 'data'), PENTIMENTO_PORT: '' };
const quick = ['--steps', '1', '--sampler', 'Euler', '--seed', '7'];

let served: Served;
beforeAll(async () => {
  await writeSamples(samples);
  served = await serveTiny(models, env);
});
afterAll(() => served.stop());

function expand(...args: string[]): Promise<Ended> {
  return pentimento(['expand', ...args], { env });
}

async function done(...args: string[]): Promise<Ended> {
  const ended = await expand(...args);
  expect(ended, ended.stderr).toMatchObject({ code: 0, signal: null });
  return ended;
}

/** Pixels of `before` that are others in `after`, further than `awayPx` from the sides that grew. */
function changedInside(
  before: Raster,
  after: Raster,
  at: { readonly x: number; readonly y: number; readonly awayPx: number },
): number {
  let changed = 0;
  for (let y = at.awayPx; y < before.height - at.awayPx; y++) {
    for (let x = at.awayPx; x < before.width - at.awayPx; x++) {
      const from = (y * before.width + x) * before.channels;
      const to = ((y + at.y) * after.width + x + at.x) * after.channels;
      for (let c = 0; c < before.channels; c++) {
        if (before.data[from + c] !== after.data[to + c]) changed++;
      }
    }
  }
  return changed;
}

describe('expand', () => {
  it.each([
    ['photo.jpg', 'png', 8],
    ['grey.png', 'tif', 8],
    ['alpha.png', 'png', 8],
    ['deep.png', 'png', 16],
    ['deep.tif', 'tif', 16],
    ['wide-gamut.jpg', 'png', 8],
  ])('makes %s larger as %s and keeps every bit of it', async (name, ending, depth) => {
    const out = join(folder, `${name}.grown.${ending}`);
    const sides = ['--left', '24', '--bottom', '16', '--overlap', '12'];
    await done(sample(name), ...sides, ...quick, '--no-model', '--out', out);
    const before = (await decodePicture(sample(name))).raster;
    const after = (await decodePicture(out)).raster;
    expect([after.width, after.height, after.depth]).toEqual([width + 24, height + 16, depth]);
    expect(after.channels).toBe(before.channels);
    expect(changedInside(before, after, { x: 24, y: 0, awayPx: 12 })).toBe(0);
    if (before.channels === 4) {
      const corner = (after.height - 1) * after.width * 4;
      expect(after.data[corner + 3]).toBe(255);
    }
  });

  it('keeps the profile and its numbers', async () => {
    const out = join(folder, 'wide-gamut.png');
    const sides = ['--top', '16', '--right', '24', '--overlap', '0'];
    await done(sample('wide-gamut.jpg'), ...sides, ...quick, '--no-model', '--out', out);
    const before = await decodeStored(sample('wide-gamut.jpg'), 'png');
    const after = await decodeStored(out, 'png');
    if (!before || !after) return expect.fail('Expected numbers of a profile');
    expect(Buffer.from(after.icc ?? [])).toEqual(Buffer.from(before.icc ?? []));
    expect([after.raster.width, after.raster.height]).toEqual([width + 24, height + 16]);
    expect(changedInside(before.raster, after.raster, { x: 0, y: 16, awayPx: 0 })).toBe(0);
  });

  it('paints with a model, to a shape, and writes the recipe', async () => {
    const out = join(folder, 'wide.png');
    const shape = ['--aspect', '2:1', '--anchor', 'left', '--prompt', 'hills'];
    const ended = await done(sample('photo.jpg'), ...shape, ...quick, '--json', '--out', out);
    const names = (JSON.parse(ended.stdout) as { files: string[] }).files;
    expect(names).toEqual([out]);
    const { raster } = await decodePicture(out);
    expect([raster.width, raster.height]).toEqual([192, 96]);
    const recipe = await pentimento(['recipe', out, '--json'], { env });
    expect(recipe.stdout).toMatch(/"kind": ?"expand"/);
    expect(recipe.stdout).toContain('hills');
  });

  it("runs AUTOMATIC1111's scripts in its dialect", async () => {
    const out = join(folder, 'mk2.png');
    const webui = ['--dialect', 'a1111', '--fill', 'mk2', '--falloff', '1.5'];
    await done(sample('photo.jpg'), '--right', '32', ...webui, ...quick, '--out', out);
    const { raster } = await decodePicture(out);
    expect([raster.width, raster.height]).toEqual([192, 96]);
  });

  it('writes a document with the picture in its place and the new part as a layer', async () => {
    const out = join(folder, 'grown.psd');
    await done(sample('photo.jpg'), '--left', '20', '--no-model', ...quick, '--out', out);
    const { document } = readPsdDocument(exact(readFileSync(out)), 'grown.psd', 'grown');
    expect([document.width, document.height]).toEqual([width + 20, height]);
    expect(document.layers).toHaveLength(2);
    const [, layer] = document.layers;
    expect(layer?.kind === 'pixels' && layer.bounds.x).toBe(0);
    expect(layer?.kind === 'pixels' && layer.mask).toBeDefined();
  });

  it.each([
    [['--left', '0'], 'E_EXPAND_NOTHING', exitCodes.badInput],
    [['--right', '50000'], 'E_EXPAND_TOO_LARGE', exitCodes.badInput],
    [['--reach', '4,4,10,10'], 'E_EXPAND_NOTHING', exitCodes.badInput],
    [['--right', '-8'], 'E_PARAM', exitCodes.usage],
    [['--right', '8.5'], 'E_PARAM', exitCodes.usage],
    [['--aspect', '0:4'], 'E_PARAM', exitCodes.usage],
    [['--reach', '1,2,3'], 'E_PARAM', exitCodes.usage],
    [['--left', '8', '--aspect', '1:1'], 'E_USAGE', exitCodes.usage],
    [['--left', '8', '--width', '64', '--height', '64'], 'E_USAGE', exitCodes.usage],
    [['--left', '8', '--fill', 'mk2'], 'E_PARAM', exitCodes.usage],
    [['--left', '8', '--falloff', '2'], 'E_USAGE', exitCodes.usage],
    [['--left', '8', '--grain-match', '1'], 'E_USAGE', exitCodes.usage],
  ])('refuses %j', async (args, code, exit) => {
    const ended = await expand(sample('photo.jpg'), ...args, '--out', join(folder, 'never.png'));
    expect(ended.code).toBe(exit);
    expect(ended.stderr).toContain(code);
  });

  it('keeps its own options to itself', async () => {
    const args = [sample('photo.jpg'), '--left', '8', '--out', join(folder, 'never.png')];
    const ended = await pentimento(['img2img', ...args], { env });
    expect(ended.code).toBe(exitCodes.usage);
    expect(ended.stderr).toContain('--left belongs to "pentimento expand"');
  });

  it('takes a rectangle that reaches past the edges', async () => {
    const out = join(folder, 'reached.png');
    const reach = ['--reach', `-10,-6,40,40`];
    await done(sample('photo.jpg'), ...reach, '--no-model', ...quick, '--out', out);
    const { raster } = await decodePicture(out);
    expect([raster.width, raster.height]).toEqual([width + 10, height + 6]);
  });

  it('enlarges the canvas of a Photoshop document', async () => {
    const out = join(folder, 'document.psd');
    const sides = ['--left', '20', '--bottom', '9', '--overlap', '0'];
    await done(sample('photo.psd'), ...sides, ...quick, '--no-model', '--out', out);
    const [before, after] = [sample('photo.psd'), out].map((path) =>
      readDocument(readFileSync(path)),
    );
    expect(after.form).toMatchObject({ width: width + 20, height: height + 9 });
    const [background, ours] = after.layers?.records ?? [];
    expect(background?.bounds).toEqual({ x: 0, y: 0, width: width + 20, height: height + 9 });
    expect(ours?.bounds).toEqual(background?.bounds);
    // Nothing of the old area changes, and the composite shows the new part.
    const [old, now] = [before, after].map((file) => readMerged(file, 3));
    const shown = (await decodePicture(out)).raster;
    const seen = { white: 0, kept: 0 };
    for (let y = 0; y < height + 9; y++) {
      for (let x = 0; x < width + 20; x++) {
        const at = y * (width + 20) + x;
        if (x >= 20 && y < height) {
          const isKept = [0, 1, 2].every((c) => old?.[c]?.[y * width + x - 20] === now?.[c]?.[at]);
          if (isKept) seen.kept++;
        } else if (shown.data[at * 3] === 255) seen.white++;
      }
    }
    expect(seen.kept).toBe(width * height);
    expect(seen.white).toBeLessThan(100);
  });

  it('refuses a document with what cannot be moved, before anything is painted', async () => {
    const path = join(packageRoot, 'test/reference/cases/psd/vector-mask2.psd');
    const ended = await expand(path, '--left', '8', '--no-model', '--out', join(folder, 'no.psd'));
    expect(ended.code).toBe(exitCodes.badInput);
    expect(ended.stderr).toContain('E_OUTPUT_TYPE');
    expect(ended.stderr).toContain(
      'The document has a gradient fill; write a .png or .tif instead.',
    );
  });
});

function exact(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
