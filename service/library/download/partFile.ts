/** A download that is not finished: what has come so far, and what it is a part of. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readFile, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PentimentoError } from '../../../shared/errors.ts';
import { jsonOf, readSmallFile } from '../smallFiles.ts';

/** What the server said about the file when its first byte came. */
const PartState = z.strictObject({
  address: z.string(),
  name: z.string(),
  /** A strong one (RFC 9110, 8.8.3). */
  etag: z.string().optional(),
  lastModified: z.string().optional(),
  totalBytes: z.number().int().min(0).optional(),
});
export type PartState = z.infer<typeof PartState>;

export interface PartFile {
  readonly path: string;
  readonly handle: FileHandle;
  sizeBytes: number;
  state: PartState | undefined;
  /** Begins again with nothing. */
  restart(state: PartState): Promise<void>;
  close(): Promise<void>;
  /** Closed before; nothing of it remains. */
  remove(): Promise<void>;
}

/**
 * The part of the download from `address` in `folder`, as far as it came. Throws E_FILE when another
 * process is at it, or the folder cannot be written.
 */
export async function openPart(folder: string, address: string): Promise<PartFile> {
  const mark = createHash('sha256').update(address).digest('hex').slice(0, 12);
  const path = join(folder, `pentimento-${mark}.part`);
  const statePath = `${path}.json`;
  const lockPath = `${path}.lock`;
  await takeLock(lockPath);
  let handle: FileHandle | undefined;
  try {
    const noLinks = constants.O_NOFOLLOW ?? 0;
    handle = await open(path, constants.O_RDWR | constants.O_CREAT | noLinks, 0o644);
    const { size } = await handle.stat();
    const state = PartState.safeParse(
      jsonOf((await readSmallFile(statePath, 64 * 1024))?.toString() ?? ''),
    );
    const isOurs = state.success && state.data.address === address;
    if (!isOurs) await handle.truncate(0);
    return partOf({ path, statePath, lockPath }, handle, {
      sizeBytes: isOurs ? size : 0,
      state: isOurs ? state.data : undefined,
    });
  } catch (cause) {
    await handle?.close();
    await rm(lockPath, { force: true });
    throw fileError(cause);
  }
}

function partOf(
  paths: { readonly path: string; readonly statePath: string; readonly lockPath: string },
  handle: FileHandle,
  start: Pick<PartFile, 'sizeBytes' | 'state'>,
): PartFile {
  const { path, statePath, lockPath } = paths;
  const part: PartFile = {
    path,
    handle,
    ...start,
    async restart(state) {
      await handle.truncate(0);
      part.sizeBytes = 0;
      part.state = state;
      await writeFile(statePath, JSON.stringify(state), { mode: 0o644 });
    },
    async close() {
      await handle.close();
      await rm(lockPath, { force: true });
    },
    async remove() {
      for (const file of [path, statePath]) await rm(file, { force: true });
    },
  };
  return part;
}

/** One process at a time; a lock whose process is gone counts for nothing. */
async function takeLock(path: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' });
      return;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 0) throw fileError(cause);
      if (await isHeld(path)) {
        throw new PentimentoError('E_FILE', 'Another Pentimento is downloading it to this folder.');
      }
      await rm(path, { force: true });
    }
  }
}

async function isHeld(path: string): Promise<boolean> {
  const pid = Number(await readFile(path, 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 0 || !(await stat(path).catch(() => undefined)))
    return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'The folder does not exist.',
  ENOTDIR: 'The folder does not exist.',
  EACCES: 'You may not write into the folder.',
  EPERM: 'You may not write into the folder.',
  EROFS: 'You may not write into the folder.',
};

/** A failure of the file system in the artist's words; other errors as they are. */
export function fileError(cause: unknown): unknown {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (cause instanceof PentimentoError || typeof code !== 'string') return cause;
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return new PentimentoError('E_DISK_FULL', 'What has come so far is kept.', { cause });
  }
  return new PentimentoError('E_FILE', reasons[code] ?? `The system answers ${code}.`, { cause });
}
