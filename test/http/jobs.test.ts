import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { decodeFrame, planeNamed } from '../../shared/frame.ts';
import { JobList, JobSummary } from '../../shared/api.ts';
import { JobEvent } from '../../shared/event.ts';
import { Problem } from '../../shared/errors.ts';
import { ResultBody } from '../../service/messages.ts';
import {
  apiOf,
  frameOf,
  inpaintRequest,
  planesOf,
  startTestService,
  type TestService,
} from '../fakes/testService.ts';
import { eventually } from '../fixtures/eventually.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.remove());

async function refused(body: Uint8Array | string): Promise<Problem> {
  const answer = await service.api.send('POST', '/v1/jobs', { body });
  expect(answer.headers['content-type']).toBe('application/problem+json');
  const problem = Problem.parse(answer.json());
  expect(problem.status).toBe(answer.status);
  return problem;
}

describe('a job over HTTP', () => {
  it('goes from one frame to results that can be fetched as frame and PNG', async () => {
    const id = await service.api.submit(inpaintRequest('a boat', { count: 2 }));
    const events = await service.api.follow(id);
    for (const event of events) JobEvent.parse(event);
    const types = events.map((e) => e.type);
    expect(types[0]).toBe('queued');
    expect(types.at(-1)).toBe('done');
    expect(types).toContain('started');
    const seqs = events.map((e) => e.seq);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    const job = JobSummary.parse(await service.api.job(id));
    expect(job.state).toBe('done');
    expect(job.results.map((r) => r.index)).toEqual([0, 1]);

    const result = job.results[1];
    const frame = await service.api.send('GET', `/v1/results/${result.id}/frame`);
    expect(frame.status).toBe(200);
    expect(createHash('sha256').update(frame.bytes).digest('hex')).toBe(result.sha256);
    expect(frame.headers['etag']).toBe(`"${result.sha256}"`);
    expect(frame.bytes.length).toBe(result.sizeBytes);
    const decoded = decodeFrame(frame.bytes);
    expect(ResultBody.parse(decoded.body).recipe.seed).toBe(6);
    expect(planeNamed(decoded, 'color')?.data[0]).toBe(6);

    const again = await service.api.send('GET', `/v1/results/${result.id}/frame`, {
      headers: { 'if-none-match': `"${result.sha256}"` },
    });
    expect(again.status).toBe(304);

    const png = await service.api.send('GET', `/v1/results/${result.id}/png`);
    expect(png.headers['content-type']).toBe('image/png');
    expect([...png.bytes.subarray(1, 4)]).toEqual([0x50, 0x4e, 0x47]);
  });

  it('fixes a random seed when it is accepted', async () => {
    const id = await service.api.submit(inpaintRequest('a boat', { seed: -1 }));
    await service.api.follow(id);
    const job = await service.api.job(id);
    expect(job.request.seed).toBeGreaterThanOrEqual(0);
    expect(job.request.seed).toBeLessThan(2 ** 32);
    expect(job.results[0].recipe.seed).toBe(job.request.seed);
  });

  it('takes the first checkpoint when no model is named', async () => {
    const id = await service.api.submit(inpaintRequest('x', { model: '' }));
    expect((await service.api.job(id)).request).toMatchObject({ model: 'tiny' });
    await service.api.follow(id);
  });

  it('lists newest first, in pages', async () => {
    const first = await service.api.submit(inpaintRequest('one'));
    const second = await service.api.submit(inpaintRequest('two'));
    await service.api.follow(second);
    const list = JobList.parse((await service.api.send('GET', '/v1/jobs?limit=1')).json());
    expect(list.jobs.map((j) => j.id)).toEqual([second]);
    const next = await service.api.send('GET', `/v1/jobs?limit=1&before=${second}`);
    expect(JobList.parse(next.json()).jobs.map((j) => j.id)).toEqual([first]);
  });

  it('says a job id it never gave is unknown, never that it is done (I7)', async () => {
    for (const path of ['/v1/jobs/job-x', '/v1/jobs/job-x/events?after=0&wait=5']) {
      const answer = await service.api.send('GET', path);
      expect(answer.status).toBe(404);
      expect(answer.json().code).toBe('E_JOB_UNKNOWN');
    }
    const cancel = await service.api.send('POST', '/v1/jobs/job-x/cancel');
    expect(cancel.json().code).toBe('E_JOB_UNKNOWN');
  });

  it('does not call a job done whose pictures never came', async () => {
    const id = await service.api.submit(inpaintRequest('nothing'));
    const events = await service.api.follow(id);
    expect(events.at(-1)).toMatchObject({ type: 'failed', problem: { code: 'E_INTERNAL' } });
  });

  it('does not take a result from outside its folder', async () => {
    const id = await service.api.submit(inpaintRequest('outside'));
    const events = await service.api.follow(id);
    expect(events.at(-1)).toMatchObject({ type: 'failed' });
    expect((await service.api.job(id)).results).toEqual([]);
  });
});

describe('idempotency (C02-C04)', () => {
  it('answers the same id for the same key and body, however often', async () => {
    const body = frameOf(inpaintRequest('twice'));
    const headers = { 'idempotency-key': 'k1' };
    const send = () => service.api.send('POST', '/v1/jobs', { body, headers });
    const answers = await Promise.all([send(), send(), send()]);
    expect(answers.map((a) => a.status).toSorted((x, y) => x - y)).toEqual([200, 200, 201]);
    expect(new Set(answers.map((a) => a.json().id)).size).toBe(1);
    await service.api.follow(answers[0].json().id);
    expect((await send()).status).toBe(200);
  });

  it('refuses the same key with another body', async () => {
    const headers = { 'idempotency-key': 'k2' };
    await service.api.send('POST', '/v1/jobs', { body: frameOf(inpaintRequest('a')), headers });
    const answer = await service.api.send('POST', '/v1/jobs', {
      body: frameOf(inpaintRequest('b')),
      headers,
    });
    expect(answer.json().code).toBe('E_IDEMPOTENCY_MISMATCH');
  });
});

/** ControlNets that would look in vain at something. */
function controlCases(ok: ReturnType<typeof inpaintRequest>): Array<[string, Uint8Array, string]> {
  const unit = { model: 'a', weight: 1, start: 0, end: 1, mode: 'balanced', fit: 'crop' } as const;
  const shown = { ...unit, source: 'picture' } as const;
  const sent = { ...unit, source: 'plane' } as const;
  const [picture, mask] = planesOf(ok);
  const without = (request: object, ...names: readonly string[]) =>
    Object.fromEntries(Object.entries(request).filter(([name]) => !names.includes(name)));
  const masked = ['featherPx', 'growPx', 'maskedContent', 'area', 'paddingPx'];
  const image = { ...without(ok, ...masked), kind: 'image' };
  const text = { ...without(ok, ...masked, 'strength', 'colorMatch'), kind: 'text' };
  const of = (request: object, controls: readonly object[], planes = [picture, mask]) =>
    frameOf({ ...request, controls }, planes);
  const plane = { ...picture, name: 'control0' };
  return [
    ['a ControlNet without its picture', of(ok, [sent]), 'E_FRAME'],
    ['the picture of another ControlNet', of(ok, [shown, sent], [picture, mask, plane]), 'E_FRAME'],
    ['a picture that no ControlNet asks for', of(ok, [shown], [picture, mask, plane]), 'E_FRAME'],
    [
      'a ControlNet of the mask without one',
      of(image, [{ ...unit, source: 'mask' }], [picture]),
      'E_PARAM',
    ],
    ['a ControlNet of the picture without one', of(text, [shown], []), 'E_PARAM'],
    [
      'a ControlNet that ends before it starts',
      of(ok, [{ ...shown, start: 0.6, end: 0.5 }]),
      'E_PARAM',
    ],
    ['four ControlNets', of(ok, [shown, shown, shown, shown]), 'E_PARAM'],
    ['an unknown preprocessor', of(ok, [{ ...shown, preprocessor: { name: 'x' } }]), 'E_PARAM'],
  ];
}

describe('bad requests', () => {
  const ok = inpaintRequest('x');
  const withPlanes = (change: (planes: ReturnType<typeof planesOf>) => unknown) => {
    const planes = planesOf(ok);
    change(planes);
    return frameOf(ok, planes);
  };
  const cases: Array<[string, Uint8Array | string, string]> = [
    ['no frame', 'hello', 'E_FRAME'],
    ['nothing', '', 'E_FRAME'],
    ['a frame cut in its planes', frameOf(ok).subarray(0, -100), 'E_FRAME'],
    ['a frame cut in its header', frameOf(ok).subarray(0, 40), 'E_FRAME'],
    ['another kind of document', frameOf({ hello: 1 }, []), 'E_PARAM'],
    ['an unknown setting', frameOf({ ...ok, hack: 1 }), 'E_PARAM'],
    ['strength out of range', frameOf({ ...ok, strength: 1.5 }), 'E_PARAM'],
    ['strength that is no number', frameOf({ ...ok, strength: Number.NaN }), 'E_PARAM'],
    ['steps out of range', frameOf({ ...ok, steps: 10_001 }), 'E_PARAM'],
    ['half steps', frameOf({ ...ok, steps: 2.5 }), 'E_PARAM'],
    ['a seed beyond the exact numbers', frameOf({ ...ok, seed: 2 ** 53 }), 'E_PARAM'],
    [
      'a prompt of 100,000 characters',
      frameOf({ ...ok, prompt: 'a'.repeat(100_000) }),
      'E_PROMPT_TOO_LONG',
    ],
    [
      'a size that is no multiple of 8',
      frameOf({ ...ok, workingSize: { width: 100, height: 512 } }),
      'E_PARAM',
    ],
    [
      'far too much work',
      frameOf({ ...ok, workingSize: { width: 4096, height: 4096 }, steps: 150, count: 12 }),
      'E_TOO_EXPENSIVE',
    ],
    ['an unknown sampler', frameOf({ ...ok, sampler: 'Euler b' }), 'E_SAMPLER_UNKNOWN'],
    ['an unknown schedule', frameOf({ ...ok, schedule: 'Karas' }), 'E_SCHEDULE_UNKNOWN'],
    ['an unknown model', frameOf({ ...ok, model: '../../etc/passwd' }), 'E_MODEL_UNKNOWN'],
    ['an empty mask', withPlanes((p) => p[1].data.fill(0)), 'E_MASK_EMPTY'],
    ['no mask', withPlanes((p) => p.pop()), 'E_MASK_EMPTY'],
    [
      'a mask of another size',
      frameOf(ok, [
        planesOf(ok)[0],
        planesOf(inpaintRequest('x', { region: { x: 0, y: 0, width: 12, height: 12 } }))[1],
      ]),
      'E_MASK_SIZE',
    ],
    ['no picture', withPlanes((p) => p.shift()), 'E_FRAME'],
    ['the picture twice', withPlanes((p) => p.push(p[0])), 'E_FRAME'],
    ...controlCases(ok),
    ['a plane of unknown name', withPlanes((p) => p.push({ ...p[0], name: 'other' })), 'E_FRAME'],
    [
      'a region of another size than the picture',
      frameOf({ ...ok, region: { x: 0, y: 0, width: 17, height: 12 } }, planesOf(ok)),
      'E_FRAME',
    ],
    [
      '1 x 1',
      frameOf(inpaintRequest('x', { region: { x: 0, y: 0, width: 1, height: 1 } })),
      'E_IMAGE_TOO_SMALL',
    ],
    [
      '0 x 0',
      frameOf({ ...ok, region: { x: 0, y: 0, width: 0, height: 0 } }, []),
      'E_IMAGE_TOO_SMALL',
    ],
    [
      '30000 x 20000',
      frameOf({ ...ok, region: { x: 0, y: 0, width: 30_000, height: 20_000 } }, []),
      'E_TOO_LARGE',
    ],
  ];
  it.each(cases)('%s', async (_, body, code) => {
    const problem = await refused(body);
    expect(problem.code).toBe(code);
    expect(JSON.stringify(problem)).not.toMatch(/\/tmp\/|node_modules|at .*\(/);
  });

  it('reads numbers in the settings as they are written: 1e400, null, __proto__ (P01, P06)', async () => {
    const text = new TextDecoder('latin1').decode(frameOf(ok, []));
    const json = text.slice(12, text.lastIndexOf('}') + 1);
    const frame = (changed: string) => {
      const head = new Uint8Array(12);
      head.set(frameOf(ok, []).subarray(0, 12));
      new DataView(head.buffer).setUint32(8, changed.length, true);
      return Buffer.concat([head, Buffer.from(changed), Buffer.alloc(16)]);
    };
    expect((await refused(frame(json.replace('"steps":3', '"steps":1e400')))).code).toBe('E_PARAM');
    expect((await refused(frame(json.replace('"steps":3', '"steps":null')))).code).toBe('E_PARAM');
    const proto = json.replace('"steps":3', '"steps":3,"__proto__":{"steps":1}');
    expect(['E_PARAM', 'E_FRAME']).toContain((await refused(frame(proto))).code);
    expect((await refused(frame(`${'['.repeat(200_000)}${']'.repeat(200_000)}`))).code).toBe(
      'E_FRAME',
    );
  });

  it('leaves no work file behind', async () => {
    const left = () =>
      readdirSync(join(service.dataDir, 'tmp')).filter((name) => name.startsWith('tmp-'));
    await eventually(() => expect(left()).toEqual([]));
  });

  it('refuses a body that says it is too long before reading it (H15)', async () => {
    const answer = await service.api.send('POST', '/v1/pair', {
      body: 'x'.repeat(300_000),
    });
    expect(answer.json().code).toBe('E_TOO_LARGE');
    const zipped = await service.api.send('POST', '/v1/plan', {
      body: '{}',
      headers: { 'content-encoding': 'gzip' },
    });
    expect(zipped.json().code).toBe('E_JSON');
  });
});

describe('who sees what (H19)', () => {
  it('hides the jobs and results of one client from another, not from the owner', async () => {
    const pair = async (name: string) => {
      const { code } = (await service.api.send('POST', '/v1/pairings')).json();
      const answer = await fetch(`${service.url}/v1/pair`, {
        method: 'POST',
        body: JSON.stringify({ code, clientName: name }),
      });
      return apiOf(service.url, ((await answer.json()) as { token: string }).token);
    };
    const a = await pair('A');
    const b = await pair('B');
    const id = await a.submit(inpaintRequest('mine'));
    await a.follow(id);
    const { results } = await a.job(id);
    for (const path of [
      `/v1/jobs/${id}`,
      `/v1/jobs/${id}/events`,
      `/v1/results/${results[0].id}/frame`,
      `/v1/results/${results[0].id}/png`,
    ]) {
      expect((await b.send('GET', path)).status).toBe(404);
      expect((await a.send('GET', path)).status).toBe(200);
      expect((await service.api.send('GET', path)).status).toBe(200);
    }
    expect((await b.send('POST', `/v1/jobs/${id}/cancel`)).status).toBe(404);
    expect((await b.send('GET', '/v1/jobs')).json().jobs).toEqual([]);
    // Pairing again under the same name keeps the history.
    const later = await pair('A');
    expect((await later.job(id)).state).toBe('done');
    // The owner's name is no way to the owner's rights.
    const impostor = await pair('this computer');
    expect((await impostor.send('GET', `/v1/jobs/${id}`)).status).toBe(404);
  });
});

describe('a lost result (F16)', () => {
  it('says so, and the history stays', async () => {
    const id = await service.api.submit(inpaintRequest('gone', { seed: 77 }));
    await service.api.follow(id);
    const [result] = (await service.api.job(id)).results;
    const path = join(
      service.dataDir,
      'objects',
      result.sha256.slice(0, 2),
      result.sha256.slice(2),
    );
    expect(existsSync(path)).toBe(true);
    const { rmSync } = await import('node:fs');
    rmSync(path);
    const answer = await service.api.send('GET', `/v1/results/${result.id}/frame`);
    expect(answer.status).toBe(410);
    expect(answer.json().code).toBe('E_RESULT_LOST');
    expect((await service.api.job(id)).state).toBe('done');
  });
});
