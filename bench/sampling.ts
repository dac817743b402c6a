/**
 * What a step costs beside the network: scaling, guidance, masks, the sampler's arithmetic and its
 * noise, for SD 1.5 at 512 x 512. The network is a constant.
 * `--step SECONDS`: a UNet evaluation at 512 x 512 on this machine (unetStep tells).
 */
import { parseArgs } from 'node:util';
import { diffuse } from '../service/engine/diffuse.ts';
import type { DiffusionModel } from '../service/engine/diffusion.ts';
import { alphasCumprodOf } from '../service/engine/networks/alphasCumprod.ts';
import { pipelineOptions } from '../service/engine/plan/pipelineOptions.ts';
import { createGenerator, type RandomSource } from '../service/engine/sampling/noise/generator.ts';
import { imageNoise } from '../service/engine/sampling/noise/imageNoise.ts';
import { samplers } from '../service/engine/sampling/samplers/registry.ts';
import { tensor } from '../service/engine/tensor.ts';
import { machineLine } from './measure/machine.ts';
import { printTable, told, type Figure } from './measure/table.ts';
import { timed } from './measure/timing.ts';

const shape = [1, 4, 64, 64] as const;
const values = 4 * 64 * 64;
const steps = 20;
const quickStepSeconds = 2.4;
const noiseCount = 1_000_000;

const prediction = Float32Array.from({ length: 2 * values }, (_, i) => Math.sin(i * 12.9898));

const unused = () => Promise.reject(new Error('not used'));
const model: DiffusionModel = {
  facts: {
    family: 'sd1',
    prediction: 'epsilon',
    inChannels: 4,
    scalingFactor: 0.18215,
    contextWidth: 768,
    // SD 1.x: linear in the square root from 0.00085 to 0.012 (Rombach et al. 2022).
    alphasCumprod: alphasCumprodOf({ betaStart: 0.00085, betaEnd: 0.012 }),
    padId: 49407,
    downscale: 8,
    nativeSide: 512,
  },
  encodeText: unused,
  encode: unused,
  decode: unused,
  preview: unused,
  predict: (latents) =>
    Promise.resolve(
      tensor(prediction.subarray(0, latents.data.length), [latents.shape[0], 4, 64, 64]),
    ),
  dispose: () => Promise.resolve(),
};

const context = tensor(new Float32Array(77 * 768), [1, 77, 768]);
const conditioning = { positive: [[{ context, weight: 1 }]], negative: [context] };
/** A ramp: soft values take the longest way. */
const mask = Float32Array.from({ length: 64 * 64 }, (_, i) => (i % 64) / 63);
const known = { latent: new Float32Array(values), mask, content: 'picture' as const };

/** One run of 20 steps at full strength, inpainting with guidance; answers the steps it took. */
async function run(sampler: string): Promise<number> {
  const options = pipelineOptions('pentimento');
  const noise = imageNoise({ source: 'cpu', shape: [4, 64, 64], seeds: [1] });
  const input = { model, options, sampler, schedule: 'automatic', steps, strength: 1 };
  const going = diffuse({
    ...input,
    cfgScale: 7,
    conditioning: () => conditioning,
    shape,
    seeds: [1],
    noise,
    known,
  });
  let taken = 0;
  for (let state = await going.next(); state.done !== true; state = await going.next()) taken++;
  return taken;
}

async function noiseRate(source: RandomSource): Promise<Figure> {
  const { ms } = await timed(() => createGenerator(source, 1).normal(noiseCount));
  const rate = (time: number) => noiseCount / time / 1000;
  const summary = { median: rate(ms.median), least: rate(ms.least) };
  return told(`noise, ${source === 'cpu' ? 'torch' : 'CUDA (Philox)'}`, summary, 'M values/s', 1);
}

async function main(): Promise<void> {
  const { values: flags } = parseArgs({ options: { step: { type: 'string' } } });
  const stepSeconds = Number(flags.step ?? quickStepSeconds);
  if (!(stepSeconds > 0)) throw new RangeError(`Expected seconds but received ${flags.step}`);
  const figures: Figure[] = [];
  for (const { name, secondOrder } of samplers) {
    const { ms, value: taken } = await timed(() => run(name), { warmUps: 3 });
    const evaluations = secondOrder === true ? 2 : 1;
    const networkMs = 1000 * stepSeconds * evaluations;
    const share = ((100 * ms.median) / taken / networkMs).toFixed(2);
    const perStep = { median: ms.median / taken, least: ms.least / taken };
    figures.push(told(`a step of ${name} (${share} % of the network's time)`, perStep, 'ms', 2));
  }
  printTable(
    `Sampling at 512 x 512, an evaluation of ${stepSeconds} s left out; ${machineLine()}`,
    [...figures, await noiseRate('cpu'), await noiseRate('nv')],
  );
}

await main();
