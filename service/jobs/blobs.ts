/**
 * Content-addressed files: `objects/ab/cdef...`, named by the SHA-256 of their bytes. Inputs, results and
 * nothing else. A reserve file is given up when the disk is full, so that what is running can still
 * be written down.
 */
import { createHash } from 'node:crypto';
import { createReadStream, unlinkSync, type ReadStream } from 'node:fs';
import { join } from 'node:path';
import { PentimentoError } from '../../shared/errors.ts';
import { installFile, writeTemporary, type Chunks, type Written } from './atomicFile.ts';
import { errnoOf, storageError, type Disk } from './disk.ts';

export interface BlobOptions {
  readonly disk: Disk;
  readonly dataDir: string;
  readonly reserveBytes: number;
  readonly wallMs: () => number;
}

/** Below this much free space, beside what a request itself needs, nothing new is accepted. */
const leastFreeBytes = 128 * 1024 * 1024;
/** An unreferenced object younger than this may still be on its way into the database. */
const orphanAgeMs = 3_600_000;
const maxObjectBytes = 4 * 1024 ** 3;

export class BlobStore {
  /** Work files; emptied at every start. */
  readonly tmpDir: string;
  readonly #objectsDir: string;
  readonly #reservePath: string;
  readonly #options: BlobOptions;
  readonly #disk: Disk;
  /** Kept since the start: the collector leaves them alone. */
  readonly #recent = new Set<string>();
  /** Objects that are being kept, and how many times at once. */
  readonly #claims = new Map<string, number>();

  constructor(options: BlobOptions) {
    this.#options = options;
    this.#disk = options.disk;
    this.tmpDir = join(options.dataDir, 'tmp');
    this.#objectsDir = join(options.dataDir, 'objects');
    this.#reservePath = join(options.dataDir, 'reserve');
  }

  /** Makes the folders and clears what a former life left. Throws E_STORAGE, E_DISK_FULL. */
  async prepare(): Promise<void> {
    try {
      await this.#disk.rm(this.tmpDir, { recursive: true, force: true });
      await this.#disk.mkdir(this.tmpDir, { recursive: true, mode: 0o700 });
      await this.#disk.mkdir(this.#objectsDir, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw storageError(error);
    }
  }

  pathOf(sha256: string): string {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new PentimentoError('E_RESULT_LOST');
    return join(this.#objectsDir, sha256.slice(0, 2), sha256.slice(2));
  }

  /** Streams bytes to a work file; `keep` or `drop` it. Throws E_TOO_LARGE, E_DISK_FULL, E_STORAGE. */
  async receive(chunks: Chunks, maxBytes: number): Promise<Written> {
    return this.#makingRoom(() => writeTemporary(this.#disk, this.tmpDir, chunks, maxBytes));
  }

  /**
   * Moves a work file to its place; the same bytes are stored once. Whoever keeps an object refers to it as
   * soon as this returns, without waiting for anything: until then it is not removed.
   */
  async keep(written: Written): Promise<void> {
    const { sha256 } = written;
    this.#recent.add(sha256);
    const path = this.pathOf(sha256);
    this.#claims.set(sha256, (this.#claims.get(sha256) ?? 0) + 1);
    try {
      await this.#makingRoom(async () => {
        await this.#disk.mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
        const known = await this.#disk.stat(path).catch(() => undefined);
        if (known?.size === written.sizeBytes) await this.drop(written.path);
        else await installFile(this.#disk, written.path, path);
      });
    } finally {
      setImmediate(() => this.#endClaim(sha256));
    }
  }

  #endClaim(sha256: string): void {
    const others = (this.#claims.get(sha256) ?? 1) - 1;
    if (others > 0) this.#claims.set(sha256, others);
    else this.#claims.delete(sha256);
  }

  /** Hashes and syncs a file that the engine wrote inside the data folder, then keeps it. */
  async adopt(path: string): Promise<Written> {
    const written = await this.#makingRoom(() => this.#measure(path));
    await this.keep(written);
    return written;
  }

  async drop(path: string): Promise<void> {
    await this.#disk.unlink(path).catch(() => undefined);
  }

  /** A fresh folder for one run's files. */
  async makeFolder(name: string): Promise<string> {
    const path = join(this.tmpDir, name);
    return this.#makingRoom(async () => {
      await this.#disk.rm(path, { recursive: true, force: true });
      await this.#disk.mkdir(path, { recursive: true, mode: 0o700 });
      return path;
    });
  }

  async dropFolder(name: string): Promise<void> {
    await this.#disk
      .rm(join(this.tmpDir, name), { recursive: true, force: true })
      .catch(() => undefined);
  }

  async sizeOf(sha256: string): Promise<number | undefined> {
    const found = await this.#disk.stat(this.pathOf(sha256)).catch(() => undefined);
    return found?.isFile() ? found.size : undefined;
  }

  read(sha256: string): ReadStream {
    return createReadStream(this.pathOf(sha256), { highWaterMark: 1024 * 1024 });
  }

  /**
   * Removes an object that nothing refers to; answers false when it is just being kept again. Synchronous:
   * nobody finds it there and refers to it while it goes.
   */
  remove(sha256: string): boolean {
    if (this.#claims.has(sha256)) return false;
    try {
      unlinkSync(this.pathOf(sha256));
    } catch {
      // Gone already, or it stays until the next start collects it.
    }
    return true;
  }

  /** Throws E_DISK_FULL when so many more bytes would leave too little for what already runs. */
  async assertRoomFor(bytes: number): Promise<void> {
    const space = await this.#disk.statfs(this.tmpDir).catch(() => undefined);
    if (space && space.bavail * space.bsize < bytes + leastFreeBytes) {
      throw new PentimentoError('E_DISK_FULL');
    }
  }

  /** Fills the reserve file again where there is plenty of room. */
  async restoreReserve(): Promise<void> {
    const { reserveBytes } = this.#options;
    const present = await this.#disk.stat(this.#reservePath).catch(() => undefined);
    if (reserveBytes === 0 || present?.size === reserveBytes) return;
    try {
      await this.assertRoomFor(reserveBytes * 4);
      const written = await writeTemporary(
        this.#disk,
        this.tmpDir,
        zeros(reserveBytes),
        reserveBytes,
      );
      await installFile(this.#disk, written.path, this.#reservePath);
    } catch {
      // Without room for a reserve the service still works; it is tried again at the next start.
    }
  }

  /** Synchronous: the database calls it between two tries of one commit. */
  releaseReserve(): void {
    try {
      unlinkSync(this.#reservePath);
    } catch {
      // Already given up.
    }
  }

  /** Removes objects that nothing refers to and that are older than an hour. Returns how many. */
  async collectOrphans(isReferenced: (sha256: string) => boolean): Promise<number> {
    let removed = 0;
    const oldest = this.#options.wallMs() - orphanAgeMs;
    for (const folder of await this.#disk.readdir(this.#objectsDir)) {
      const inside = await this.#disk.readdir(join(this.#objectsDir, folder)).catch(() => []);
      for (const rest of inside) {
        const sha256 = folder + rest;
        if (!/^[0-9a-f]{64}$/.test(sha256) || isReferenced(sha256)) continue;
        const found = await this.#disk.stat(this.pathOf(sha256)).catch(() => undefined);
        if (!found || found.mtimeMs > oldest || this.#recent.has(sha256)) continue;
        if (this.remove(sha256)) removed++;
      }
    }
    return removed;
  }

  async #measure(path: string): Promise<Written> {
    const file = await this.#disk.open(path, 'r+');
    try {
      const hash = createHash('sha256');
      const buffer = new Uint8Array(1024 * 1024);
      let sizeBytes = 0;
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, sizeBytes);
        if (bytesRead === 0) break;
        hash.update(buffer.subarray(0, bytesRead));
        sizeBytes += bytesRead;
        if (sizeBytes > maxObjectBytes) throw new PentimentoError('E_TOO_LARGE');
      }
      await file.sync();
      return { path, sha256: hash.digest('hex'), sizeBytes };
    } finally {
      await file.close();
    }
  }

  async #makingRoom<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const named = storageError(error);
      if (errnoOf(named) === 'E_DISK_FULL') this.releaseReserve();
      throw named;
    }
  }
}

function* zeros(bytes: number): Generator<Uint8Array> {
  const chunk = new Uint8Array(1024 * 1024);
  for (let left = bytes; left > 0; left -= chunk.length) {
    yield left < chunk.length ? chunk.subarray(0, left) : chunk;
  }
}
