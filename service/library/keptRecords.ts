/** Small records kept on disk between runs: things that could be found out again, only slower. */
import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z, type ZodType } from 'zod';
import { jsonOf, readSmallFile } from './smallFiles.ts';

export interface KeptRecords<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  delete(key: string): void;
  keys(): string[];
  /** Writes what has changed, whole or not at all; a disk that refuses costs nothing but time later. */
  save(): Promise<void>;
}

const mostBytes = 64 * 1024 * 1024;

/**
 * The records in `path`, or none when the file is absent, damaged or of another version. Without a path
 * they are kept in memory only.
 */
export async function openKeptRecords<T>(
  path: string | undefined,
  { version, schema }: { readonly version: string; readonly schema: ZodType<T> },
): Promise<KeptRecords<T>> {
  const stored = z.strictObject({
    version: z.literal(version),
    records: z.record(z.string(), schema),
  });
  const bytes = path === undefined ? undefined : await readSmallFile(path, mostBytes);
  const read = stored.safeParse(bytes && jsonOf(bytes.toString('utf8')));
  const records = new Map(read.success ? Object.entries(read.data.records) : []);
  let isSaved = true;
  const save = async (): Promise<void> => {
    if (isSaved || path === undefined) return;
    isSaved = true;
    const text = JSON.stringify({ version, records: Object.fromEntries(records) });
    await replaceFile(path, text).catch(() => (isSaved = false));
  };
  return {
    get: (key) => records.get(key),
    keys: () => [...records.keys()],
    set(key, value) {
      records.set(key, value);
      isSaved = false;
    },
    delete(key) {
      if (records.delete(key)) isSaved = false;
    },
    save,
  };
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await writeFile(temporary, text, { flag: 'wx', mode: 0o600 });
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
