/**
 * Full-size checkpoints in float16 with synthetic weights, from the file to the first step on the CPU: seconds,
 * memory, parameters. `--models sd15,sd21v,sdxl,sdxl-refiner` (sd15), `--peer PYTHON`: beside diffusers, with
 * the packages of tools/requirements.txt; `--runs 3`; `--steps 2` of 512 x 512 after the first one;
 * `--folder FOLDER`: where the files go, and stay for the next time.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeModel } from '../test/fixtures/writeModel.ts';
import { measureLoading, type LoadedModel } from './measure/loadedModel.ts';
import { machineLine } from './measure/machine.ts';
import { packageRoot } from './measure/photograph.ts';
import { atMost, printTable, told, type Figure } from './measure/table.ts';

/** Published parameters of the UNets; every VAE has 83,653,863. */
const published = {
  sd15: { family: 'sd1', unet: 859_520_964 },
  sd21v: { family: 'sd2', unet: 865_910_724 },
  sdxl: { family: 'sdxl', unet: 2_567_463_684 },
  'sdxl-refiner': { family: 'sdxl-refiner', unet: 2_259_526_660 },
} as const;
type ModelName = keyof typeof published;
const vaeParameters = 83_653_863;

/** For glibc: as the engine is started (service/config.ts). */
const environment = {
  GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4194304',
};

interface PeerAnswer {
  /** From the call to the end of the first step, less a later step. */
  readonly loadSeconds: number;
  readonly cpuSeconds: number;
  /** Of the call alone. */
  readonly callSeconds: number;
  readonly residentBytes: number;
  readonly peakBytes: number;
  readonly stepSeconds: readonly number[];
}

const { values: flags } = parseArgs({
  options: {
    models: { type: 'string', default: 'sd15' },
    peer: { type: 'string' },
    runs: { type: 'string', default: '3' },
    steps: { type: 'string', default: '2' },
    folder: { type: 'string' },
    measure: { type: 'string' },
    cache: { type: 'string' },
    family: { type: 'string' },
  },
});

function answerOf<T>(program: string, args: readonly string[]): T {
  const child = spawnSync(program, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (child.status !== 0) throw new Error(`${program} ended with ${child.status ?? child.signal}`);
  return JSON.parse(child.stdout.trim().split('\n').at(-1) ?? '') as T;
}

/** Each measurement in a process of its own, as the engine is one. */
function ours(path: string, cache: string, name: ModelName): LoadedModel {
  const { family } = published[name];
  const own = ['--measure', path, '--cache', cache, '--family', family, '--steps', flags.steps];
  return answerOf(process.execPath, [fileURLToPath(import.meta.url), ...own]);
}

function theirs(python: string, path: string, manifests: string): PeerAnswer {
  const script = join(packageRoot, 'tools', 'peers', 'load_model.py');
  return answerOf(python, [script, path, manifests, '--steps', flags.steps]);
}

function summary(values: readonly number[]): { readonly median: number; readonly least: number } {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)], least: sorted[0] };
}

const gigabytes = (bytes: number): number => bytes / 1e9;

function report(name: ModelName, first: LoadedModel, runs: readonly LoadedModel[]): Figure[] {
  const { parameters } = first;
  const weights = 4 * (parameters.textEncoders + parameters.unet + parameters.vae);
  const isPublished = parameters.unet === published[name].unet && parameters.vae === vaeParameters;
  const resident = Math.max(...runs.map((run) => run.residentBytes));
  const peak = Math.max(...runs.map((run) => run.peakBytes));
  return [
    {
      figure: 'parameters of the UNet and the VAE',
      measured: `${(parameters.unet / 1e6).toFixed(1)} M`,
      target: 'as published',
      isReached: isPublished,
    },
    told('load, first time (float32 copies are made)', first.loadSeconds, 's', 1),
    told('load', summary(runs.map((run) => run.loadSeconds)), 's', 2),
    told("  of the processor's time", summary(runs.map((run) => run.cpuSeconds)), 's', 2),
    told('a step at 512 x 512', summary(runs.flatMap((run) => run.stepSeconds)), 's', 2),
    told('resident, all networks loaded', gigabytes(resident), 'GB', 2),
    atMost('  of the float32 weights', resident / weights, { most: 1.15, unit: 'x', digits: 2 }),
    told('most resident, second time', gigabytes(peak), 'GB', 2),
    told('most resident, first time', gigabytes(first.peakBytes), 'GB', 2),
  ];
}

function compare(runs: readonly LoadedModel[], peers: readonly PeerAnswer[]): Figure[] {
  const shares = (of: 'loadSeconds' | 'cpuSeconds') =>
    summary(runs.map((run, i) => run[of] / peers[i][of]));
  return [
    told(
      'diffusers, from_single_file alone',
      summary(peers.map((peer) => peer.callSeconds)),
      's',
      2,
    ),
    told('diffusers, load', summary(peers.map((peer) => peer.loadSeconds)), 's', 2),
    told("  of the processor's time", summary(peers.map((peer) => peer.cpuSeconds)), 's', 2),
    told('  a step at 512 x 512', summary(peers.flatMap((peer) => peer.stepSeconds)), 's', 2),
    told('  resident', gigabytes(peers[0].residentBytes), 'GB', 2),
    told('  most resident', gigabytes(peers[0].peakBytes), 'GB', 2),
    atMost('load, of theirs', shares('loadSeconds'), { most: 0.5, unit: 'x', digits: 2 }),
    atMost("  of the processor's time", shares('cpuSeconds'), { most: 0.5, unit: 'x', digits: 2 }),
  ];
}

async function measure(name: ModelName, folder: string): Promise<void> {
  const manifests = join(packageRoot, 'test', 'reference', 'models', 'real', name);
  const path = join(folder, `${name}.safetensors`);
  if (!existsSync(path)) {
    const manifest = join(manifests, 'single.json');
    await writeModel({ manifest, out: path, seed: 1, dtype: 'F16' });
  }
  const cache = join(folder, 'cache', name);
  rmSync(cache, { recursive: true, force: true });
  const first = ours(path, cache, name);
  const runs: LoadedModel[] = [];
  const peers: PeerAnswer[] = [];
  // In turn, so that other work on the machine meets both alike.
  for (let i = 0; i < Number(flags.runs); i++) {
    runs.push(ours(path, cache, name));
    if (flags.peer !== undefined) peers.push(theirs(flags.peer, path, manifests));
  }
  rmSync(cache, { recursive: true, force: true });
  const figures = [...report(name, first, runs), ...(flags.peer ? compare(runs, peers) : [])];
  printTable(`${name}, float16, CPU: ${machineLine()}`, figures);
}

async function main(): Promise<void> {
  if (flags.measure !== undefined) {
    const { cache = '', family = '' } = flags;
    const found = await measureLoading(flags.measure, family, cache, Number(flags.steps));
    process.stdout.write(JSON.stringify(found));
    return;
  }
  const names = flags.models.split(',');
  const unknown = names.find((name) => !Object.hasOwn(published, name));
  if (unknown !== undefined) throw new Error(`There is no model ${unknown}`);
  const folder = flags.folder ?? mkdtempSync(join(tmpdir(), 'pentimento-bench-'));
  try {
    for (const name of names) await measure(name as ModelName, folder);
  } finally {
    if (flags.folder === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

await main();
