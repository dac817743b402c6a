/** Large pictures in bands: what the whole autoencoder gives, whatever the bands. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vaeDecoderGraph, vaeEncoderGraph } from '../../../service/engine/graph/vae.ts';
import {
  decodeInBands,
  encodeInBands,
  type BandTools,
} from '../../../service/engine/networks/bandedVae.ts';
import { makeNetworkPart, type NetworkPart } from '../../../service/engine/networks/networkPart.ts';
import type { Tensor } from '../../../service/engine/tensor.ts';
import type { OpenedCheckpoint } from '../../../service/engine/weights/types.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';
import { relativeError } from '../graph/syntheticNetwork.ts';
import { cpuContext, openSmallVae, unevenTensor } from './smallVae.ts';

const folder = temporaryFolder();
let vae: OpenedCheckpoint['vae'];
let part: NetworkPart;
beforeAll(async () => {
  vae = await openSmallVae(folder);
  part = makeNetworkPart(await cpuContext(folder), { name: 'VAE', weights: vae.weights, kept: 1 });
});
afterAll(() => part.dispose());

const rounding = 2e-5;
const onBand = () => undefined;

async function inBands(
  x: Tensor,
  half: 'encode' | 'decode',
  bandBytes: number,
): Promise<{ readonly found: Tensor; readonly bands: number }> {
  let bands = 0;
  const tools: BandTools = {
    part,
    config: vae.config,
    bandBytes,
    onBand: (done, count) => {
      expect(done).toBeLessThan(count);
      bands = count;
    },
  };
  const found =
    half === 'decode' ? await decodeInBands(x, tools) : (await encodeInBands(x, tools))['mean'];
  return { found, bands };
}

async function whole(x: Tensor, half: 'encode' | 'decode'): Promise<Tensor> {
  const [batch, , height, width] = x.shape;
  const size = { batch, height, width };
  if (half === 'decode') {
    const graph = vaeDecoderGraph(vae.weights, vae.config, size);
    return (await part.run('whole', () => graph, { latents: x }))['picture'];
  }
  const graph = vaeEncoderGraph(vae.weights, vae.config, size);
  return (await part.run('whole', () => graph, { picture: x }))['mean'];
}

describe('decoding in bands', () => {
  it.each([
    ['square', [1, 4, 20, 20], 20_000],
    ['wide', [1, 4, 9, 31], 16_000],
    ['tall', [1, 4, 37, 8], 4000],
    ['in one band', [1, 4, 8, 8], 1e9],
  ])('gives the whole picture: %s', async (_, shape, bandBytes) => {
    const latents = unevenTensor(shape);
    const kept = latents.data.slice();
    const expected = await whole(latents, 'decode');
    const { found, bands } = await inBands(latents, 'decode', bandBytes);
    expect(found.shape).toEqual(expected.shape);
    expect(relativeError(found.data, expected.data)).toBeLessThan(rounding);
    expect(latents.data).toEqual(kept);
    // Six blocks of three runs and the last norm's two.
    if (bandBytes < 1e6) expect(bands).toBeGreaterThan(2 * 20);
    else expect(bands).toBe(20);
  });

  it('ends where it is asked to', async () => {
    const stop = new Error('stop');
    const stopping: BandTools = {
      part,
      config: vae.config,
      bandBytes: 20_000,
      onBand: (done) => {
        if (done === 7) throw stop;
      },
    };
    await expect(decodeInBands(unevenTensor([1, 4, 20, 20]), stopping)).rejects.toBe(stop);
  });
});

describe('encoding in bands', () => {
  it.each([
    ['square', [1, 3, 64, 64], 20_000],
    ['wide', [1, 3, 24, 96], 12_000],
    ['tall', [1, 3, 104, 32], 6000],
  ])('gives the latents of the whole picture: %s', async (_, shape, bandBytes) => {
    const picture = unevenTensor(shape);
    const kept = picture.data.slice();
    const expected = await whole(picture, 'encode');
    const { found, bands } = await inBands(picture, 'encode', bandBytes);
    expect(found.shape).toEqual(expected.shape);
    expect(relativeError(found.data, expected.data)).toBeLessThan(rounding);
    expect(picture.data).toEqual(kept);
    expect(bands).toBeGreaterThan(2 * 12);
  });
});

describe('the statistics of the whole picture', () => {
  it('are what makes the difference', async () => {
    // The same rows without their surroundings: their own statistics give another picture.
    const latents = unevenTensor([1, 4, 20, 8]);
    const { found } = await inBands(latents, 'decode', 8000);
    const upper = { data: new Float32Array(4 * 10 * 8), shape: [1, 4, 10, 8] };
    for (let c = 0; c < 4; c++) {
      upper.data.set(latents.data.subarray(c * 160, c * 160 + 80), c * 80);
    }
    const alone = await decodeInBands(upper, { part, config: vae.config, bandBytes: 8000, onBand });
    const rows = (t: Tensor) => t.data.subarray(0, 4 * 32);
    expect(relativeError(rows(alone), rows(found))).toBeGreaterThan(0.05);
  });
});
