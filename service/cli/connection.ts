/** A running service if there is one, else one of our own for the length of the command. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PentimentoError } from '../../shared/errors.ts';
import { readConfig, type Config } from '../config.ts';
import { makeClient, type ServiceClient } from './client.ts';
import type { Options } from './options.ts';
import { rememberedPort } from './servicePort.ts';

export interface Connection {
  readonly client: ServiceClient;
  /** Ends what this command started; leaves a service that was running before alone. */
  close(): Promise<void>;
}

/** The service's options out of the command's, as its own flags. */
export function serviceFlags(options: Options): string[] {
  const flags: string[] = [];
  for (const folder of options.models ?? []) flags.push('--models', folder);
  for (const name of ['data', 'port', 'host', 'device', 'idle', 'memory-budget'] as const) {
    const value = options[name];
    if (value !== undefined) flags.push(`--${name}`, value);
  }
  for (const name of ['no-open', 'allow-lan', 'low-memory'] as const) {
    if (options[name] === true) flags.push(`--${name}`);
  }
  return flags;
}

export async function readToken(config: Config): Promise<string> {
  return (await readFile(join(config.dataDir, 'token'), 'utf8')).trim();
}

/** Looks for a running service while files are read. Never throws: what is wrong is told by `connect`. */
export async function lookAhead(options: Options): Promise<ServiceClient | undefined> {
  try {
    return await findRunning(readConfig(serviceFlags(options)));
  } catch {
    return undefined;
  }
}

/**
 * Other model folders or another device than the running service has: it cannot serve this command. `found`: of
 * `lookAhead`.
 */
export async function connect(
  options: Options,
  found?: Promise<ServiceClient | undefined>,
): Promise<Connection> {
  const config = readConfig(serviceFlags(options));
  const running = (await found) ?? (await findRunning(config));
  if (running) {
    if (options.models !== undefined) await checkFolders(running, config);
    return { client: running, close: async () => {} };
  }
  const { startService } = await import('../main.ts');
  const service = await startService({ ...config, port: 0, open: false });
  return { client: makeClient(service.url, await readToken(config)), close: () => service.stop() };
}

async function checkFolders(client: ServiceClient, config: Config): Promise<void> {
  const { folders } = await client.models();
  const missing = config.modelFolders.find((folder) => !folders.includes(folder));
  if (missing === undefined) return;
  throw new PentimentoError(
    'E_ALREADY_RUNNING',
    'It was started without this model folder; stop it, or leave --models away.',
  );
}

async function findRunning(config: Config): Promise<ServiceClient | undefined> {
  const remembered = await rememberedPort(config.dataDir);
  for (const port of new Set([config.port, remembered ?? config.port])) {
    try {
      const client = makeClient(`http://127.0.0.1:${port}`, await readToken(config));
      await client.status();
      return client;
    } catch {
      // Nobody there, or somebody else: the token is not theirs.
    }
  }
  return undefined;
}
