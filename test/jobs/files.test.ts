import * as fs from 'node:fs/promises';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installFile, writeFileAtomic, writeTemporary } from '../../service/jobs/atomicFile.ts';
import { BlobStore } from '../../service/jobs/blobs.ts';
import { realDisk, type Disk } from '../../service/jobs/disk.ts';
import { temporaryFolder } from '../fakes/testService.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Fault = 'ENOSPC' | 'EIO' | 'EACCES' | 'EMFILE' | 'short';

/** Counts every file operation and makes the Nth one fail. */
function faulty(nth: number, fault: Fault): { disk: Disk; count: () => number } {
  let calls = 0;
  const isTheOne = () => ++calls === nth;
  const failing =
    <A extends unknown[], R>(work: (...a: A) => Promise<R>) =>
    async (...a: A): Promise<R> => {
      if (isTheOne() && fault !== 'short') throw Object.assign(new Error(fault), { code: fault });
      return work(...a);
    };
  const wrapFile = (file: fs.FileHandle): fs.FileHandle =>
    new Proxy(file, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        const bound = member.bind(target) as (...a: unknown[]) => Promise<unknown>;
        if (name === 'close') return bound;
        if (name === 'write' && fault === 'short') {
          return async (bytes: Uint8Array, at: number, length: number) =>
            isTheOne() ? { bytesWritten: 0 } : bound(bytes, at, Math.ceil(length / 2));
        }
        return failing(bound);
      },
    });
  const open = failing(fs.open);
  const disk = {
    ...realDisk,
    open: async (...a: Parameters<typeof fs.open>) => wrapFile(await open(...a)),
    rename: failing(fs.rename),
    mkdir: failing(fs.mkdir),
    stat: failing(fs.stat),
  } as Disk;
  return { disk, count: () => calls };
}

const oldBytes = new Uint8Array(1000).fill(1);
const newBytes = new Uint8Array(300_000).map((_, i) => i % 251);

describe('an atomic file', () => {
  it.each<Fault>(['ENOSPC', 'EIO', 'EACCES', 'EMFILE', 'short'])(
    'is old or new, never cut, whichever operation fails with %s (I8, F04)',
    async (fault) => {
      const path = join(folder, 'file');
      let failures = 0;
      for (let nth = 1; ; nth++) {
        writeFileSync(path, oldBytes);
        const { disk, count } = faulty(nth, fault);
        const error: unknown = await writeFileAtomic(disk, path, newBytes).catch((e: unknown) => e);
        const found = readFileSync(path);
        expect([oldBytes.length, newBytes.length]).toContain(found.length);
        if (found.length === newBytes.length) expect(found.equals(newBytes)).toBe(true);
        expect(readdirSync(folder)).toEqual(['file']);
        if (error === undefined) {
          expect(found.length).toBe(newBytes.length);
          if (count() < nth) break;
        } else failures += 1;
      }
      expect(failures).toBeGreaterThan(0);
    },
  );

  it('is written to its end by many short writes', async () => {
    const { disk } = faulty(-1, 'short');
    await writeFileAtomic(disk, join(folder, 'file'), newBytes);
    expect(readFileSync(join(folder, 'file')).equals(newBytes)).toBe(true);
  });

  it('says the disk is full in its own words', async () => {
    const { disk } = faulty(3, 'ENOSPC');
    await expect(writeFileAtomic(disk, join(folder, 'file'), newBytes)).rejects.toMatchObject({
      code: 'E_DISK_FULL',
    });
  });

  it('stops at its limit and when its source fails, leaving nothing', async () => {
    const many = [newBytes, newBytes];
    await expect(writeTemporary(realDisk, folder, many, 400_000)).rejects.toMatchObject({
      code: 'E_TOO_LARGE',
    });
    async function* broken() {
      yield newBytes;
      await Promise.resolve();
      throw new Error('the client went away');
    }
    await expect(writeTemporary(realDisk, folder, broken(), 1e9)).rejects.toThrow('went away');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('has every byte of chunks of any size, in their order', async () => {
    const sizes = [60_001, 1, 0, 65_536, 1_048_576, 3, 2_500_000, 900_000, 900_000, 7];
    const chunks = sizes.map((size, i) => new Uint8Array(size).fill(i + 1));
    const whole = Buffer.concat(chunks);
    const written = await writeTemporary(realDisk, folder, chunks, 1e9);
    expect(Buffer.compare(readFileSync(written.path), whole)).toBe(0);
    expect(written).toMatchObject({
      sizeBytes: whole.length,
      sha256: createHash('sha256').update(whole).digest('hex'),
    });
  });

  it('does not follow a link somebody put at its place', async () => {
    const written = await writeTemporary(realDisk, folder, [newBytes], 1e9);
    await fs.symlink(join(folder, 'elsewhere'), join(folder, 'file'));
    await installFile(realDisk, written.path, join(folder, 'file'));
    expect(statSync(join(folder, 'file')).size).toBe(newBytes.length);
    expect(readdirSync(folder)).toEqual(['file']);
  });
});

function blobStore(disk: Disk = realDisk, wallMs: () => number = Date.now): BlobStore {
  return new BlobStore({ disk, dataDir: folder, reserveBytes: 100_000, wallMs });
}

describe('blobs', () => {
  it('lie under the hash of their bytes, once', async () => {
    const blobs = blobStore();
    await blobs.prepare();
    const sha256 = createHash('sha256').update(newBytes).digest('hex');
    for (let i = 0; i < 2; i++) {
      const written = await blobs.receive([newBytes.subarray(0, 10), newBytes.subarray(10)], 1e9);
      expect(written.sha256).toBe(sha256);
      await blobs.keep(written);
    }
    const path = join(folder, 'objects', sha256.slice(0, 2), sha256.slice(2));
    expect(readFileSync(path).equals(newBytes)).toBe(true);
    expect(readdirSync(blobs.tmpDir)).toEqual([]);
    expect(await blobs.sizeOf(sha256)).toBe(newBytes.length);
  });

  it('never take a name that is no hash', () => {
    for (const name of ['../../etc/passwd', 'a'.repeat(63), `${'a'.repeat(64)}\n`, '']) {
      expect(() => blobStore().pathOf(name)).toThrow();
    }
  });

  it('give up the reserve when the disk is full, and keep what is there (F02, F03)', async () => {
    const good = blobStore();
    await good.prepare();
    await good.restoreReserve();
    expect(statSync(join(folder, 'reserve')).size).toBe(100_000);
    const kept = await good.receive([oldBytes], 1e9);
    await good.keep(kept);

    const { disk } = faulty(2, 'ENOSPC');
    const full = blobStore(disk);
    await expect(full.receive([newBytes], 1e9)).rejects.toMatchObject({ code: 'E_DISK_FULL' });
    expect(readdirSync(folder)).not.toContain('reserve');
    expect(await good.sizeOf(kept.sha256)).toBe(oldBytes.length);
    await good.restoreReserve();
    expect(statSync(join(folder, 'reserve')).size).toBe(100_000);
  });

  it('refuse new work while there is little room left (F01)', async () => {
    const disk = {
      ...realDisk,
      statfs: () => Promise.resolve({ bavail: 10, bsize: 4096 }),
    } as unknown as Disk;
    const blobs = blobStore(disk);
    await blobs.prepare();
    await expect(blobs.assertRoomFor(1)).rejects.toMatchObject({ code: 'E_DISK_FULL' });
  });

  it('clear work files at the start, and orphans older than an hour (I5, F16)', async () => {
    let wall = Date.now();
    const blobs = blobStore(realDisk, () => wall);
    mkdirSync(join(folder, 'tmp', 'run-old'), { recursive: true });
    writeFileSync(join(folder, 'tmp', 'tmp-left'), 'x');
    await blobs.prepare();
    expect(readdirSync(blobs.tmpDir)).toEqual([]);

    const orphan = 'ab'.repeat(32);
    const needed = 'cd'.repeat(32);
    for (const sha256 of [orphan, needed]) {
      mkdirSync(join(folder, 'objects', sha256.slice(0, 2)), { recursive: true });
      writeFileSync(blobs.pathOf(sha256), 'x');
    }
    expect(await blobs.collectOrphans((sha256) => sha256 === needed)).toBe(0);
    const old = (wall - 2 * 3_600_000) / 1000;
    for (const sha256 of [orphan, needed]) utimesSync(blobs.pathOf(sha256), old, old);
    expect(await blobs.collectOrphans((sha256) => sha256 === needed)).toBe(1);
    expect(await blobs.sizeOf(needed)).toBe(1);
    expect(await blobs.sizeOf(orphan)).toBeUndefined();
    // A clock that was set back makes nothing old.
    wall -= 365 * 86_400_000;
    expect(await blobs.collectOrphans(() => false)).toBe(0);
  });
});
