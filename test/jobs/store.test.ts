import Database from 'better-sqlite3';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { problemOf } from '../../shared/errors.ts';
import { BlobStore } from '../../service/jobs/blobs.ts';
import { ClientTable } from '../../service/jobs/clientTable.ts';
import { systemClock } from '../../service/jobs/clock.ts';
import { realDisk, type Disk } from '../../service/jobs/disk.ts';
import { newId } from '../../service/jobs/ids.ts';
import { JobEvents } from '../../service/jobs/jobEvents.ts';
import { JobTable } from '../../service/jobs/jobTable.ts';
import { silentLog } from '../../service/jobs/logFile.ts';
import { isReferenced, sweep } from '../../service/jobs/retention.ts';
import { lockFolder, openStore, type Store } from '../../service/jobs/store.ts';
import { ensureTokenFile } from '../../service/jobs/tokenFile.ts';
import { inpaintRequest, temporaryFolder } from '../fakes/testService.ts';

let folder: string;
let store: Store;
const wallMs = () => Date.now();
beforeEach(() => {
  folder = temporaryFolder();
  store = openStore({ dataDir: folder, wallMs });
});
afterEach(() => {
  if (store.db.open) store.close();
  rmSync(folder, { recursive: true, force: true });
});

function addJob(
  jobs: JobTable,
  clientId: string,
  more: { sha?: string; at?: number } = {},
): string {
  const id = newId('job', Date.now());
  jobs.insert({
    id,
    clientId,
    idempotencyKey: undefined,
    bodySha256: more.sha ?? 'aa'.repeat(32),
    inputBytes: 1000,
    request: inpaintRequest('x'),
    createdAt: more.at ?? Date.now(),
  });
  return id;
}

describe('the database', () => {
  it('is opened with the safe settings, read back, also after reopening', () => {
    for (let i = 0; i < 2; i++) {
      const read = (name: string) => store.db.pragma(name, { simple: true });
      expect(read('journal_mode')).toBe('wal');
      expect(read('synchronous')).toBe(2);
      expect(read('foreign_keys')).toBe(1);
      expect(read('trusted_schema')).toBe(0);
      expect(read('mmap_size')).toBe(0);
      const version = String(store.db.prepare('SELECT sqlite_version()').pluck().get());
      const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
      expect(major * 1e6 + minor * 1e3 + patch).toBeGreaterThanOrEqual(3_051_003);
      new ClientTable(store, wallMs).issue(`client ${i}`);
      expect(read('synchronous')).toBe(2);
      store.close();
      store = openStore({ dataDir: folder, wallMs });
    }
  });

  it('puts a damaged file aside, never wipes it (F15)', () => {
    store.close();
    writeFileSync(join(folder, 'pentimento.db'), Buffer.alloc(8192, 0x55));
    store = openStore({ dataDir: folder, wallMs });
    expect(store.putAside).toMatch(/^pentimento\.db\.damaged-/);
    expect(readdirSync(folder)).toContain(store.putAside);
    expect(new JobTable(store).queuedCount()).toBe(0);
  });

  it('refuses a file of a newer version, and leaves it alone (F15)', () => {
    store.db.pragma('user_version = 99');
    store.close();
    expect(() => openStore({ dataDir: folder, wallMs })).toThrow(/newer version/);
    const db = new Database(join(folder, 'pentimento.db'));
    expect(db.pragma('user_version', { simple: true })).toBe(99);
    db.close();
    rmSync(join(folder, 'pentimento.db'));
  });

  it('is locked for one service (F14)', () => {
    const unlock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(/Another Pentimento service/);
    unlock();
    lockFolder(folder)();
  });

  it('makes room and tries again when it is full, then gives up with the right words', () => {
    store.close();
    let asked = 0;
    store = openStore({
      dataDir: folder,
      wallMs,
      onFull: () => {
        asked += 1;
        if (asked === 1) store.db.pragma('max_page_count = 1000000');
      },
    });
    const pages = Number(store.db.pragma('page_count', { simple: true }));
    const fill = () => store.db.exec('CREATE TABLE big AS SELECT hex(randomblob(500000)) AS x');
    store.db.pragma(`max_page_count = ${pages}`);
    store.transact(fill);
    expect(asked).toBe(1);
    store.db.exec('DROP TABLE big; VACUUM');
    store.db.pragma(`max_page_count = ${Number(store.db.pragma('page_count', { simple: true }))}`);
    expect(() => store.transact(fill)).toThrow(/disk is full/);
    expect(asked).toBe(2);
  });
});

describe('jobs as rows', () => {
  it('change only for the attempt that runs (fencing, Q04), and not after the end', () => {
    const jobs = new JobTable(store);
    const { client } = new ClientTable(store, wallMs).issue('c');
    const id = addJob(jobs, client.id);
    expect(jobs.start(id)).toBe(true);
    expect(jobs.start(id)).toBe(false);
    expect(jobs.requeue(id, 1, { isCounted: true })).toBe(true);
    expect(jobs.start(id)).toBe(true);
    expect(jobs.get(id, undefined)?.attempt).toBe(2);
    expect(jobs.finish(id, 1, { state: 'done', at: 0 })).toBe(false);
    expect(jobs.finish(id, 2, { state: 'done', at: 0 })).toBe(true);
    const problem = problemOf('E_INTERNAL');
    expect(jobs.finish(id, 2, { state: 'failed', problem, at: 0 })).toBe(false);
    expect(jobs.cancelQueued(id, 0)).toBe(false);
    expect(() => store.db.prepare("UPDATE jobs SET state = 'queued' WHERE id = ?").run(id)).toThrow(
      /finished job/,
    );
  });

  it('keep one picture per variant, however many attempts finished it (I3)', () => {
    const jobs = new JobTable(store);
    const { client } = new ClientTable(store, wallMs).issue('c');
    const id = addJob(jobs, client.id);
    jobs.start(id);
    const bounds = { x: 0, y: 0, width: 1, height: 1 };
    const info = (name: string) => ({
      id: name,
      jobId: id,
      index: 0,
      bounds,
      recipe: {
        version: 1 as const,
        made: 'x',
        request: inpaintRequest('x'),
        index: 0,
        seed: 1,
        context: bounds,
        workingSize: { width: 1, height: 1 },
      },
      sha256: 'bb'.repeat(32),
      sizeBytes: 5,
    });
    expect(jobs.addResult(info('r1'), 1, 0)).toBe(true);
    expect(jobs.addResult(info('r2'), 1, 0)).toBe(false);
    expect(jobs.addResult({ ...info('r3'), index: 1 }, 7, 0)).toBe(false);
    expect(jobs.resultsOf(id).map((r) => r.id)).toEqual(['r1']);
  });
});

describe('events', () => {
  it('are numbered in order, wait for what comes, and let readers go at the end', async () => {
    const jobs = new JobTable(store);
    const { client } = new ClientTable(store, wallMs).issue('c');
    const jobId = addJob(jobs, client.id);
    const events = new JobEvents(store, systemClock);
    events.record({ type: 'queued', jobId, ahead: 0 });
    const waiting = events.wait(jobId, 1, 5000);
    expect(events.waiterCount()).toBe(1);
    events.show({ type: 'step', jobId, index: 0, step: 1, steps: 9, count: 1 });
    expect((await waiting).map((e) => [e.type, e.seq])).toEqual([['step', 2]]);
    events.show({ type: 'step', jobId, index: 0, step: 2, steps: 9, count: 1 });
    expect(events.read(jobId, 0).map((e) => e.seq)).toEqual([1, 3]);
    expect(events.record({ type: 'done', jobId }, () => false)).toBe(false);
    events.record({ type: 'done', jobId });
    expect(events.read(jobId, 0).map((e) => [e.type, e.seq])).toEqual([
      ['queued', 1],
      ['done', 4],
    ]);

    const stop = new AbortController();
    const gone = events.wait(jobId, 4, 60_000, stop.signal);
    const closed = events.wait(jobId, 4, 60_000);
    stop.abort();
    expect(await gone).toEqual([]);
    events.close();
    expect(await closed).toEqual([]);
    expect(events.waiterCount()).toBe(0);
    expect(await events.wait(jobId, 4, 60_000)).toEqual([]);
  });
});

describe('tokens', () => {
  it('are stored as hashes only, and stop working when revoked (H04)', () => {
    const clients = new ClientTable(store, wallMs);
    const { token, client } = clients.issue('panel');
    expect(clients.find(token)?.id).toBe(client.id);
    expect(clients.find(`${token}x`)).toBeUndefined();
    const stored = store.db.prepare('SELECT * FROM tokens').all();
    expect(JSON.stringify(stored)).not.toContain(token);
    clients.revoke(client.id);
    expect(clients.find(token)).toBeUndefined();
  });

  it('of this computer are replaced when others could read the file', async () => {
    const clients = new ClientTable(store, wallMs);
    ensureTokenFile(folder, clients, silentLog);
    const { chmodSync, readFileSync } = await import('node:fs');
    const path = join(folder, 'token');
    const first = readFileSync(path, 'utf8').trim();
    ensureTokenFile(folder, clients, silentLog);
    expect(readFileSync(path, 'utf8').trim()).toBe(first);
    chmodSync(path, 0o644);
    ensureTokenFile(folder, clients, silentLog);
    expect(readFileSync(path, 'utf8').trim()).not.toBe(first);
    expect(clients.find(first)).toBeUndefined();
  });
});

describe('the quota (F17)', () => {
  it('takes inputs of finished jobs, then fetched results, never what waits or is new', async () => {
    const jobs = new JobTable(store);
    const { client } = new ClientTable(store, wallMs).issue('c');
    const blobs = new BlobStore({ disk: realDisk, dataDir: folder, reserveBytes: 0, wallMs });
    await blobs.prepare();
    const object = async (fill: number) => {
      const written = await blobs.receive([new Uint8Array(1000).fill(fill)], 1e6);
      await blobs.keep(written);
      return written.sha256;
    };
    const [inDone, inWaiting, fetched, fresh] = await Promise.all([1, 2, 3, 4].map(object));
    const done = addJob(jobs, client.id, { sha: inDone });
    addJob(jobs, client.id, { sha: inWaiting });
    jobs.start(done);
    const insert = store.db.prepare(
      `INSERT INTO results (id, job_id, idx, sha256, size_bytes, info, created_at, delivered_at)
       VALUES (?, ?, ?, ?, 1000, '{}', ?, ?)`,
    );
    insert.run('r0', done, 0, fetched, 0, Date.now());
    insert.run('r1', done, 1, fresh, Date.now(), null);
    jobs.finish(done, 1, { state: 'done', at: 1 });
    await nextTurn();

    const options = { quotaBytes: 4000, wallMs: Date.now() };
    expect(await sweep(store, blobs, options)).toBe(0);
    expect(await sweep(store, blobs, { ...options, quotaBytes: 3500 })).toBe(1000);
    expect(await blobs.sizeOf(inDone ?? '')).toBeUndefined();
    expect(await sweep(store, blobs, { ...options, quotaBytes: 0 })).toBe(1000);
    expect(await blobs.sizeOf(fetched ?? '')).toBeUndefined();
    expect(await blobs.sizeOf(inWaiting ?? '')).toBe(1000);
    expect(await blobs.sizeOf(fresh ?? '')).toBe(1000);
    expect(isReferenced(store, fresh ?? '')).toBe(true);
    mkdirSync(join(folder, 'x'));
  });

  it('leaves an object alone that comes again while it is looked at', async () => {
    const jobs = new JobTable(store);
    const { client } = new ClientTable(store, wallMs).issue('c');
    let meanwhile = async () => {};
    const stat = async (path: string) => {
      const found = await realDisk.stat(path);
      await meanwhile();
      return found;
    };
    const disk = { ...realDisk, stat } as unknown as Disk;
    const blobs = new BlobStore({ disk, dataDir: folder, reserveBytes: 0, wallMs });
    await blobs.prepare();
    const receive = () => blobs.receive([new Uint8Array(1000).fill(1)], 1e6);
    const { sha256 } = await receive().then(async (written) => {
      await blobs.keep(written);
      return written;
    });
    const done = addJob(jobs, client.id, { sha: sha256 });
    jobs.start(done);
    jobs.finish(done, 1, { state: 'done', at: 1 });
    await nextTurn();

    // Found where it lies, then taken by the quota, then the second job refers to it.
    const again = await receive();
    const freed: number[] = [];
    meanwhile = async () => {
      meanwhile = async () => {};
      freed.push(await sweep(store, blobs, { quotaBytes: 0, wallMs: Date.now() }));
    };
    await blobs.keep(again);
    const next = addJob(jobs, client.id, { sha: sha256 });
    expect(await blobs.sizeOf(sha256)).toBe(1000);
    expect(freed).toEqual([0]);

    // Once nobody needs it, it goes.
    await nextTurn();
    jobs.start(next);
    jobs.finish(next, 1, { state: 'done', at: 2 });
    expect(await sweep(store, blobs, { quotaBytes: 0, wallMs: Date.now() })).toBe(1000);
    expect(await blobs.sizeOf(sha256)).toBeUndefined();
  });
});
