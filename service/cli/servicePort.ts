/** Where the service of a data folder listens, for commands that were not told its port. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

function portFile(dataDir: string): string {
  return join(dataDir, 'port');
}

export async function rememberPort(dataDir: string, port: number): Promise<void> {
  // Only a convenience: --port says it as well.
  await writeFile(portFile(dataDir), String(port), { mode: 0o600 }).catch(() => undefined);
}

export async function forgetPort(dataDir: string): Promise<void> {
  await rm(portFile(dataDir), { force: true }).catch(() => undefined);
}

export async function rememberedPort(dataDir: string): Promise<number | undefined> {
  const text = await readFile(portFile(dataDir), 'utf8').catch(() => '');
  const port = Number(text);
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined;
}
