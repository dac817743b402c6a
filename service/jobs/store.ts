/**
 * The database: the only door to better-sqlite3. One writer connection in one process; a lock file
 * of its own keeps a second service out (the system frees it even after kill -9).
 */
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { PentimentoError } from '../../shared/errors.ts';
import { storageError } from './disk.ts';
import { migrations } from './migrations.ts';

type Db = Database.Database;

/** WAL could lose its place before this version (sqlite.org/wal.html#walresetbug). */
const leastSqlite = [3, 51, 3] as const;

export interface StoreOptions {
  readonly dataDir: string;
  /** Makes room when a write finds the disk full; the write is then tried once more. */
  readonly onFull?: () => void;
  readonly wallMs: () => number;
}

export interface Store {
  readonly db: Db;
  /** Set when a damaged database was put aside under this name. */
  readonly putAside: string | undefined;
  /** One immediate transaction. Throws E_DISK_FULL, E_STORAGE. */
  transact<T>(work: () => T): T;
  close(): void;
}

/** Keeps other services out of the data folder. Throws E_ALREADY_RUNNING, E_STORAGE. */
export function lockFolder(dataDir: string): () => void {
  let lock: Db | undefined;
  try {
    lock = new Database(join(dataDir, 'lock.db'), { timeout: 200 });
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS held (at TEXT); COMMIT');
    const held = lock;
    return () => held.close();
  } catch (error) {
    lock?.close();
    if (sqliteCode(error).startsWith('SQLITE_BUSY')) {
      throw new PentimentoError('E_ALREADY_RUNNING', undefined, { cause: error });
    }
    throw new PentimentoError('E_STORAGE', undefined, { cause: error });
  }
}

/** Opens, checks and migrates. Call with the folder locked. Throws E_STORAGE, E_DISK_FULL. */
export function openStore(options: StoreOptions): Store {
  const path = join(options.dataDir, 'pentimento.db');
  let putAside: string | undefined;
  let db: Db;
  try {
    db = openChecked(path);
  } catch (error) {
    if (!(error instanceof Damaged)) throw asStorageError(error);
    putAside = moveAside(path, options.wallMs());
    db = openChecked(path);
  }
  migrate(db, path);
  return {
    db,
    putAside,
    transact: (work) => transact(db, work, options.onFull),
    close() {
      db.pragma('wal_checkpoint(TRUNCATE)');
      db.close();
    },
  };
}

class Damaged extends Error {}

function openChecked(path: string): Db {
  const db = new Database(path);
  try {
    assertVersion(db);
    configure(db);
    const check: unknown = db.pragma('quick_check', { simple: true });
    if (check !== 'ok') throw new Damaged(String(check));
    return db;
  } catch (error) {
    db.close();
    const code = sqliteCode(error);
    if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
      throw new Damaged(code, { cause: error });
    }
    throw error;
  }
}

function assertVersion(db: Db): void {
  const version = String(db.prepare('SELECT sqlite_version()').pluck().get());
  const parts = version.split('.').map(Number);
  for (let i = 0; i < 3; i++) {
    const difference = (parts[i] ?? 0) - (leastSqlite[i] ?? 0);
    if (difference > 0) return;
    if (difference < 0) {
      throw new PentimentoError('E_STORAGE', `SQLite ${version} is too old to be safe.`);
    }
  }
}

/** Every setting is read back: better-sqlite3 lowers `synchronous` by itself in WAL mode. */
function configure(db: Db): void {
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  db.pragma('busy_timeout = 5000');
  db.pragma('trusted_schema = OFF');
  db.pragma('fullfsync = ON');
  db.pragma('checkpoint_fullfsync = ON');
  db.pragma('mmap_size = 0');
  db.pragma('wal_autocheckpoint = 1000');
  db.pragma('journal_size_limit = 67108864');
  const expected = { journal_mode: 'wal', synchronous: 2, foreign_keys: 1 };
  for (const [name, value] of Object.entries(expected)) {
    const found: unknown = db.pragma(name, { simple: true });
    if (found !== value) {
      throw new PentimentoError('E_STORAGE', `SQLite refused ${name} = ${value}.`);
    }
  }
}

/** Never wiped: the person may want what is in it. */
function moveAside(path: string, wallMs: number): string {
  const stamp = new Date(wallMs).toISOString().replace(/[:.]/g, '-');
  for (const ending of ['', '-wal', '-shm']) {
    if (existsSync(path + ending)) renameSync(path + ending, `${path}.damaged-${stamp}${ending}`);
  }
  return `pentimento.db.damaged-${stamp}`;
}

function migrate(db: Db, path: string): void {
  const version = Number(db.pragma('user_version', { simple: true }));
  if (version > migrations.length) {
    db.close();
    throw new PentimentoError('E_STORAGE', 'The data folder was written by a newer version.');
  }
  if (version === migrations.length) return;
  if (version > 0) {
    const backup = `${path}.before-${migrations.length}`;
    if (!existsSync(backup)) db.prepare('VACUUM INTO ?').run(backup);
  }
  db.transaction(() => {
    for (const sql of migrations.slice(version)) db.exec(sql);
    db.pragma(`user_version = ${migrations.length}`);
  }).immediate();
}

function transact<T>(db: Db, work: () => T, onFull: (() => void) | undefined): T {
  const transaction = db.transaction(work);
  try {
    return transaction.immediate();
  } catch (error) {
    if (sqliteCode(error) !== 'SQLITE_FULL' || onFull === undefined) throw storageError(error);
    onFull();
  }
  try {
    return transaction.immediate();
  } catch (error) {
    throw storageError(error);
  }
}

function asStorageError(error: unknown): unknown {
  if (error instanceof PentimentoError) return error;
  const named = storageError(error);
  if (named instanceof PentimentoError) return named;
  return new PentimentoError('E_STORAGE', undefined, { cause: error });
}

function sqliteCode(error: unknown): string {
  return error instanceof Database.SqliteError ? error.code : '';
}
