/** Frames on the disk: how pixels cross between the server and the engine. */
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PentimentoError } from '../../shared/errors.ts';
import { decodeFrame, encodeFrame, type Frame } from '../../shared/frame.ts';

export async function readFrameFile(path: string): Promise<Frame> {
  const bytes = await readFile(path);
  return decodeFrame(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

/** Durable before it has its name: written beside it, synced, renamed. Throws E_DISK_FULL, E_STORAGE. */
export async function writeFrameFile(path: string, frame: Frame): Promise<void> {
  await writeDurable(path, encodeFrame(frame));
}

export async function writeDurable(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.part`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true });
    const full = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC';
    throw new PentimentoError(full ? 'E_DISK_FULL' : 'E_STORAGE', undefined, { cause });
  }
}

/** Not every system can sync a folder; where it cannot, the rename alone has to do. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
