/**
 * The command line on a document of 12000 x 8000 pixels with 16 bits and a selection of 900: everything
 * but the networks, from its arguments to the written document, and the most memory that its process
 * takes. The service has an engine that paints nothing.
 */
import { execFile } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { configFrom } from '../service/config.ts';
import { encodePng } from '../service/engine/picture/encode.ts';
import { packedRow, rowLengths } from '../service/engine/picture/psd/document/packedRows.ts';
import { concat, u16, u32 } from '../service/engine/picture/psd/bytes.ts';
import { startService } from '../service/main.ts';
import { fakeModels } from '../test/fakes/testService.ts';
import { machineLine } from './measure/machine.ts';
import { ellipse, packageRoot, photograph } from './measure/photograph.ts';
import { atMost, printTable, told, type Figure } from './measure/table.ts';
import { summaryOf } from './measure/timing.ts';

const size = { width: 12_000, height: 8000 };
const selected = { x: 5500, y: 3500, width: 900, height: 900 };
const decodedBytes = size.width * size.height * 3 * 2;
const mostSeconds = 2;
const mostMemory = 1.3;
const repetitions = 3;

/** One channel's rows of a photograph with the grain of 16 bits, repeated down the picture. */
async function rowsOfPhotograph(): Promise<Uint8Array[][]> {
  const tile = { width: size.width, height: 250 };
  const { data } = await photograph(tile);
  let noise = 1;
  return [0, 1, 2].map((channel) =>
    Array.from({ length: tile.height }, (_, y) => {
      const row = new Uint8Array(tile.width * 2);
      for (let x = 0; x < tile.width; x++) {
        noise = (Math.imul(noise, 1_664_525) + 1_013_904_223) >>> 0;
        const value = data[(y * tile.width + x) * 3 + channel] * 65_000 + (noise >>> 24);
        row[x * 2] = value >> 8;
        row[x * 2 + 1] = value;
      }
      return row;
    }),
  );
}

/** A flat document, row after row: raw or in PackBits. */
function writeDocumentFile(path: string, tile: readonly Uint8Array[][], isPacked: boolean): void {
  const file = openSync(path, 'w');
  const write = (...parts: Uint8Array[]) => writeSync(file, concat(parts));
  const signature = Uint8Array.from('8BPS', (c) => c.charCodeAt(0));
  write(signature, u16(1, 0, 0, 0, 3), u32(size.height, size.width), u16(16, 3), u32(0, 0, 0));
  write(u16(isPacked ? 1 : 0));
  const rows = tile.map((channel) => (isPacked ? channel.map(packedRow) : channel));
  const rowAt = (channel: number, y: number) => rows[channel][y % rows[channel].length];
  const all = (work: (row: Uint8Array) => void) => {
    for (let c = 0; c < 3; c++) for (let y = 0; y < size.height; y++) work(rowAt(c, y));
  };
  const lengths: number[] = [];
  if (isPacked) all((row) => lengths.push(row.length));
  write(rowLengths(lengths, false));
  all((row) => writeSync(file, row));
  closeSync(file);
}

interface Measured {
  readonly seconds: number;
  /** Of the processor, in the command's process. */
  readonly busySeconds: number;
  readonly bytes: number;
}

/** One command in a process of its own, whose start does not count. */
async function runCommand(args: readonly string[]): Promise<Measured> {
  const script = `
    const { runCommandLine } = await import(process.argv[1]);
    const start = performance.now();
    process.exitCode = await runCommandLine(process.argv.slice(2));
    const seconds = (performance.now() - start) / 1000;
    const bytes = process.resourceUsage().maxRSS * 1024;
    const { user, system } = process.cpuUsage();
    const busySeconds = (user + system) / 1e6;
    console.error('MEASURED ' + JSON.stringify({ seconds, busySeconds, bytes }));`;
  const cli = join(packageRoot, 'dist', 'service', 'cli.js');
  const node = ['--input-type=module', '-e', script, '--', cli, ...args];
  const { stderr } = await promisify(execFile)(process.execPath, node);
  const measured = /MEASURED (.*)/.exec(stderr)?.[1];
  if (measured === undefined) throw new Error(stderr.slice(-500));
  return JSON.parse(measured) as Measured;
}

async function figuresOf(name: string, folder: string, port: string): Promise<Figure[]> {
  const document = join(folder, 'document.psd');
  const out = join(folder, 'result.psd');
  const mask = join(folder, 'mask.png');
  const args = ['remove', document, '--mask', mask, '--out', out, '--data', join(folder, 'data')];
  args.push('--port', port);
  const runs: Measured[] = [];
  for (let i = 0; i < repetitions; i++) runs.push(await runCommand(args));
  const written = statSync(out).size;
  rmSync(out);
  const memory = summaryOf(runs.map((r) => r.bytes / decodedBytes));
  const seconds = summaryOf(runs.map((r) => r.seconds));
  return [
    atMost(`${name}: beside the network`, seconds, { most: mostSeconds, unit: 's', digits: 2 }),
    atMost('  memory, of the decoded document', memory, { most: mostMemory, unit: 'x', digits: 2 }),
    told('  of it busy', summaryOf(runs.map((r) => r.busySeconds)), 's', 2),
    told('  read', statSync(document).size / 1e6, 'MB'),
    told('  written', written / 1e6, 'MB'),
  ];
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pentimento-bench-'));
  const dataDir = join(folder, 'data');
  const mask = ellipse(size, selected);
  const png = await encodePng({ ...mask, channels: 1, depth: 8 });
  writeFileSync(join(folder, 'mask.png'), png);
  const tile = await rowsOfPhotograph();
  const service = await startService(configFrom(['--data', dataDir, '--port', '0'], {}), {
    enginePath: join(packageRoot, 'test/fakes/engineProcess.mjs'),
    engineArgs: ['60000'],
    models: fakeModels,
  });
  try {
    const figures: Figure[] = [];
    for (const [name, isPacked] of [
      ['raw', false],
      ['PackBits', true],
    ] as const) {
      writeDocumentFile(join(folder, 'document.psd'), tile, isPacked);
      figures.push(...(await figuresOf(name, folder, new URL(service.url).port)));
    }
    printTable(
      `Flat document of ${size.width} x ${size.height}, 16 bit (${decodedBytes / 1e6} MB), selection of ${selected.width}; ${machineLine()}`,
      figures,
    );
  } finally {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
