/** Kernels in blocks of channels: the order in our copies, and which kernels lie so. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blockSizeFor } from '../../../service/engine/weights/channelBlocks.ts';
import { float32Copy } from '../../../service/engine/weights/float32Copy.ts';
import type { NetworkWeights, StoredTensor } from '../../../service/engine/weights/types.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';
import { writeNetwork } from '../graph/syntheticNetwork.ts';

const folder = temporaryFolder();
const cacheFolder = join(folder, 'cache');
const names = new Set(['kernel.weight', 'wide.weight', 'left-over.weight']);
const shapes = new Map([
  ['odd.bias', [3]],
  ['kernel.weight', [16, 24, 3, 2]],
  ['wide.weight', [8, 16, 1, 1]],
  ['left-over.weight', [16, 12, 3, 3]],
  ['other.weight', [16, 16, 3, 3]],
]);

function numbersOf(weights: NetworkWeights, name: string): Float32Array {
  const stored = weights.get(name);
  if (stored?.dtype !== 'F32') throw new Error(`Expected ${name} in float32`);
  const bytes = readFileSync(stored.file).subarray(stored.begin, stored.end);
  return new Float32Array(new Uint8Array(bytes).buffer);
}

describe('kernels in blocks', () => {
  it('hold the same numbers, those of one vector side by side', async () => {
    const source = await writeNetwork(folder, shapes, 'F16');
    const plain = await float32Copy(source, { cacheFolder });
    const blocked = await float32Copy(source, { cacheFolder, blocks: { size: 8, names } });
    for (const [name, { shape, block }] of blocked) {
      expect(shape, name).toEqual(shapes.get(name));
      if (block === undefined) expect(numbersOf(blocked, name)).toEqual(numbersOf(plain, name));
    }
    expect([...blocked].filter(([, { block }]) => block === 8).map(([name]) => name)).toEqual([
      'kernel.weight',
      'wide.weight',
    ]);
    const [expected, found] = [plain, blocked].map((weights) =>
      numbersOf(weights, 'kernel.weight'),
    );
    const [out, inputs, height, width] = [16, 24, 3, 2];
    for (let o = 0; o < out; o++) {
      for (let i = 0; i < inputs; i++) {
        for (let tap = 0; tap < height * width; tap++) {
          const blocks = Math.floor(o / 8) * (inputs / 8) + Math.floor(i / 8);
          const at = ((blocks * height * width + tap) * 8 + (i % 8)) * 8 + (o % 8);
          expect(found[at]).toBe(expected[(o * inputs + i) * height * width + tap]);
        }
      }
    }
  });

  it('begin with a line of the cache, as everything that fills whole lines', async () => {
    const source = await writeNetwork(folder, shapes, 'F16');
    const copy = await float32Copy(source, { cacheFolder, blocks: { size: 8, names } });
    for (const [name, { begin, end }] of copy) {
      if ((end - begin) % 64 === 0) expect(begin % 64, name).toBe(0);
    }
  });

  it('are found again, and are not taken for others', async () => {
    const source = await writeNetwork(folder, shapes, 'F16');
    const make = (size: number) => float32Copy(source, { cacheFolder, blocks: { size, names } });
    const eight = await make(8);
    expect([...(await make(8))]).toEqual([...eight]);
    const sixteen = await make(16);
    expect(sixteen.get('kernel.weight')?.block).toBeUndefined();
    expect(sixteen.get('kernel.weight')?.file).not.toBe(eight.get('kernel.weight')?.file);
    rmSync(cacheFolder, { recursive: true });
    expect([...(await make(8))]).toEqual([...eight]);
  });

  it.each([
    ['kernel', [32, 16, 3, 3], 8],
    ['kernel', [32, 16, 1, 1], 8],
    ['kernel', [4, 16, 3, 3], undefined],
    ['kernel', [16, 4, 3, 3], undefined],
    ['kernel', [16, 16], undefined],
    ['other', [16, 16, 3, 3], undefined],
    ['kernel', [8, 80_000, 3, 3], undefined],
  ])('%s %j: %s', (name, shape, size) => {
    const tensor: Pick<StoredTensor, 'shape'> = { shape };
    expect(blockSizeFor(name, tensor, { size: 8, names: new Set(['kernel']) })).toBe(size);
    expect(blockSizeFor(name, tensor, undefined)).toBeUndefined();
  });
});
