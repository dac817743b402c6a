/** serve: the service with its workbench, until it is stopped. */
import { spawn } from 'node:child_process';
import { platform } from 'node:os';
import { readConfig } from '../config.ts';
import { startService, type RunningService } from '../main.ts';
import { serviceFlags } from './connection.ts';
import type { Options } from './options.ts';
import { forgetPort, rememberPort } from './servicePort.ts';
import type { Terminal } from './terminal.ts';

export async function serve(options: Options, terminal: Terminal): Promise<void> {
  const config = readConfig(serviceFlags(options));
  const service = await startService(config);
  // Before anybody can read that it listens.
  const end = stopped(service);
  await rememberPort(config.dataDir, service.port);
  const address = `${service.url}/#code=${service.code}`;
  terminal.line(`Pentimento ${config.version}`);
  terminal.line(`Workbench: ${address}`);
  terminal.line(
    `Photoshop panel: pair it with the code ${service.code} (or "npx pentimento pair" for a new one)`,
  );
  terminal.line('Stop with Ctrl+C.');
  terminal.json({ url: service.url, code: service.code });
  if (config.open && process.stdout.isTTY) openBrowser(address);
  await end;
  await forgetPort(config.dataDir);
}

/** Resolves after a signal and an orderly end; a second signal ends at once. */
function stopped(service: RunningService): Promise<void> {
  return new Promise((resolve) => {
    let stopping = false;
    const stop = () => {
      if (stopping) process.exit(1);
      stopping = true;
      service.stop().then(resolve, resolve);
    };
    // With --idle it stops by itself.
    void service.stopped.then(resolve, resolve);
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}

function openBrowser(address: string): void {
  const [command, args]: [string, string[]] =
    platform() === 'darwin'
      ? ['open', [address]]
      : platform() === 'win32'
        ? ['cmd', ['/c', 'start', '', address.replace(/&/g, '^&')]]
        : ['xdg-open', [address]];
  // No browser is no reason to fail: the address stands in the terminal.
  spawn(command, args, { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}
