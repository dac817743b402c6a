/** A UNet in 16 bits: kept while its numbers hold, given up for good when they do not. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeUNet, type UNetRunner } from '../../../service/engine/networks/unetRunner.ts';
import { unetShapes } from '../../../service/engine/weights/networkShapes.ts';
import type { NetworkWeights } from '../../../service/engine/weights/types.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';
import { relativeError, smallUNet, writeNetwork } from '../graph/syntheticNetwork.ts';
import { cpuContext, unevenTensor } from './smallVae.ts';

const folder = temporaryFolder();
let weights: NetworkWeights;
const opened: UNetRunner[] = [];
beforeAll(async () => {
  weights = await writeNetwork(folder, unetShapes(smallUNet));
});
afterAll(async () => {
  for (const one of opened) await one.dispose();
});

async function unet(
  of: NetworkWeights,
  precision: 'float16' | 'float32',
  stages: string[] = [],
): Promise<UNetRunner> {
  const context = await cpuContext(folder, stages);
  const abilities = { ...context.abilities, precision };
  const one = makeUNet({ ...context, abilities }, { config: smallUNet, weights: of }, 'webui');
  opened.push(one);
  return one;
}

async function predict(one: UNetRunner): Promise<Float32Array> {
  const context = unevenTensor([1, 1, 7, smallUNet.crossAttentionDim]);
  const text = { data: context.data, shape: [1, 7, smallUNet.crossAttentionDim] };
  return (await one.predict(unevenTensor([1, 4, 8, 8]), Float32Array.of(500), text)).data;
}

/** The first convolution's answers times 2^20: beyond float16, and nothing to a norm in float32. */
function louder(): NetworkWeights {
  const name = 'conv_in.weight';
  const stored = weights.get(name);
  if (!stored) throw new Error(`Expected the tensor ${name}`);
  const bytes = readFileSync(stored.file);
  for (let at = stored.begin; at < stored.end; at += 4) {
    bytes.writeFloatLE(bytes.readFloatLE(at) * 2 ** 20, at);
  }
  const file = join(folder, 'louder.safetensors');
  writeFileSync(file, bytes);
  return new Map([...weights, [name, { ...stored, file }]]);
}

describe('16 bits', () => {
  it('are kept while the numbers hold', async () => {
    const stages: string[] = [];
    const half = await predict(await unet(weights, 'float16', stages));
    const error = relativeError(half, await predict(await unet(weights, 'float32')));
    expect(error).toBeLessThan(0.02);
    expect(error).toBeGreaterThan(1e-6);
    expect(stages).toEqual(['loading the UNet']);
  });

  it('are given up once they overflow, with the picture that 32 bits give, and it is said once', async () => {
    const stages: string[] = [];
    const loud = louder();
    const half = await unet(loud, 'float16', stages);
    const exact = await predict(await unet(loud, 'float32'));
    for (let step = 0; step < 3; step++) expect(await predict(half)).toEqual(exact);
    expect(exact.every(Number.isFinite)).toBe(true);
    expect(stages).toEqual([
      'loading the UNet',
      'the UNet overflows in 16 bits: computing it in 32 bits',
      'loading the UNet',
    ]);
  });
});
