/** The data folder, ready for work: locked, checked, migrated, with the tables and files on it. */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PentimentoError } from '../../shared/errors.ts';
import { BlobStore } from './blobs.ts';
import { ClientTable } from './clientTable.ts';
import type { Clock } from './clock.ts';
import type { Disk } from './disk.ts';
import { JobEvents } from './jobEvents.ts';
import { JobTable } from './jobTable.ts';
import { openLog, reasonOf, type Log } from './logFile.ts';
import { isReferenced, sweep } from './retention.ts';
import { lockFolder, openStore, type Store } from './store.ts';
import { TimingTable } from './timingTable.ts';
import { ensureTokenFile } from './tokenFile.ts';

export interface DataOptions {
  readonly dataDir: string;
  readonly quotaBytes: number;
  readonly reserveBytes: number;
  readonly clock: Clock;
  readonly disk: Disk;
}

export interface Data {
  readonly store: Store;
  readonly jobs: JobTable;
  readonly events: JobEvents;
  readonly clients: ClientTable;
  readonly timings: TimingTable;
  readonly blobs: BlobStore;
  readonly log: Log;
  /** Things that can wait until the service listens. */
  tidy(): Promise<void>;
  /** Applies the byte quota. */
  sweep(): void;
  close(): void;
}

/** Throws E_STORAGE, E_ALREADY_RUNNING, E_DISK_FULL. */
export async function openData(options: DataOptions): Promise<Data> {
  const { dataDir, quotaBytes, reserveBytes, clock, disk } = options;
  makePrivateFolder(dataDir);
  const unlock = lockFolder(dataDir);
  try {
    const wallMs = () => clock.wallMs();
    const log = openLog(join(dataDir, 'service.log'), wallMs);
    const blobs = new BlobStore({ disk, dataDir, reserveBytes, wallMs });
    await blobs.prepare();
    const store = openStore({ dataDir, wallMs, onFull: () => blobs.releaseReserve() });
    if (store.putAside !== undefined) log('damaged database put aside', { as: store.putAside });
    const clients = new ClientTable(store, wallMs);
    ensureTokenFile(dataDir, clients, log);
    const tidy = async () => {
      await blobs.collectOrphans((sha256) => isReferenced(store, sha256));
      await sweep(store, blobs, { quotaBytes, wallMs: wallMs() });
      await blobs.restoreReserve();
    };
    return {
      store,
      jobs: new JobTable(store),
      events: new JobEvents(store, clock),
      clients,
      timings: new TimingTable(store),
      blobs,
      log,
      tidy,
      sweep() {
        sweep(store, blobs, { quotaBytes, wallMs: wallMs() }).catch((error: unknown) =>
          log('sweep failed', { reason: reasonOf(error) }),
        );
      },
      close() {
        store.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

function makePrivateFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
  } catch (cause) {
    throw new PentimentoError('E_STORAGE', undefined, { cause });
  }
}
