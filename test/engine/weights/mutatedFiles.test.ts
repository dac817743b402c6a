/**
 * Model files that were damaged or are hostile: each is read or refused, at once and without taking memory.
 * A few hundred by default; PENTIMENTO_FUZZ=100000 sets the headers, a fifth of that the pickles, and
 * PENTIMENTO_FUZZ_SEED others than the usual ones.
 */
import { closeSync, ftruncateSync, openSync, readFileSync, readdirSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { PentimentoError } from '../../../shared/errors.ts';
import { readTensorFile } from '../../../service/engine/weights/readTensorFile.ts';
import { bytesOfType } from '../../../service/engine/weights/safetensors.ts';
import type { StoredType } from '../../../service/engine/weights/types.ts';
import { inspectModel } from '../../../service/library/inspectModel.ts';
import { manifestPath, manifestRow, readManifest } from '../../fixtures/manifest.ts';
import {
  mutatedBytes,
  mutatedHeader,
  mutatedPickle,
  seededRandom,
  type Random,
} from '../../fixtures/mutate.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';

const folder = temporaryFolder();
const headerCount = Number(process.env['PENTIMENTO_FUZZ'] ?? 500);
const pickleCount = Math.ceil(headerCount / 5);
const seed = Number(process.env['PENTIMENTO_FUZZ_SEED'] ?? 20_261_121);

const longestMs = 50;
const mostFurtherBytes = 64e6;
/** Whatever the system: a minute for every five thousand. */
const timeoutMs = 300_000 + headerCount * 12;

/** What files of a stranger may be refused with. */
const refusals = new Set([
  'E_MODEL_DAMAGED',
  'E_MODEL_NOT_SAFETENSORS',
  'E_MODEL_UNSAFE',
  'E_MODEL_CHANGED',
  'E_MODEL_CONVERT',
  'E_MODEL_FAMILY',
  'E_MODEL_MISSING_PART',
  'E_MODEL_KIND',
]);

interface Opened {
  readonly outcome: string;
  readonly ms: number;
}

/** As the library meets a new file. Of the processor's time: other programs do not count. */
async function open(path: string, sizeBytes: number): Promise<Opened> {
  const before = process.cpuUsage();
  const outcome = await readTensorFile(path).then(
    ({ tensors }) => {
      for (const { begin, end, dtype, shape } of tensors.values()) {
        const bytes = shape.reduce((product, side) => product * side, bytesOfType(dtype));
        if (begin < 0 || end > sizeBytes || end - begin !== bytes) return 'unsound';
      }
      return 'read';
    },
    (error: unknown) => (error instanceof PentimentoError ? error.code : String(error)),
  );
  const { user, system } = process.cpuUsage(before);
  const found = await inspectModel(
    { layout: 'single', path, realPath: path, relativePath: 'mutated', companions: {} },
    { sizeBytes, mtimeMs: 0 },
  );
  const { problem } = found;
  const isOurs = problem === undefined || refusals.has(problem.code);
  return { outcome: isOurs ? outcome : `inspected: ${problem.code}`, ms: (user + system) / 1000 };
}

interface Written {
  readonly path: string;
  readonly sizeBytes: number;
}

interface Tally {
  readonly outcomes: Record<string, number>;
  readonly slowestMs: number;
  /** Beyond the largest file and what was taken before. */
  readonly furtherBytes: number;
}

async function openAll(count: number, write: (random: Random) => Written): Promise<Tally> {
  const random = seededRandom(seed);
  const outcomes: Record<string, number> = {};
  let [slowestMs, largest] = [0, 0];
  for (let i = 0; i < 50; i++) {
    const { path, sizeBytes } = write(random);
    await open(path, sizeBytes);
  }
  const before = process.resourceUsage().maxRSS * 1024;
  for (let i = 0; i < count; i++) {
    const { path, sizeBytes } = write(random);
    let { outcome, ms } = await open(path, sizeBytes);
    // What the collector or another program took is not the file's: then it is not there again.
    for (let again = 0; again < 3 && ms > longestMs; again++) {
      ms = Math.min(ms, (await open(path, sizeBytes)).ms);
    }
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    slowestMs = Math.max(slowestMs, ms);
    largest = Math.max(largest, sizeBytes);
  }
  const furtherBytes = process.resourceUsage().maxRSS * 1024 - before;
  return { outcomes, slowestMs, furtherBytes };
}

function check({ outcomes, slowestMs, furtherBytes }: Tally, count: number): void {
  const unexpected = Object.keys(outcomes).filter((name) => name !== 'read' && !refusals.has(name));
  expect(unexpected).toEqual([]);
  expect(Object.values(outcomes).reduce((sum, n) => sum + n, 0)).toBe(count);
  expect(outcomes['read']).toBeGreaterThan(0);
  expect(outcomes['E_MODEL_DAMAGED']).toBeGreaterThan(count / 10);
  expect(slowestMs).toBeLessThanOrEqual(longestMs);
  expect(furtherBytes).toBeLessThan(mostFurtherBytes);
}

function put(name: string, bytes: Buffer, sizeBytes: number): Written {
  const path = join(folder, name);
  const file = openSync(path, 'w');
  writeSync(file, bytes);
  ftruncateSync(file, sizeBytes);
  closeSync(file);
  return { path, sizeBytes };
}

interface Header {
  readonly text: Buffer;
  readonly dataBytes: number;
}

/** The header of a manifest's file in float16, without the file. */
function headerOf(name: string): Header {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt', title: 'Ünïcode "x"' } };
  let at = 0;
  for (const [tensor, value] of Object.entries(readManifest(manifestPath(name)).tensors)) {
    const { shape } = manifestRow(value);
    const end = at + shape.reduce((product, side) => product * side, 2);
    header[tensor] = { dtype: 'F16', shape, data_offsets: [at, end] };
    at = end;
  }
  return { text: Buffer.from(JSON.stringify(header)), dataBytes: at };
}

function loraHeader(): Header {
  const header: Record<string, unknown> = {};
  let at = 0;
  for (let i = 0; i < 8; i++) {
    for (const [part, shape] of [
      ['lora_down.weight', [4, 320]],
      ['lora_up.weight', [320, 4]],
      ['alpha', []],
    ] as const) {
      const end = at + shape.reduce((product: number, side) => product * side, 4);
      const layer = `lora_unet_down_blocks_0_attentions_0_transformer_blocks_${i}_attn1_to_q`;
      header[`${layer}.${part}`] = {
        dtype: 'F32' satisfies StoredType,
        shape,
        data_offsets: [at, end],
      };
      at = end;
    }
  }
  return { text: Buffer.from(JSON.stringify(header)), dataBytes: at };
}

describe('mutated headers', () => {
  const small = [
    'tiny/tiny-esrgan-x4.json',
    'tiny/tiny-taesd/taesd_decoder.json',
    'tiny/tiny-controlnet/controlnet.json',
    'tiny/tiny-sd1/single.json',
  ];
  const whole = ['real/sd15/single.json', 'real/sdxl/single.json'].map(headerOf);
  const headers = [loraHeader(), ...small.map(headerOf)];

  function write(random: Random): Written {
    // Large ones now and then: they show how long the longest take.
    const from = random(40) === 0 ? whole : headers;
    const { text, dataBytes } = from[random(from.length)];
    const header = mutatedHeader(text, random);
    const length = Buffer.alloc(8);
    const lie = random(20) === 0;
    length.writeBigUInt64LE(BigInt(lie ? random(2 ** 32) * random(2 ** 20) : header.length));
    const end = 8 + header.length + dataBytes;
    const sizeBytes = random(10) === 0 ? random(end + 100) : end;
    return put('mutated.safetensors', Buffer.concat([length, header]), sizeBytes);
  }

  it(
    'are read or refused at once',
    async () => {
      const tally = await openAll(headerCount, write);
      if (process.env['PENTIMENTO_FUZZ']) process.stdout.write(`${JSON.stringify(tally)}\n`);
      check(tally, headerCount);
    },
    timeoutMs,
  );
});

describe('mutated pickles', () => {
  const fixtures = join(dirname(fileURLToPath(import.meta.url)), '../../fixtures/torch');
  const files = readdirSync(fixtures)
    .filter((name) => !name.endsWith('.json'))
    .map((name) => readFileSync(join(fixtures, name)));

  /** The pickle inside changed, the archive around it whole. */
  function inArchive(file: Buffer, random: Random): Buffer {
    const entries = unzipSync(file);
    const changed = Object.entries(entries).map(([name, bytes]) => [
      name,
      [
        name.endsWith('.pkl') ? mutatedPickle(Buffer.from(bytes), random) : bytes,
        { level: 0 },
      ] as const,
    ]);
    return Buffer.from(zipSync(Object.fromEntries(changed) as Parameters<typeof zipSync>[0]));
  }

  function write(random: Random): Written {
    const file = files[random(files.length)];
    const isArchive = file.subarray(0, 2).toString('latin1') === 'PK';
    const change =
      isArchive && random(4) > 0 ? inArchive : random(3) ? mutatedPickle : mutatedBytes;
    const bytes = change(file, random);
    return put('mutated.ckpt', bytes, bytes.length);
  }

  it(
    'are read or refused at once',
    async () => {
      const tally = await openAll(pickleCount, write);
      if (process.env['PENTIMENTO_FUZZ']) process.stdout.write(`${JSON.stringify(tally)}\n`);
      check(tally, pickleCount);
    },
    timeoutMs,
  );
});
