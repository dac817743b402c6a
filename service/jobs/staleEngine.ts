/**
 * An engine that outlived its killed server (it is deaf while a network runs) holds the device's memory:
 * it is ended before a new one starts.
 */
import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

function pidFile(dataDir: string): string {
  return join(dataDir, 'engine.pid');
}

export function rememberEngine(dataDir: string, pid: number): void {
  try {
    writeFileSync(pidFile(dataDir), String(pid), { mode: 0o600 });
  } catch {
    // Only a precaution; the engine ends by itself when its channel closes.
  }
}

export function forgetEngine(dataDir: string): void {
  try {
    unlinkSync(pidFile(dataDir));
  } catch {
    // Was never written.
  }
}

/** Only where the process can be recognized (Linux): a number alone may belong to anybody by now. */
export function endStaleEngine(dataDir: string, enginePath: string): boolean {
  try {
    const pid = Number(readFileSync(pidFile(dataDir), 'utf8'));
    if (!Number.isInteger(pid) || pid <= 1) return false;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    if (!command.includes(enginePath)) return false;
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}
