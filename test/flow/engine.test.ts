/** From a request to finished layers through the real service and the real engine process. */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorEntry, Problem } from '../../shared/errors.ts';
import type { JobEvent } from '../../shared/event.ts';
import { planeNamed } from '../../shared/frame.ts';
import { containsRect } from '../../shared/geometry.ts';
import { parametersText } from '../../shared/recipe.ts';
import { recipesOfXmp } from '../../shared/recipeXmp.ts';
import { ResultBody } from '../../service/messages.ts';
import { frameOf } from '../fakes/testService.ts';
import { buildService } from '../fixtures/builtProgram.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeDiffusersFolder, writeModel } from '../fixtures/writeModel.ts';
import {
  colorsOf,
  enginePid,
  fetchFrame,
  regionPlanes,
  runToEnd,
  startReal,
  submit,
  tinyInpaint,
  writeBrokenModels,
  type RealService,
  type Run,
} from './realService.ts';

const folder = temporaryFolder();
const models = join(folder, 'models');
const half = join(models, 'half.safetensors');

beforeAll(async () => {
  buildService();
  mkdirSync(models);
  const manifest = manifestPath('tiny/tiny-sd1/single.json');
  const painting = manifestPath('tiny/tiny-sd1-inpaint/single.json');
  await writeModel({ manifest, out: half, seed: 3, dtype: 'F16' });
  await writeModel({ manifest, out: join(models, 'brain.safetensors'), seed: 3, dtype: 'BF16' });
  await writeModel({
    manifest: painting,
    out: join(models, 'paint.safetensors'),
    seed: 3,
    dtype: 'F16',
  });
  await writeDiffusersFolder({
    manifest: manifestPath('tiny/tiny-sd1'),
    out: join(models, 'folder'),
    seed: 3,
    dtype: 'F16',
  });
});

function typesOf(events: readonly JobEvent[]): string[] {
  return events.map((e) => e.type);
}

describe('a run', () => {
  let service: RealService;
  let first: Run;
  let whole: Run;
  const request = tinyInpaint('half', { count: 2 });
  /** Seconds, in which something may happen to it. */
  const long = tinyInpaint('half', { steps: 24, strength: 1, count: 2 });
  beforeAll(async () => {
    service = await startReal(join(folder, 'data'), '--models', models);
    first = await runToEnd(service, request);
    whole = await runToEnd(service, long);
  });
  afterAll(() => service.stop());

  it('tells what happens in order', () => {
    const { events } = first;
    const types = typesOf(events);
    expect(types[0]).toBe('queued');
    expect(types[1]).toBe('started');
    expect(types.at(-1)).toBe('done');
    const planned = events.findIndex((e) => e.type === 'started' && e.plan !== undefined);
    expect(planned).toBeGreaterThan(1);
    expect(planned).toBeLessThan(types.indexOf('step'));
    expect(types.indexOf('step')).toBeLessThan(types.indexOf('result'));
    for (const [i, event] of events.entries()) {
      expect(event.jobId).toBe(first.id);
      expect(event.seq).toBeGreaterThan(events[i - 1]?.seq ?? -1);
    }
    const stages = events.flatMap((e) => (e.type === 'stage' ? [e.name] : []));
    expect(stages[0]).toBe('opening the model');
    expect(stages).toEqual(expect.arrayContaining(['reading the prompt', 'painting', 'finishing']));
    expect(first.results.map((r) => r.index)).toEqual([0, 1]);
    expect(first.results.map((r) => r.recipe.seed)).toEqual([5, 6]);
  });

  it('gives layers that lie where they belong', async () => {
    for (const info of first.results) {
      const frame = await fetchFrame(service, info.id);
      const body = ResultBody.parse(frame.body);
      expect(body).toEqual({ bounds: info.bounds, recipe: info.recipe });
      const [color, alpha] = [planeNamed(frame, 'color'), planeNamed(frame, 'alpha')];
      for (const plane of [color, alpha]) {
        expect([plane?.width, plane?.height]).toEqual([info.bounds.width, info.bounds.height]);
      }
      expect([color?.channels, color?.depth, alpha?.channels]).toEqual([3, 8, 1]);
      expect(containsRect(request.region, info.bounds)).toBe(true);
      expect(alpha?.data).toContain(255);
      expect(info.recipe).toMatchObject({
        request,
        model: { name: 'half', family: 'sd1' },
        sampling: { sampler: 'Euler a', schedule: 'Uniform' },
        workingSize: { width: 64, height: 64 },
      });
    }
  });

  it('is the same again, alone, from its recipe, and after the service was stopped', async () => {
    const [colors, second] = await colorsOf(service, first);
    expect(await colorsOf(service, await runToEnd(service, request))).toEqual([colors, second]);
    const alone = await runToEnd(service, tinyInpaint('half', { seed: 6 }));
    expect((await colorsOf(service, alone))[0]).toEqual(second);
    expect(colors).not.toEqual(second);
    const recipe = first.results[1]?.recipe ?? expect.fail('No second result');
    const again = await runToEnd(service, { ...recipe.request, seed: recipe.seed, count: 1 });
    expect((await colorsOf(service, again))[0]).toEqual(second);

    await service.stop();
    service = await startReal(join(folder, 'data'), '--models', models);
    expect(await colorsOf(service, await runToEnd(service, request))).toEqual([colors, second]);
    expect((await colorsOf(service, first))[1]).toEqual(second);
  });

  it('holds the same picture for each layout of the same weights', async () => {
    // "Automatic" is a folder's own schedule: it may be another one.
    const named = { schedule: 'Uniform' };
    const single = await runToEnd(service, tinyInpaint('half', named));
    const other = await runToEnd(service, tinyInpaint('folder', named));
    expect(await colorsOf(service, other)).toEqual(await colorsOf(service, single));
  });

  it.each(['brain', 'paint', 'folder'])('is the same again with %s', async (model) => {
    const one = await runToEnd(service, tinyInpaint(model));
    expect(one.events.at(-1)?.type).toBe('done');
    const [colors] = await colorsOf(service, one);
    const same = await runToEnd(service, tinyInpaint(model));
    expect(await colorsOf(service, same)).toEqual([colors]);
    const [usual] = await colorsOf(service, first);
    if (model !== 'folder') expect(colors).not.toEqual(usual);
  });

  it('takes a model by its name or file name, and keeps its id', async () => {
    const usual = await colorsOf(service, first);
    for (const name of ['HALF', 'half.safetensors']) {
      const run = await runToEnd(service, { ...request, model: name });
      expect(await colorsOf(service, run)).toEqual(usual);
      expect(run.results[0]?.recipe.request).toEqual(request);
    }
  });

  it('takes the first checkpoint when none is named', async () => {
    const { results, events } = await runToEnd(service, tinyInpaint(''));
    expect(typesOf(events).at(-1)).toBe('done');
    expect(results[0]?.recipe.model?.name).toBe('brain');
  });

  it('works for every kind of request and every dialect', async () => {
    const {
      featherPx: _f,
      growPx: _g,
      maskedContent: _m,
      area: _a,
      paddingPx: _p,
      ...rest
    } = request;
    const { strength: _s, colorMatch: _c, ...words } = rest;
    for (const dialect of ['pentimento', 'a1111', 'diffusers'] as const) {
      for (const asked of [
        { ...request, dialect, count: 1 },
        { ...rest, kind: 'image' as const, dialect, count: 1 },
        { ...words, kind: 'text' as const, dialect, count: 1 },
      ]) {
        const run = await runToEnd(service, asked);
        expect(run.events.at(-1)).toMatchObject({ type: 'done' });
        expect(run.results).toHaveLength(1);
      }
    }
    const { seed, count, document, region } = request;
    const own = { featherPx: 2, growPx: 1, colorMatch: 1 };
    const removed = { kind: 'remove' as const, document, region, seed, count, ...own };
    expect((await runToEnd(service, removed)).results).toHaveLength(2);
  });

  it('shows previews of where it works', async () => {
    const previews = first.events.filter((e) => e.type === 'preview');
    expect(previews.length).toBeGreaterThan(0);
    for (const { bounds, image, width } of previews) {
      expect(bounds).toEqual(request.region);
      const bytes = Buffer.from(image.split(',')[1] ?? '', 'base64');
      expect((await sharp(bytes).metadata()).width).toBe(width);
    }
  });

  it('is a PNG that says how it was made', async () => {
    const [, info] = first.results;
    const answer = await service.api.send('GET', `/v1/results/${info?.id}/png`);
    expect(answer.headers['content-type']).toBe('image/png');
    const recipe = info?.recipe ?? expect.fail('No result');
    const text = Buffer.from(answer.bytes).toString('latin1');
    expect(text).toContain(`parameters\0${parametersText(recipe)}`);
    const meta = await sharp(answer.bytes).metadata();
    expect(recipesOfXmp(meta.xmpAsString ?? '')).toEqual([recipe]);
    const { data, info: shape } = await sharp(answer.bytes)
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(shape.channels).toBe(4);
    const frame = await fetchFrame(service, info?.id ?? '');
    const alpha = planeNamed(frame, 'alpha')?.data ?? [];
    expect(data.filter((_, i) => i % 4 === 3)).toEqual(Buffer.from(alpha));
    const [, second] = await colorsOf(service, first);
    expect(data.filter((_, i) => i % 4 !== 3)).toEqual(Buffer.from(second ?? []));
  });

  it('waits behind another one', async () => {
    const busy = await submit(service, tinyInpaint('half', { steps: 150, strength: 1 }));
    const waiting = await submit(service, tinyInpaint('half', { seed: 9 }));
    await service.api.until(busy, 'step');
    expect((await service.api.job(waiting)).state).toBe('queued');
    await service.api.send('POST', `/v1/jobs/${busy}/cancel`);
    const events = await service.api.follow(waiting);
    expect(events[0]).toMatchObject({ type: 'queued', ahead: 1 });
    expect(events.at(-1)?.type).toBe('done');
    expect((await service.api.job(busy)).state).toBe('cancelled');
  });

  it('goes on when its client goes away', async () => {
    const id = await submit(service, long);
    const gone = new AbortController();
    const watching = fetch(`${service.url}/v1/jobs/${id}/events?after=100000&wait=20`, {
      headers: { authorization: `Bearer ${service.token}` },
      signal: gone.signal,
    });
    const failure = expect(watching).rejects.toThrow();
    await service.api.until(id, 'step');
    gone.abort();
    await failure;
    const events = await service.api.follow(id);
    expect(events.at(-1)?.type).toBe('done');
    const { results } = await service.api.job(id);
    expect(await colorsOf(service, { ...whole, results })).toEqual(await colorsOf(service, whole));
  });

  it('can be stopped, and the engine goes on', async () => {
    const pid = enginePid(service);
    for (const slow of [tinyInpaint('half', { steps: 150, strength: 1 }), { ...removeLarge() }]) {
      const planes = slow.kind === 'remove' ? largePlanes() : regionPlanes();
      const id = await submit(service, slow, planes);
      const events = await service.api.follow(id, async (event) => {
        if (event.type === 'step') await service.api.send('POST', `/v1/jobs/${id}/cancel`);
      });
      expect(events.at(-1)?.type).toBe('cancelled');
      expect((await service.api.job(id)).results).toEqual([]);
    }
    const again = await runToEnd(service, request);
    expect(await colorsOf(service, again)).toEqual(await colorsOf(service, first));
    expect(enginePid(service)).toBe(pid);
  });

  it('is tried again when the engine is killed, and has the same bytes', async () => {
    const id = await submit(service, long);
    let isKilled = false;
    const events = await service.api.follow(id, (event) => {
      if (isKilled || event.type !== 'step' || event.step < 3) return;
      isKilled = true;
      process.kill(enginePid(service), 'SIGKILL');
    });
    expect(isKilled).toBe(true);
    const attempts = events.flatMap((e) => (e.type === 'started' ? [e.attempt] : []));
    expect([...new Set(attempts)]).toEqual([1, 2]);
    expect(events.at(-1)?.type).toBe('done');
    const { results } = await service.api.job(id);
    const again = { ...whole, results };
    expect(await colorsOf(service, again)).toEqual(await colorsOf(service, whole));
  });
});

/** A hole that takes a while to fill. */
function removeLarge() {
  const region = { x: 0, y: 0, width: 480, height: 360 };
  const document = {
    id: 'd',
    name: 'photo',
    width: 480,
    height: 360,
    depth: 8,
    mode: 'rgb',
  } as const;
  const own = { featherPx: 2, growPx: 0, colorMatch: 1, seed: 1, count: 4 };
  return { kind: 'remove' as const, document, region, ...own };
}

function largePlanes() {
  const { width, height } = removeLarge().region;
  const size = { width, height, depth: 8 } as const;
  const colors = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7919) % 251);
  const selected = new Uint8Array(width * height);
  for (let y = 60; y < 300; y++) selected.fill(255, y * width + 80, y * width + 400);
  return [
    { name: 'picture', ...size, channels: 3, data: colors },
    { name: 'mask', ...size, channels: 1, data: selected },
  ];
}

describe('the preview decoder', () => {
  it('is used when it is there, and changes no result', async () => {
    const withDecoder = join(folder, 'with-taesd');
    mkdirSync(join(withDecoder, 'vae-approx'), { recursive: true });
    copyFileSync(half, join(withDecoder, 'half.safetensors'));
    await writeModel({
      manifest: manifestPath('tiny/tiny-taesd/taesd_decoder.json'),
      out: join(withDecoder, 'vae-approx', 'taesd_decoder.safetensors'),
      seed: 1,
      dtype: 'F16',
    });
    const previews: string[] = [];
    const colors: Uint8Array[] = [];
    for (const [i, from] of [models, withDecoder].entries()) {
      const service = await startReal(join(folder, `preview-${i}`), '--models', from);
      try {
        const run = await runToEnd(service, tinyInpaint('half', { steps: 2 }));
        const last = run.events.findLast((e) => e.type === 'preview');
        previews.push(last?.image ?? expect.fail('No preview'));
        colors.push((await colorsOf(service, run))[0] ?? expect.fail('No result'));
      } finally {
        await service.stop();
      }
    }
    expect(previews[0]).not.toBe(previews[1]);
    expect(colors[0]).toEqual(colors[1]);
  });
});

describe('a model that cannot be used', () => {
  const broken = join(folder, 'broken');
  let service: RealService;
  beforeAll(async () => {
    await writeBrokenModels(broken, half);
    copyFileSync(half, join(broken, 'vanishing.safetensors'));
    service = await startReal(join(folder, 'broken-data'), '--models', broken);
  });
  afterAll(() => service.stop());

  async function problemOf(model: string, more = {}) {
    const body = frameOf(tinyInpaint(model, more), regionPlanes());
    const answer = await service.api.send('POST', '/v1/jobs', { body });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    return Problem.parse(answer.json());
  }

  it.each([
    ['truncated', 'E_MODEL_DAMAGED'],
    ['text', 'E_MODEL_NOT_SAFETENSORS'],
    ['empty', 'E_MODEL_DAMAGED'],
    ['style', 'E_MODEL_KIND'],
    ['flux', 'E_MODEL_FAMILY'],
    ['no-vae', 'E_MODEL_MISSING_PART'],
    ['nothing-like-it', 'E_MODEL_UNKNOWN'],
  ] as const)('%s: %s, with a sentence and the next step', async (model, code) => {
    const problem = await problemOf(model);
    expect(problem.code).toBe(code);
    expect(problem.title).toBe(errorEntry(code).title);
    expect(problem.next).toBe(errorEntry(code).next);
    expect(JSON.stringify(problem)).not.toContain(folder);
  });

  it('takes the VAE that is named in the place of a missing one', async () => {
    const wrong = await problemOf('no-vae', { vae: 'style' });
    expect(wrong.code).toBe('E_MODEL_KIND');
    await writeModel({
      manifest: manifestPath('tiny/tiny-sd1/vae_single.json'),
      out: join(broken, 'own-vae.safetensors'),
      seed: 3,
      dtype: 'F16',
    });
    const { events } = await runToEnd(service, tinyInpaint('no-vae', { vae: 'own-vae' }));
    expect(events.at(-1)).toMatchObject({ type: 'done' });
  });

  it('is named when its file vanished, and the next model works', async () => {
    const request = tinyInpaint('vanishing');
    expect((await runToEnd(service, request)).events.at(-1)?.type).toBe('done');
    rmSync(join(broken, 'vanishing.safetensors'));
    expect((await problemOf('vanishing')).code).toMatch(/^E_MODEL_(UNKNOWN|NONE)$/);
    copyFileSync(half, join(broken, 'vanishing.safetensors'));
    expect((await runToEnd(service, request)).events.at(-1)?.type).toBe('done');
  });
});
