/** Small files of other programs: read whole or not at all, never waited for. */
import { readFile, stat } from 'node:fs/promises';

/** A regular file of at most `mostBytes`; undefined when it is not there, larger or unreadable. */
export async function readSmallFile(path: string, mostBytes: number): Promise<Buffer | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile() || info.size > mostBytes) return undefined;
  const bytes = await readFile(path).catch(() => undefined);
  return bytes?.subarray(0, mostBytes);
}

/** What a JSON text holds; undefined when it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
