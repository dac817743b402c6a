import { connect } from 'node:net';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  frameOf,
  inpaintRequest,
  startTestService,
  type TestService,
} from '../fakes/testService.ts';
import { eventually } from '../fixtures/eventually.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.remove());

function head(length: number): string {
  return [
    'POST /v1/jobs HTTP/1.1',
    `Host: 127.0.0.1:${service.port}`,
    `Authorization: Bearer ${service.token}`,
    'Content-Type: application/octet-stream',
    `Content-Length: ${length}`,
    '',
    '',
  ].join('\r\n');
}

async function settled(check: () => boolean): Promise<void> {
  await eventually(() => expect(check()).toBe(true));
}

const workFiles = () =>
  readdirSync(join(service.dataDir, 'tmp')).filter((name) => name.startsWith('tmp-'));
const jobCount = async () => (await service.api.send('GET', '/v1/jobs')).json().jobs.length;

describe('clients that go away', () => {
  it.each([0.01, 0.99])('while sending (%d of it): no job, no file (C01)', async (share) => {
    const before = await jobCount();
    const body = frameOf(inpaintRequest('cut'));
    const socket = connect(service.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(head(body.length));
    socket.write(body.subarray(0, Math.floor(body.length * share)));
    await settled(() => workFiles().length === 1);
    socket.destroy();
    await settled(() => workFiles().length === 0);
    expect(await jobCount()).toBe(before);
  });

  it('after sending, before the answer: the job is there, and the same key finds it (C02)', async () => {
    const body = frameOf(inpaintRequest('unheard'));
    const socket = connect(service.port, '127.0.0.1');
    const text = head(body.length).replace('\r\n\r\n', '\r\nIdempotency-Key: lost\r\n\r\n');
    const before = await jobCount();
    socket.write(text);
    socket.write(body);
    socket.on('error', () => undefined);
    socket.resume();
    let now = before;
    while (now === before) now = await jobCount();
    socket.destroy();
    const answer = await service.api.send('POST', '/v1/jobs', {
      body,
      headers: { 'idempotency-key': 'lost' },
    });
    expect(answer.status).toBe(200);
    expect(await jobCount()).toBe(before + 1);
  });

  it('while listening: the job goes on, the reader is forgotten (C05)', async () => {
    const id = await service.api.submit(inpaintRequest('held at 2'));
    const stop = new AbortController();
    const listening = fetch(`${service.url}/v1/jobs/${id}/events?after=1000&wait=60`, {
      headers: { authorization: `Bearer ${service.token}` },
      signal: stop.signal,
    });
    await new Promise((done) => setTimeout(done, 50));
    stop.abort();
    await expect(listening).rejects.toThrow();
    service.release(id);
    expect((await service.api.follow(id)).at(-1)?.type).toBe('done');
  });

  it('while fetching a large result: it can be fetched again (C07)', async () => {
    const request = inpaintRequest('big', { region: { x: 0, y: 0, width: 2000, height: 1500 } });
    const id = await service.api.submit(request);
    await service.api.follow(id);
    const [result] = (await service.api.job(id)).results;
    const socket = connect(service.port, '127.0.0.1');
    socket.write(
      `GET /v1/results/${result.id}/frame HTTP/1.1\r\nHost: 127.0.0.1:${service.port}\r\nAuthorization: Bearer ${service.token}\r\n\r\n`,
    );
    await new Promise<void>((done) => socket.once('data', () => done()));
    socket.destroy();
    const whole = await service.api.send('GET', `/v1/results/${result.id}/frame`);
    expect(whole.bytes.length).toBe(result.sizeBytes);
  });
});

describe('many at once', () => {
  it('are all accepted, none lost, in the order they came (L01)', async () => {
    const ids = await Promise.all(
      Array.from({ length: 40 }, (_, i) => service.api.submit(inpaintRequest('many', { seed: i }))),
    );
    expect(new Set(ids).size).toBe(40);
    for (const id of ids) expect((await service.api.follow(id)).at(-1)?.type).toBe('done');
  });

  it('let one finished job be asked for its events without waiting', async () => {
    const id = await service.api.submit(inpaintRequest('x'));
    const last = (await service.api.follow(id)).at(-1)?.seq ?? 0;
    const from = performance.now();
    const answer = await service.api.send('GET', `/v1/jobs/${id}/events?after=${last}&wait=60`);
    expect(answer.json()).toEqual([]);
    expect(performance.now() - from).toBeLessThan(30_000);
  });
});
