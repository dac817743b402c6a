import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { PentimentoError } from '../../../shared/errors.ts';

interface CachedFile {
  readonly path: string;
  readonly bytes: number;
  readonly usedMs: number;
}

/** Age at which a temporary file belongs to no running conversion. */
const staleMs = 3_600_000;

/**
 * Deletes the copies not used for longest until `needed` bytes fit under `maxBytes` and on the disk,
 * and temporary files that a killed process left. Copies used within `keepMs` stay. Throws E_DISK_FULL
 * when the disk has too little room even then; a copy that is larger than `maxBytes` is allowed alone.
 */
export async function makeRoom(options: {
  folder: string;
  needed: number;
  maxBytes: number;
  keepMs: number;
}): Promise<void> {
  const { folder, needed, maxBytes, keepMs } = options;
  const now = Date.now();
  const copies: CachedFile[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const info = await stat(path).catch(() => undefined);
    if (!info?.isFile()) continue;
    if (/^[0-9a-f]{32}\.safetensors$/.test(name))
      copies.push({ path, bytes: info.size, usedMs: info.mtimeMs });
    else if (name.endsWith('.tmp') && now - info.mtimeMs > staleMs) await rm(path, { force: true });
  }
  copies.sort((a, b) => a.usedMs - b.usedMs);
  let held = copies.reduce((sum, { bytes }) => sum + bytes, 0);
  let free = await freeBytes(folder);
  for (const copy of copies) {
    if (held + needed <= maxBytes && needed <= free) break;
    if (now - copy.usedMs < keepMs) continue;
    // Windows refuses while a session maps the file: it stays, and counts.
    const deleted = await rm(copy.path, { force: true }).then(
      () => true,
      () => false,
    );
    if (!deleted) continue;
    held -= copy.bytes;
    free = await freeBytes(folder);
  }
  if (needed > free) {
    throw new PentimentoError(
      'E_DISK_FULL',
      `A float32 copy of the model needs ${(needed / 1e9).toFixed(1)} GB and ${(free / 1e9).toFixed(1)} GB are free.`,
    );
  }
}

async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    // Some network drives do not say; then writing tells.
    return Number.POSITIVE_INFINITY;
  }
}
