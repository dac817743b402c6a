import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { JobEvent } from '../../shared/event.ts';
import {
  apiOf,
  fakeEnginePath,
  inpaintRequest,
  release,
  temporaryFolder,
  type Api,
} from '../fakes/testService.ts';
import { removeFolder } from '../fixtures/removeFolder.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const bundleDir = join(root, 'dist', 'test-service');
const children = new Set<ChildProcess>();
let dataDir: string;

beforeAll(async () => {
  // One JavaScript file of the service, since a forked process cannot load TypeScript.
  await build({
    configFile: false,
    logLevel: 'error',
    root,
    build: {
      ssr: join(root, 'test', 'fakes', 'serviceProcess.ts'),
      outDir: bundleDir,
      emptyOutDir: true,
      minify: false,
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: 'serviceProcess.mjs' } },
    },
  });
});
afterAll(() => rmSync(bundleDir, { recursive: true, force: true }));
beforeEach(() => {
  dataDir = temporaryFolder();
});
afterEach(async () => {
  for (const child of children) {
    child.kill('SIGKILL');
    await gone(child);
  }
  removeFolder(dataDir);
});

interface Started {
  readonly child: ChildProcess;
  readonly api: Api;
  readonly code?: string;
}

async function start(): Promise<Started> {
  const child = spawn(process.execPath, [
    join(bundleDir, 'serviceProcess.mjs'),
    dataDir,
    fakeEnginePath,
  ]);
  children.add(child);
  child.on('exit', () => children.delete(child));
  const line = await new Promise<string>((resolve, reject) => {
    let text = '';
    let errors = '';
    child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
    child.stdout.on('data', (data: Buffer) => {
      text += data.toString();
      if (text.includes('\n')) resolve(text);
    });
    child.on('close', () => reject(new Error(`ended: ${text}${errors}`)));
  });
  const { url, token, code } = JSON.parse(line) as Record<string, string>;
  return { child, api: apiOf(url ?? '', token ?? ''), ...(code === undefined ? {} : { code }) };
}

function gone(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.on('exit', () => resolve()));
}

async function killed(service: Started): Promise<void> {
  service.child.kill('SIGKILL');
  await gone(service.child);
}

describe('kill -9 of the service (K01)', () => {
  it('keeps what was accepted, runs it after the restart, and finished results stay', async () => {
    const first = await start();
    const done = await first.api.submit(inpaintRequest('before'));
    await first.api.follow(done);
    const running = await first.api.submit(inpaintRequest('held at 2', { seed: 9 }));
    const waiting = await first.api.submit(inpaintRequest('after', { seed: 10 }), 'key-1');
    await first.api.until(running, 'step');
    await killed(first);
    release(dataDir, running);

    const second = await start();
    expect((await second.api.job(done)).state).toBe('done');
    const [result] = (await second.api.job(done)).results;
    const frame = await second.api.send('GET', `/v1/results/${result.id}/frame`);
    expect(frame.bytes.length).toBe(result.sizeBytes);
    const events = await second.api.follow(waiting);
    expect(events.at(-1)?.type).toBe('done');
    const again = await second.api.job(running);
    expect(again.state).toBe('done');
    expect(again.results[0].recipe.seed).toBe(9);
    const told = await second.api.follow(running);
    expect(told.filter((e) => e.type === 'started').map((e) => e.attempt)).toContain(2);
    // The same request and key after the crash is still the same job.
    expect(await second.api.submit(inpaintRequest('after', { seed: 10 }), 'key-1')).toBe(waiting);
    expect(readdirSync(join(dataDir, 'tmp')).filter((n) => !n.startsWith('tmp-'))).toEqual([]);
  });

  it('gives numbers to events that a reader from before the crash has not seen', async () => {
    const first = await start();
    const id = await first.api.submit(inpaintRequest('held at 2'));
    let seen = 0;
    await first.api.until(id, 'step');
    const before = await first.api.send('GET', `/v1/jobs/${id}/events?after=-1`);
    seen = JobEvent.array().parse(before.json()).at(-1)?.seq ?? 0;
    await killed(first);
    release(dataDir, id);
    const second = await start();
    await second.api.follow(id);
    const answer = await second.api.send('GET', `/v1/jobs/${id}/events?after=${seen}`);
    const later = JobEvent.array().parse(answer.json());
    expect(later[0].type).toBe('queued');
    expect(later.at(-1)?.type).toBe('done');
  });

  it('ends a job that was killed with the service twice, and goes on with the next', async () => {
    const first = await start();
    const id = await first.api.submit(inpaintRequest('held at 2'));
    const next = await first.api.submit(inpaintRequest('next'));
    await first.api.until(id, 'step');
    await killed(first);
    const second = await start();
    await second.api.until(id, 'step');
    await killed(second);
    const third = await start();
    const events = await third.api.follow(id);
    expect(events.at(-1)).toMatchObject({ type: 'failed', problem: { code: 'E_ENGINE_CRASHED' } });
    expect((await third.api.follow(next)).at(-1)?.type).toBe('done');
  });

  it('does not run a job again whose cancel was asked', async () => {
    const first = await start();
    const id = await first.api.submit(inpaintRequest('deaf'));
    await first.api.until(id, 'stage');
    await first.api.send('POST', `/v1/jobs/${id}/cancel`);
    await killed(first);
    const second = await start();
    expect((await second.api.job(id)).state).toBe('cancelled');
  });
});

describe('the data folder', () => {
  it('belongs to one service; the lock is free after kill -9 (F14)', async () => {
    const first = await start();
    const second = await start();
    expect(second.code).toBe('E_ALREADY_RUNNING');
    expect((await first.api.send('GET', '/v1/status')).status).toBe(200);
    await killed(first);
    const third = await start();
    expect(third.code).toBeUndefined();
  });
});

describe('SIGTERM (K09)', () => {
  it('gives the running job back uncounted, and leaves nothing running', async () => {
    const first = await start();
    const id = await first.api.submit(inpaintRequest('held at 2'));
    await first.api.until(id, 'step');
    const enginePid = Number(readFileSync(join(dataDir, 'engine.pid'), 'utf8'));
    first.child.kill('SIGTERM');
    await gone(first.child);
    expect(first.child.exitCode).toBe(0);
    expect(existsSync(`/proc/${enginePid}`)).toBe(false);
    release(dataDir, id);
    const second = await start();
    const events = await second.api.follow(id);
    expect(events.at(-1)?.type).toBe('done');
    expect(events.filter((e) => e.type === 'started').map((e) => e.attempt)).not.toContain(2);
  });
});
