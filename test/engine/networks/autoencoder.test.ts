/** Whole, in bands, in 16 bits: which way the autoencoder takes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PentimentoError } from '../../../shared/errors.ts';
import { vaeDecoderGraph } from '../../../service/engine/graph/vae.ts';
import {
  makeAutoencoder,
  type Autoencoder,
  type AutoencoderOptions,
} from '../../../service/engine/networks/autoencoder.ts';
import { makeNetworkPart } from '../../../service/engine/networks/networkPart.ts';
import { wholeOrBands } from '../../../service/engine/networks/wholeOrBands.ts';
import type { OpenedCheckpoint } from '../../../service/engine/weights/types.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';
import { relativeError } from '../graph/syntheticNetwork.ts';
import { cpuContext, openSmallVae, unevenTensor } from './smallVae.ts';

const folder = temporaryFolder();
let vae: OpenedCheckpoint['vae'];
const opened: { dispose(): Promise<void> }[] = [];
beforeAll(async () => {
  vae = await openSmallVae(folder);
});
afterAll(async () => {
  for (const one of opened) await one.dispose();
});

const roomy: AutoencoderOptions = { workBytes: () => Infinity, wholeBytes: () => 1 };
const cramped: AutoencoderOptions = { workBytes: () => 1e6, wholeBytes: () => 2e6 };
const latents = unevenTensor([1, 4, 12, 10]);

async function autoencoder(
  options: AutoencoderOptions,
  stages: string[] = [],
  of: OpenedCheckpoint['vae'] = vae,
): Promise<Autoencoder> {
  const context = await cpuContext(folder, stages);
  const half = { ...context.abilities, precision: 'float16' as const };
  const one = makeAutoencoder(
    options.half ? { ...context, abilities: half } : context,
    of,
    options,
  );
  opened.push(one);
  return one;
}

describe('a picture that fits', () => {
  it('is computed whole, bit for bit as the network', async () => {
    const stages: string[] = [];
    const found = await (await autoencoder(roomy, stages)).decode(latents);
    const part = makeNetworkPart(await cpuContext(folder), {
      name: 'VAE',
      weights: vae.weights,
      kept: 1,
      tuning: { frugal: true },
    });
    opened.push(part);
    const graph = vaeDecoderGraph(vae.weights, vae.config, { batch: 1, height: 12, width: 10 });
    const { picture } = await part.run('whole', () => graph, { latents });
    expect(found.data).toEqual(picture.data);
    expect(stages.filter((name) => name.includes('part'))).toEqual([]);
  });
});

describe('a picture that does not fit', () => {
  it('is computed in bands, each of them told', async () => {
    const stages: string[] = [];
    const banded = await autoencoder(cramped, stages);
    const whole = await autoencoder(roomy);
    const found = await banded.decode(latents);
    expect(relativeError(found.data, (await whole.decode(latents)).data)).toBeLessThan(2e-5);
    const told = stages.filter((name) => name.startsWith('finishing, part '));
    expect(told[0]).toBe(`finishing, part 1 of ${told.length}`);
    expect(told.at(-1)).toBe(`finishing, part ${told.length} of ${told.length}`);

    const picture = unevenTensor([2, 3, 32, 24]);
    const expected = await whole.encode(picture);
    const encoded = await banded.encode(picture);
    expect(encoded.mean.shape).toEqual([2, 4, 8, 6]);
    expect(relativeError(encoded.mean.data, expected.mean.data)).toBeLessThan(2e-5);
    const { logVariance } = expected;
    expect(relativeError(encoded.logVariance.data, logVariance.data)).toBeLessThan(2e-5);
    expect(
      stages.filter((name) => name.startsWith('looking at the picture, part 1 ')),
    ).toHaveLength(2);
  });

  it('can be cancelled between its bands', async () => {
    const context = await cpuContext(folder);
    const onStage = (name: string) => {
      if (name.startsWith('finishing, part 5 ')) throw new PentimentoError('E_CANCELLED');
    };
    const one = makeAutoencoder({ ...context, onStage }, vae, cramped);
    opened.push(one);
    await expect(one.decode(latents)).rejects.toMatchObject({ code: 'E_CANCELLED' });
  });
});

describe('a device without memory for the whole', () => {
  const ways = (failure: Error) => {
    const calls: string[] = [];
    return {
      calls,
      whole: () => Promise.reject(failure),
      free: async () => void calls.push('free'),
      bands: async (bytes: number) => {
        calls.push('bands');
        return bytes;
      },
    };
  };

  it('lets go of it and takes bands', async () => {
    const full = ways(new PentimentoError('E_MEMORY'));
    await expect(wholeOrBands(1, Infinity, full)).resolves.toBe(96e6);
    expect(full.calls).toEqual(['free', 'bands']);
  });

  it('is told apart from other failures', async () => {
    const broken = ways(new PentimentoError('E_DEVICE'));
    await expect(wholeOrBands(1, Infinity, broken)).rejects.toMatchObject({ code: 'E_DEVICE' });
    expect(broken.calls).toEqual([]);
  });

  it('gets smaller bands the less room there is', async () => {
    const sizes: number[] = [];
    for (const room of [5e9, 600e6, 10e6]) {
      sizes.push(await wholeOrBands(6e9, room, ways(new Error('never run'))));
    }
    expect(sizes).toEqual([96e6, 50e6, 16e6]);
  });
});

describe('16 bits', () => {
  it('are kept while the numbers hold', async () => {
    const stages: string[] = [];
    const half = await autoencoder({ ...roomy, half: true }, stages);
    const exact = await (await autoencoder(roomy)).decode(latents);
    const error = relativeError((await half.decode(latents)).data, exact.data);
    expect(error).toBeLessThan(0.02);
    expect(error).toBeGreaterThan(1e-5);
    expect(stages).toEqual(['loading the VAE']);
  });

  it.each([
    ['whole', roomy],
    ['in bands', cramped],
  ])('are given up once they overflow, and it is said once: %s', async (_, options) => {
    const stages: string[] = [];
    const loud = louder(vae);
    const half = await autoencoder({ ...options, half: true }, stages, loud);
    const exact = await (await autoencoder(options, [], loud)).decode(latents);
    for (let i = 0; i < 2; i++) expect((await half.decode(latents)).data).toEqual(exact.data);
    expect(stages.filter((name) => name.includes('overflows'))).toHaveLength(1);
  });
});

/** The first convolution's answers times 2^20: beyond float16, and nothing to a norm in float32. */
function louder({ config, weights }: OpenedCheckpoint['vae']): OpenedCheckpoint['vae'] {
  const name = 'decoder.conv_in.weight';
  const stored = weights.get(name);
  if (!stored) throw new Error(`Expected the tensor ${name}`);
  const bytes = readFileSync(stored.file);
  for (let at = stored.begin; at < stored.end; at += 4) {
    bytes.writeFloatLE(bytes.readFloatLE(at) * 2 ** 20, at);
  }
  const file = join(folder, 'louder.safetensors');
  writeFileSync(file, bytes);
  return { config, weights: new Map([...weights, [name, { ...stored, file }]]) };
}
