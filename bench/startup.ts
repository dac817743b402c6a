/**
 * A warm start: `npm start` with everything installed and built, until it answers. And the memory of
 * its two processes while no model is loaded.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { machineLine } from './measure/machine.ts';
import { packageRoot } from './measure/photograph.ts';
import { atMost, printTable, told } from './measure/table.ts';
import { summaryOf } from './measure/timing.ts';

const mostStartSeconds = 1;
const mostIdleMegabytes = 150;
const repetitions = 5;
const patienceMs = 30_000;
/** From listening to the engine's rest: it is started after the port is open. */
const settleMs = 3_000;

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

interface Started {
  /** From the start of the command to the first answer. */
  readonly seconds: number;
  readonly engineMegabytes: number | undefined;
  readonly serviceMegabytes: number | undefined;
}

/** The command in a process group of its own, so that what npm starts ends with it. */
async function start(command: readonly string[], look: boolean): Promise<Started> {
  const dataDir = mkdtempSync(join(tmpdir(), 'pentimento-bench-'));
  const port = await freePort();
  const [program, ...args] = command;
  const began = performance.now();
  const child = spawn(
    program,
    [...args, '--no-open', '--port', String(port), '--data', dataDir, '--device', 'cpu'],
    { cwd: packageRoot, stdio: ['ignore', 'ignore', 'inherit'], detached: true },
  );
  try {
    await answered(`http://127.0.0.1:${port}/healthz`, child);
    const seconds = (performance.now() - began) / 1000;
    if (!look) return { seconds, engineMegabytes: undefined, serviceMegabytes: undefined };
    await sleep(settleMs);
    const engine = Number(readFileSync(join(dataDir, 'engine.pid'), 'utf8'));
    return {
      seconds,
      engineMegabytes: residentMegabytes(engine),
      serviceMegabytes: residentMegabytes(child.pid ?? 0),
    };
  } finally {
    await end(child);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function answered(url: string, child: ChildProcess): Promise<void> {
  const until = performance.now() + patienceMs;
  while (performance.now() < until && child.exitCode === null) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    await sleep(5);
  }
  throw new Error(`The service did not answer (exit code ${child.exitCode}).`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  process.kill(-child.pid, 'SIGTERM');
  const late = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), 10_000);
  await gone;
  clearTimeout(late);
}

/** Resident memory of a process, MB; undefined where the system does not tell. */
function residentMegabytes(pid: number): number | undefined {
  const path = `/proc/${pid}/status`;
  const text = existsSync(path)
    ? /VmRSS:\s*(\d+) kB/.exec(readFileSync(path, 'utf8'))?.[1]
    : spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim();
  const kibibytes = Number(text);
  return kibibytes > 0 ? (kibibytes * 1024) / 1e6 : undefined;
}

async function main(): Promise<void> {
  if (process.platform === 'win32') {
    console.log('startup: skipped, it ends what it started by process groups.');
    return;
  }
  const direct = [process.execPath, 'tools/start.mjs'];
  const whole: number[] = [];
  const bare: number[] = [];
  await start(direct, false);
  for (let i = 0; i < repetitions; i++) {
    whole.push((await start(['npm', 'start', '--silent', '--'], false)).seconds);
    bare.push((await start(direct, false)).seconds);
  }
  const { engineMegabytes, serviceMegabytes } = await start(direct, true);
  const memory = { most: mostIdleMegabytes, unit: 'MB' };
  printTable(`Warm start; ${machineLine()}`, [
    atMost('npm start to the first answer', summaryOf(whole), {
      most: mostStartSeconds,
      unit: 's',
      digits: 2,
    }),
    told('  without npm itself', summaryOf(bare), 's', 2),
    ...(engineMegabytes === undefined
      ? []
      : [atMost('engine, idle, no model loaded', engineMegabytes, memory)]),
    ...(serviceMegabytes === undefined ? [] : [told('service, idle', serviceMegabytes, 'MB')]),
  ]);
}

await main();
