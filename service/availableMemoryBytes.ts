/** Memory that programs could still get, and all there is, bytes. */
import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';

/** Linux counts file caches as used; its MemAvailable does not. */
export function availableMemoryBytes(): number {
  if (process.platform !== 'linux') return freemem();
  try {
    const found = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'));
    return found ? Number(found[1]) * 1024 : freemem();
  } catch {
    return freemem();
  }
}

/** The machine's, or what its system lets this program have of it. */
export function totalMemoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
