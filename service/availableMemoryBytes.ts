/** Memory that programs could still get, bytes. */
import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';

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
