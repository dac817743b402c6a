/** The built command line as a child process, and a service for it to talk to. */
import { spawn, type ChildProcess } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { builtCommandLine } from '../fixtures/builtProgram.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  /** PENTIMENTO_DATA, PENTIMENTO_PORT, ... */
  readonly env?: Readonly<Record<string, string>>;
  /** In a process group of its own, as a terminal starts it. */
  readonly ownGroup?: boolean;
  readonly onOutput?: (text: string, child: ChildProcess) => void;
  /** After this it is killed (four minutes). */
  readonly patienceMs?: number;
}

/** What tools/pentimento.mjs does once everything is built. */
const entry = `import(${JSON.stringify(pathToFileURL(builtCommandLine).href)}).then(async (program) => {
  process.exitCode = await program.runCommandLine(process.argv.slice(1));
});`;

const patienceMs = 240_000;
/** A service works for all the tests of a file. */
const servedMs = 60 * 60_000;

/** Runs the program to its end. A program that hangs is killed, and the signal says so. */
export function pentimento(args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  const child = spawn(process.execPath, ['-e', entry, '--', ...args], {
    env: { PATH: process.env['PATH'] ?? '', PENTIMENTO_DEVICE: 'cpu', ...options.env },
    detached: options.ownGroup ?? false,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    const impatient = setTimeout(() => child.kill('SIGKILL'), options.patienceMs ?? patienceMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      options.onOutput?.(text, child);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      options.onOutput?.(text, child);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(impatient);
      resolve({ code, signal, stdout, stderr });
    });
  });
}

export interface Served {
  readonly port: number;
  /** What it printed until it listened. */
  readonly stdout: string;
  /** Ends it as Ctrl+C does. */
  stop(): Promise<Ended>;
}

/** Starts `pentimento serve` and waits until it listens. */
export async function serve(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Served> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const ended = pentimento(['serve', '--no-open', ...args], {
      // Any that is free: it prints which.
      env: { ...env, PENTIMENTO_PORT: '0' },
      patienceMs: servedMs,
      onOutput: (text, child) => {
        printed += text;
        if (!printed.includes('Stop with Ctrl+C')) return;
        const stop = () => {
          child.kill('SIGINT');
          return ended;
        };
        const port = Number(/Workbench: http:\/\/127\.0\.0\.1:(\d+)\//.exec(printed)?.[1]);
        resolve({ port, stdout: printed, stop });
      },
    });
    ended.then(({ stderr }) => reject(new Error(`serve ended: ${stderr}`)), reject);
  });
}

/** A port on which nobody listens, nor ever will. */
export const deafPort = '1';
