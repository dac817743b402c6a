/** recipe, --recipe, --style and the runs of variants, from file to file. */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ResultInfo } from '../../shared/event.ts';
import { ReadRecipe } from '../../shared/readRecipe.ts';
import { exitCodes } from '../../service/cli/exitCodes.ts';
import { decodePicture } from '../../service/engine/picture/decode.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { pngWith, textChunk } from '../recipes/files.ts';
import { pentimento, type Ended, type Served } from './runProgram.ts';
import { serveTiny } from './serveTiny.ts';
import { writeSamples } from './samples.ts';

const folder = temporaryFolder();
const path = (name: string) => join(folder, name);
const models = path('models');
const env = { PENTIMENTO_DATA: path('data'), PENTIMENTO_PORT: '' };
const photo = path('photo.jpg');
const tiny = [
  '--width',
  '64',
  '--height',
  '64',
  '--steps',
  '1',
  '--sampler',
  'Euler',
  '--seed',
  '7',
];

let served: Served;
beforeAll(async () => {
  await writeSamples(folder);
  writeFileSync(
    path('webui.png'),
    await pngWith(
      textChunk(
        'parameters',
        'a boat\u001b[31m\nNegative prompt: fog\nSteps: 3, Sampler: DPM++ 2M Karras, CFG scale: 5, Seed: 11, Size: 96x64, Model: Tiny, Clip skip: 2, RNG: NV, Denoising strength: 0.4, ENSD: 31337, Face restoration: CodeFormer, Version: v1.10.1',
      ),
    ),
  );
  served = await serveTiny(models, env);
});
afterAll(() => served.stop());

const run = (...args: string[]): Promise<Ended> => pentimento(args, { env });
const Answer = z.strictObject({ files: z.array(z.string()), results: z.array(ResultInfo) });

/** Runs, expects success, and answers what was made. */
async function made(...args: string[]): Promise<z.infer<typeof Answer>> {
  const ended = await run(...args, '--json');
  expect(ended, ended.stdout + ended.stderr).toMatchObject({ code: 0, signal: null });
  return Answer.parse(JSON.parse(ended.stdout));
}

describe('recipe', () => {
  it('is printed for people and for programs', async () => {
    const { stdout, code } = await run('recipe', path('webui.png'));
    expect(code).toBe(0);
    expect(stdout).toContain('made with AUTOMATIC1111 v1.10.1 (PNG text parameters)');
    expect(stdout).toContain('prompt: a boat [31m\navoid: fog\n');
    expect(stdout).toContain('Sampler: DPM++ 2M Karras\n');
    expect(stdout).toContain('Face restoration: CodeFormer (Faces');
    expect(stdout).not.toContain('\u001b');
    const json = await run('recipe', path('webui.png'), '--json');
    expect(ReadRecipe.parse(JSON.parse(json.stdout)).settings.seed).toBe(11);
  });

  it('is shown as AUTOMATIC1111 reads it', async () => {
    writeFileSync(path('own.csv'), 'name,prompt,negative_prompt\nBoat,a {prompt},\n');
    writeFileSync(
      path('plain.png'),
      await pngWith(
        textChunk('parameters', 'a boat\nSteps: 3, Seed: 1, ENSD: 31337, Clip skip: 2'),
        textChunk('postprocessing', 'x'),
      ),
    );
    const args = ['recipe', path('plain.png'), '--as-webui'];
    const { stdout } = await run(...args, '--styles', path('own.csv'), '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      other: { postprocessing: 'x' },
      fields: { Prompt: 'boat', 'Styles array': ['Boat'], 'Masked area padding': 32 },
      settings: { eta_noise_seed_delta: 31337, CLIP_stop_at_last_layers: 2 },
    });
    expect((await run(...args)).stdout).toContain('  Inpaint area: Whole picture\n');
  });

  it('that is not there is told in a sentence and an exit code', async () => {
    const none = await run('recipe', photo);
    expect(none.code).toBe(exitCodes.badInput);
    expect(none.stderr).toContain('There is no recipe in this picture. "photo.jpg".');
    expect((await run('recipe', path('missing.png'))).stderr).toContain('(E_FILE)');
    expect((await run('recipe')).code).toBe(exitCodes.usage);
  });
});

describe('--recipe', () => {
  it('gives a run its settings; options that are given go before it', async () => {
    const [result] = (
      await made(
        'img2img',
        photo,
        '--recipe',
        path('webui.png'),
        '--steps',
        '2',
        '-o',
        path('like.png'),
      )
    ).results;
    expect(result?.recipe).toMatchObject({
      seed: 11,
      model: { name: 'tiny' },
      sampling: { sampler: 'DPM++ 2M', schedule: 'Karras' },
      workingSize: { width: 96, height: 64 },
      request: {
        dialect: 'a1111',
        negativePrompt: 'fog',
        steps: 2,
        cfgScale: 5,
        clipSkip: 2,
        noiseSource: 'nv',
        etaNoiseSeedDelta: 31337,
      },
    });
  });

  it('of our own picture makes the same picture again', async () => {
    const first = path('first.png');
    const own = [
      '--sampler',
      'Euler a',
      '--cfg',
      '3',
      '--strength',
      '0.5',
      '--grow',
      '2',
      '--content',
      'fill',
    ];
    const inpaint = ['inpaint', photo, '-m', path('mask.png')];
    await made(...inpaint, '-p', 'a boat', '--avoid', 'fog', ...tiny, ...own, '-o', first);
    await made(
      ...inpaint,
      '--recipe',
      first,
      '--width',
      '64',
      '--height',
      '64',
      '-o',
      path('second.png'),
    );
    const [a, b] = [await decodePicture(first), await decodePicture(path('second.png'))];
    expect(b.raster).toEqual(a.raster);
  });
});

describe('--style', () => {
  it('puts styles into the prompts', async () => {
    writeFileSync(
      path('styles.csv'),
      'name,prompt,negative_prompt\nPhoto,"{prompt}, 35mm",drawing\n',
    );
    const styles = ['--styles', path('styles.csv')];
    const asked = ['img2img', photo, '-p', 'a boat', ...tiny, '-o', path('styled.png')];
    const [result] = (await made(...asked, ...styles, '--style', 'Photo')).results;
    expect(result?.recipe.request).toMatchObject({
      prompt: 'a boat, 35mm',
      negativePrompt: 'drawing',
    });
    const unknown = await run(...asked, ...styles, '--style', 'Foto');
    expect(unknown.stderr).toContain('There is no style "Foto". Nearest: Photo.');

    const unnamed = await run(...asked, '--style', 'Mine');
    expect(unnamed.stderr).toContain('There is no style "Mine".');
    writeFileSync(path('data/styles.csv'), 'name,prompt,negative_prompt\nMine,ink,\n');
    const [found] = (await made(...asked, '--style', 'Mine')).results;
    expect(found?.recipe.request).toMatchObject({ prompt: 'a boat, ink' });
  });
});

describe('variants', () => {
  const variants = (...args: string[]) =>
    made('variants', photo, ...tiny, '--cfg', '2', '--strength', '0.5', ...args);

  it('of a grid differ in what was varied and share the rest', async () => {
    const out = path('grid.png');
    const { results, files } = await variants(
      '-p',
      'a red boat',
      '--vary',
      'CFG Scale: 2-4 (+2)',
      '--vary',
      'Prompt S/R: red, blue',
      '-o',
      out,
    );
    const seen = results.map(({ recipe: { request: r } }) =>
      r.kind === 'image' ? [r.cfgScale, r.prompt, r.seed] : [],
    );
    expect(seen).toEqual([
      [2, 'a red boat', 7],
      [2, 'a blue boat', 7],
      [4, 'a red boat', 7],
      [4, 'a blue boat', 7],
    ]);
    expect(files).toEqual([1, 2, 3, 4].map((n) => path(n === 1 ? 'grid.png' : `grid-${n}.png`)));
    expect(files.every((file) => existsSync(file))).toBe(true);
  });

  it('of a matrix and of a prompt file', async () => {
    const prompts = (answer: z.infer<typeof Answer>) =>
      answer.results.map(({ recipe: { request: r } }) => (r.kind === 'image' ? r.prompt : ''));
    const matrix = await variants('-p', 'sea|calm', '--matrix', '-o', path('matrix.psd'));
    expect(prompts(matrix)).toEqual(['sea', 'sea, calm']);
    writeFileSync(
      path('prompts.txt'),
      '\uFEFFa cat\r\n\r\n--prompt "a dog" --cfg_scale 3 --seed 9\n',
    );
    const listed = await variants(
      '-p',
      'in fog',
      '--prompts',
      path('prompts.txt'),
      '-o',
      path('[seed]-[cfg].png'),
    );
    expect(prompts(listed)).toEqual(['a cat in fog', 'a dog in fog']);
    expect(listed.results.map((r) => r.recipe.seed)).toEqual([7, 9]);
    expect(listed.files).toEqual([path('7-2.png'), path('9-3.png')]);
  });

  it('of a loopback start from one another', async () => {
    const { results, files } = await variants(
      '-p',
      'a boat',
      '--loopback',
      '3',
      '--final-strength',
      '0.3',
      '-o',
      path('loop.png'),
    );
    expect(results.map((r) => r.recipe.seed)).toEqual([7, 8, 9]);
    expect(
      results.map(({ recipe: { request: r } }) => (r.kind === 'image' ? r.strength : 0)),
    ).toEqual([0.5, 0.4, 0.3]);
    expect(new Set(results.map((r) => r.recipe.inputSha256)).size).toBe(3);
    const pictures = await Promise.all(files.map((file) => sharp(file).raw().toBuffer()));
    expect(pictures[1]?.equals(pictures[0] ?? Buffer.alloc(0))).toBe(false);
  });

  it.each<[string, string[], RegExp]>([
    ['an axis that is none', ['--vary', 'Stepps: 1'], /no axis "Stepps"\. Nearest: .*Steps/],
    ['an axis without a setting', ['--vary', 'Face restore: x'], /cannot be varied/],
    ['a value outside its range', ['--vary', 'Steps: 0'], /1 to 150/],
    [
      'a word that is not in the prompt',
      ['-p', 'x', '--vary', 'Prompt S/R: zebra, dog'],
      /"zebra" is not in the prompt/,
    ],
    ['too many runs', ['--vary', 'Seed: 1-200'], /1 to 144/],
    ['two ways at once', ['--matrix', '--loopback', '2'], /Use one of/],
    [
      'a prompt file that is not there',
      ['--prompts', path('none.txt')],
      /"none.txt" cannot be read/,
    ],
  ])('%s is refused before anything is written', async (_, args, words) => {
    const before = readdirSync(folder).length;
    const { code, stderr } = await run('variants', photo, ...args, '-o', path('never.png'));
    expect(code).not.toBe(0);
    expect(stderr).toMatch(words);
    expect(readdirSync(folder)).toHaveLength(before);
  });

  it('belong to that command alone', async () => {
    const { code, stderr } = await run(
      'img2img',
      photo,
      '--vary',
      'Seed: 1',
      '-o',
      path('never.png'),
    );
    expect({ code, isUsage: stderr.includes('pentimento variants') }).toEqual({
      code: exitCodes.usage,
      isUsage: true,
    });
    expect(readFileSync(photo).length).toBeGreaterThan(0);
  });
});
