/** A thousand model files: the first look at them, and every later one. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLibrary } from '../service/library/library.ts';
import { machineLine } from './measure/machine.ts';
import { atMost, printTable, told } from './measure/table.ts';
import { summaryOf } from './measure/timing.ts';

const files = 1000;
const mostFirstMs = 3000;
const mostLaterMs = 100;
const repetitions = 5;

/** A LoRA over all attention layers of Stable Diffusion 1.x, as trainers write it: 252 tensors. */
function loraHeader(rank: number, name: string): Buffer {
  const tensors: Record<string, unknown> = {
    __metadata__: {
      ss_output_name: name,
      ss_network_dim: String(rank),
      ss_tag_frequency: JSON.stringify({ '10_style': { [name]: 40, portrait: 20, outdoors: 12 } }),
    },
  };
  let at = 0;
  const add = (key: string, shape: readonly number[]): void => {
    const end = at + 2 * shape.reduce((a, b) => a * b, 1);
    tensors[key] = { dtype: 'F16', shape, data_offsets: [at, end] };
    at = end;
  };
  for (const [block, width] of blocks) {
    for (const layer of [
      'attn1_to_q',
      'attn1_to_k',
      'attn1_to_v',
      'attn2_to_q',
      'attn2_to_k',
      'attn2_to_v',
    ]) {
      const inner = /attn2_to_[kv]/.test(layer) ? 768 : width;
      const stem = `lora_unet_${block}_transformer_blocks_0_${layer}`;
      add(`${stem}.alpha`, []);
      add(`${stem}.lora_down.weight`, [rank, inner]);
      add(`${stem}.lora_up.weight`, [width, rank]);
    }
  }
  const header = Buffer.from(JSON.stringify(tensors));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(at)]);
}

const blocks: ReadonlyArray<readonly [name: string, width: number]> = [
  ...[0, 1].map((i) => [`down_blocks_0_attentions_${i}`, 320] as const),
  ...[0, 1].map((i) => [`down_blocks_1_attentions_${i}`, 640] as const),
  ...[0, 1].map((i) => [`down_blocks_2_attentions_${i}`, 1280] as const),
  ['mid_block_attentions_0', 1280],
  ...[0, 1, 2].map((i) => [`up_blocks_1_attentions_${i}`, 1280] as const),
  ...[0, 1, 2].map((i) => [`up_blocks_2_attentions_${i}`, 640] as const),
  ...[0, 1, 2].map((i) => [`up_blocks_3_attentions_${i}`, 320] as const),
];

function fill(folder: string): void {
  for (let i = 0; i < files; i++) {
    const part = join(folder, 'models', 'Lora', `set ${i % 20}`);
    mkdirSync(part, { recursive: true });
    const name = `style ${i}`;
    writeFileSync(join(part, `${name}.safetensors`), loraHeader(1, name));
    writeFileSync(join(part, `${name}.json`), JSON.stringify({ 'activation text': name }));
  }
  mkdirSync(join(folder, 'models', 'Stable-diffusion'), { recursive: true });
}

async function scanMs(work: () => Promise<{ readonly length: number }>): Promise<number> {
  const start = performance.now();
  const { length } = await work();
  const ms = performance.now() - start;
  if (length !== files) throw new Error(`Expected ${files} models but found ${length}`);
  return ms;
}

const folder = mkdtempSync(join(tmpdir(), 'pentimento-bench-'));
try {
  fill(folder);
  const options = (kept: string) => ({
    folders: [folder],
    kept: { folder: join(folder, kept), programVersion: 'bench' },
  });
  const first: number[] = [];
  const opened: number[] = [];
  const again: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    first.push(await scanMs(() => openLibrary(options(`.kept-${i}`)).list()));
    const library = openLibrary(options(`.kept-${i}`));
    opened.push(await scanMs(() => library.list()));
    again.push(await scanMs(() => library.rescan()));
    await library.close();
  }
  const [cold] = first;
  printTable(`${files} model files (${machineLine()})`, [
    told('the very first scan of this program', cold, 'ms'),
    atMost('first scan', summaryOf(first), { most: mostFirstMs, unit: 'ms' }),
    atMost('scan in a new process, headers kept', summaryOf(opened), {
      most: mostLaterMs,
      unit: 'ms',
    }),
    atMost('scan again', summaryOf(again), { most: mostLaterMs, unit: 'ms' }),
  ]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
