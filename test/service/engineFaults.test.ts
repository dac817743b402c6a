import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { JobEvent } from '../../shared/event.ts';
import { inpaintRequest, startTestService, type TestService } from '../fakes/testService.ts';

let service: TestService;

async function outcome(prompt: string): Promise<JobEvent[]> {
  return service.api.follow(await service.api.submit(inpaintRequest(prompt)));
}

function attempts(events: readonly JobEvent[]): number[] {
  return [...new Set(events.flatMap((e) => (e.type === 'started' ? [e.attempt] : [])))];
}

describe('an engine that dies (K02, K03)', () => {
  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service.remove());

  it('once: the job is tried again and finishes', async () => {
    const events = await outcome('crash once');
    expect(attempts(events)).toEqual([1, 2]);
    expect(events.at(-1)?.type).toBe('done');
    const log = readFileSync(join(service.dataDir, 'service.log'), 'utf8');
    expect(log).toContain('about to crash');
  });

  it('always: the job fails after the second try, and the queue goes on (K04)', async () => {
    const poison = await service.api.submit(inpaintRequest('crash'));
    const next = await service.api.submit(inpaintRequest('fine'));
    const events = await service.api.follow(poison);
    expect(attempts(events)).toEqual([1, 2]);
    expect(events.at(-1)).toMatchObject({
      type: 'failed',
      problem: { code: 'E_ENGINE_CRASHED', jobId: poison },
    });
    expect((await service.api.follow(next)).at(-1)?.type).toBe('done');
  });

  it('or leaves, or talks nonsense: the same', async () => {
    for (const prompt of ['leave', 'garbage']) {
      expect((await outcome(prompt)).at(-1)).toMatchObject({
        type: 'failed',
        problem: { code: 'E_ENGINE_CRASHED' },
      });
    }
  });

  it('whose disk is full says so, and the next job runs (F02)', async () => {
    expect((await outcome('full')).at(-1)).toMatchObject({
      type: 'failed',
      problem: { code: 'E_DISK_FULL' },
    });
    expect((await outcome('fine')).at(-1)?.type).toBe('done');
  });
});

describe('an engine that does not answer (K06)', () => {
  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service.remove());

  it('is killed when a stage takes longer than it announced; the job is tried twice', async () => {
    const events = await outcome('hang budget 400');
    expect(attempts(events)).toEqual([1, 2]);
    expect(events.at(-1)).toMatchObject({
      type: 'failed',
      problem: { code: 'E_ENGINE_TIMEOUT' },
    });
  });

  it('does not keep the service from answering meanwhile (I6)', async () => {
    // It would hang for longer than this test may take.
    const id = await service.api.submit(inpaintRequest('hang budget 600000'));
    await service.api.until(id, 'stage');
    for (let i = 0; i < 10; i++) expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
    expect((await service.api.job(id)).state).toBe('running');
  });
});

describe('cancelling (Q12)', () => {
  let id: string;
  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service.remove());
  afterEach(async () => {
    // Cancelling what has ended changes nothing, however often.
    const { state } = await service.api.job(id);
    const answer = await service.api.send('POST', `/v1/jobs/${id}/cancel`);
    expect(answer.status).toBe(200);
    expect(answer.json().state).toBe(state);
  });

  const cancel = () => service.api.send('POST', `/v1/jobs/${id}/cancel`);

  it('while it waits', async () => {
    const first = await service.api.submit(inpaintRequest('held at 2'));
    id = await service.api.submit(inpaintRequest('waits'));
    expect((await cancel()).json().state).toBe('cancelled');
    const events = await service.api.follow(id);
    expect(events.map((e) => e.type)).toEqual(['queued', 'cancelled']);
    service.release(first);
    expect((await service.api.follow(first)).at(-1)?.type).toBe('done');
  });

  it('at the very moment it starts', async () => {
    id = await service.api.submit(inpaintRequest('held at 2'));
    await cancel();
    expect((await service.api.follow(id)).at(-1)?.type).toBe('cancelled');
  });

  it('between steps', async () => {
    id = await service.api.submit(inpaintRequest('held at 2'));
    const events = await service.api.follow(id, async (event) => {
      if (event.type === 'step') await cancel();
    });
    expect(events.at(-1)?.type).toBe('cancelled');
    expect((await service.api.job(id)).results).toEqual([]);
  });

  it('of an engine that does not listen: it is killed, and the next job runs', async () => {
    id = await service.api.submit(inpaintRequest('hang budget 5000'));
    const events = await service.api.follow(id, async (event) => {
      if (event.type === 'stage') await cancel();
    });
    expect(events.at(-1)?.type).toBe('cancelled');
    expect(attempts(events)).toEqual([1]);
    id = await service.api.submit(inpaintRequest('fine'));
    expect((await service.api.follow(id)).at(-1)?.type).toBe('done');
  });

  it('keeps the pictures that were finished', async () => {
    id = await service.api.submit(inpaintRequest('steps 3 held at 5', { count: 12 }));
    await service.api.follow(id, async (event) => {
      if (event.type === 'result') await cancel();
    });
    const job = await service.api.job(id);
    expect(job.state).toBe('cancelled');
    expect(job.results.length).toBeGreaterThan(0);
    expect(job.results.length).toBeLessThan(12);
    const answer = await service.api.send('GET', `/v1/results/${job.results[0].id}/frame`);
    expect(answer.status).toBe(200);
  });
});
