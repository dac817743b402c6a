import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ModelList,
  PictureInfo,
  SamplingCatalogue,
  Status,
  TokenCounts,
} from '../../shared/api.ts';
import { decodeFrame } from '../../shared/frame.ts';
import { Plan, type PlanRequest } from '../../shared/plan.ts';
import {
  inpaintRequest,
  startTestService,
  temporaryFolder,
  type TestService,
} from '../fakes/testService.ts';
import { eventually } from '../fixtures/eventually.ts';

let service: TestService;
beforeAll(async () => {
  const workbenchDir = temporaryFolder();
  mkdirSync(join(workbenchDir, 'assets'));
  mkdirSync(join(workbenchDir, 'secret'));
  writeFileSync(join(workbenchDir, 'index.html'), '<!doctype html><title>w</title>');
  writeFileSync(join(workbenchDir, 'assets', 'app.js'), 'export {};');
  writeFileSync(join(workbenchDir, 'assets', 'app.js.map'), '{}');
  writeFileSync(join(workbenchDir, 'secret', 'a.js'), '1');
  service = await startTestService({ replaced: { workbenchDir } });
});
afterAll(() => service.remove());

describe('pictures', () => {
  const post = (body: string) => service.api.send('POST', '/v1/pictures', { body });

  it('are answered as a frame, and leave no file', async () => {
    const answer = await post('any bytes');
    expect(answer.status).toBe(200);
    const frame = decodeFrame(answer.bytes);
    expect(PictureInfo.parse(frame.body).width).toBe(8);
    expect(frame.planes[0].data[0]).toBe(7);
    await eventually(() => expect(readdirSync(join(service.dataDir, 'tmp'))).toEqual([]));
  });

  it('pass on what the decoder says', async () => {
    expect((await post('BAD file')).json().code).toBe('E_IMAGE_TYPE');
    expect((await post('')).json().code).toBe('E_IMAGE_TYPE');
  });

  it('that end the decoder end nothing else', async () => {
    const [bad, job] = await Promise.all([
      post('CRASH'),
      service.api.submit(inpaintRequest('slow')).then((id) => service.api.follow(id)),
    ]);
    expect(bad.json().code).toBe('E_IMAGE_CORRUPT');
    expect(job.at(-1)?.type).toBe('done');
    expect(job.filter((e) => e.type === 'started').every((e) => e.attempt === 1)).toBe(true);
    expect((await post('fine')).status).toBe(200);
  });
});

describe('the rest of the API', () => {
  it('tells models, status and a plan in the agreed form', async () => {
    const { models } = ModelList.parse((await service.api.send('GET', '/v1/models')).json());
    expect(models.map((m) => m.id)).toEqual(['tiny']);
    expect((await service.api.send('POST', '/v1/models/rescan')).status).toBe(200);
    Status.parse((await service.api.send('GET', '/v1/status')).json());
    const request: PlanRequest = {
      kind: 'inpaint',
      document: { width: 2000, height: 1500 },
      bounds: { x: 500, y: 500, width: 300, height: 200 },
      model: 'tiny',
      strength: 1,
      steps: 20,
      featherPx: 8,
      growPx: 0,
      area: 'context',
      paddingPx: 32,
      count: 1,
      dialect: 'pentimento',
    };
    const body = JSON.stringify(request);
    const plan = Plan.parse((await service.api.send('POST', '/v1/plan', { body })).json());
    expect(plan.workingSize.width % 8).toBe(0);
    const bad = JSON.stringify({ ...request, steps: 1e9 });
    expect((await service.api.send('POST', '/v1/plan', { body: bad })).json().code).toBe('E_PARAM');
  });

  it('remembers how fast the machine was', async () => {
    const id = await service.api.submit(inpaintRequest('slow steps 4', { count: 2 }));
    await service.api.follow(id);
    const body = JSON.stringify({
      kind: 'image',
      document: { width: 512, height: 512 },
      bounds: { x: 0, y: 0, width: 512, height: 512 },
      model: '',
      strength: 1,
      steps: 20,
      featherPx: 0,
      growPx: 0,
      area: 'whole',
      paddingPx: 0,
      count: 1,
      dialect: 'pentimento',
    });
    const plan = Plan.parse((await service.api.send('POST', '/v1/plan', { body })).json());
    expect(plan.seconds).toBeGreaterThan(0);
  });
});

describe('the workbench pages', () => {
  it('are served without a token, with a policy that keeps foreign code out', async () => {
    const page = await fetch(`${service.url}/`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    const script = await fetch(`${service.url}/assets/app.js`);
    expect(script.headers.get('content-type')).toContain('text/javascript');
  });

  it('are only the listed ones', async () => {
    for (const path of [
      '/index.html',
      '/secret/a.js',
      '/assets/app.js.map',
      '/assets/',
      '/assets',
    ]) {
      expect((await fetch(service.url + path)).status).toBe(401);
      expect((await service.api.send('GET', path)).status).toBe(404);
    }
    expect((await fetch(`${service.url}/`, { method: 'POST' })).status).toBe(401);
  });
});

describe('samplers', () => {
  it('are told with a sentence each', async () => {
    const answer = await service.api.send('GET', '/v1/samplers');
    expect(answer.status).toBe(200);
    const { samplers, schedules } = SamplingCatalogue.parse(answer.json());
    expect(samplers.find((s) => s.name === 'Euler a')).toMatchObject({
      automatic: 'Uniform',
      options: { eta: 1, hasChurn: false, hasNoise: true, hasSeedDelta: true },
    });
    expect(schedules.every((s) => s.about.length > 0)).toBe(true);
  });
});

describe('tokens', () => {
  const count = (body: unknown) =>
    service.api.send('POST', '/v1/tokens', {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });

  it('are counted for each text', async () => {
    const answer = await count({ texts: ['a wooden boat', ''], dialect: 'pentimento' });
    expect(TokenCounts.parse(answer.json())).toEqual([
      { tokens: 3, limit: 75, unreadable: [] },
      { tokens: 0, limit: 75, unreadable: [] },
    ]);
  });

  it('are not counted for what is no prompt', async () => {
    const answer = await count({ texts: ['x'.repeat(20_001)], dialect: 'pentimento' });
    expect([answer.status, answer.json().code]).toEqual([422, 'E_PARAM']);
    expect((await count({ texts: 'a' })).status).toBe(422);
  });
});
