/** doctor: what this installation is and whether each part answers; no paths beyond the data folder's. */
import { arch, cpus, freemem, platform, totalmem } from 'node:os';
import type { Status } from '../../shared/api.ts';
import type { Config } from '../config.ts';
import type { ServiceClient } from './client.ts';
import type { Terminal } from './terminal.ts';

export async function doctor(
  client: ServiceClient,
  config: Config,
  terminal: Terminal,
): Promise<void> {
  const status = await waitForEngine(client);
  const { models } = await client.models();
  const usable = models.filter((m) => m.usable);
  const painting = usable.filter(({ kind }) => kind === 'checkpoint').length;
  const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const facts: Array<[string, string]> = [
    ['Pentimento', `${status.version} (API ${status.apiVersion})`],
    ['Node', process.versions.node],
    ['System', `${platform()} ${arch()}, ${cpus().length} cores`],
    ['Memory', `${gigabytes(freemem())} free of ${gigabytes(totalmem())}`],
    ['Data folder', config.dataDir],
    ['Engine', `${status.engine} on ${status.device}`],
    ['Models', `${usable.length} usable of ${models.length} found, ${painting} to paint with`],
  ];
  for (const [name, value] of facts) terminal.line(`${name.padEnd(12)} ${value}`);
  terminal.json(Object.fromEntries(facts));
}

const engineWaitMs = 30_000;

/** A service that has just started needs a moment for its engine. */
async function waitForEngine(client: ServiceClient): Promise<Status> {
  const pause = 200;
  for (let waited = 0; ; waited += pause) {
    const status = await client.status();
    if (status.engine !== 'starting' || waited >= engineWaitMs) return status;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
