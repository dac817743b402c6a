/**
 * What an evaluation costs beside the network: scaling, guidance, masks, the sampler's arithmetic and its
 * noise, for SD 1.5 at 512 x 512. The network is a constant.
 * `--step SECONDS`: a UNet evaluation at 512 x 512 on this machine (unetStep tells).
 */
import { parseArgs } from 'node:util';
import { diffuse } from '../service/engine/diffuse.ts';
import type { DiffusionModel } from '../service/engine/diffusion.ts';
import { alphasCumprodOf } from '../service/engine/networks/alphasCumprod.ts';
import { pipelineOptions } from '../service/engine/plan/pipelineOptions.ts';
import { brownianNoise } from '../service/engine/sampling/noise/brownianTree.ts';
import { createGenerator, type RandomSource } from '../service/engine/sampling/noise/generator.ts';
import { imageNoise } from '../service/engine/sampling/noise/imageNoise.ts';
import { samplers } from '../service/engine/sampling/samplers/registry.ts';
import { tensor } from '../service/engine/tensor.ts';
import { machineLine } from './measure/machine.ts';
import { atLeast, printTable, told, type Figure } from './measure/table.ts';
import { timed } from './measure/timing.ts';

const shape = [1, 4, 64, 64] as const;
const values = 4 * 64 * 64;
const steps = 20;
const quickStepSeconds = 2.4;
const noiseCount = 1_000_000;
const leastNoiseRate = 40;

const prediction = Float32Array.from({ length: 2 * values }, (_, i) => Math.sin(i * 12.9898));

let evaluations = 0;

const unused = () => Promise.reject(new Error('not used'));
const model: DiffusionModel = {
  facts: {
    family: 'sd1',
    prediction: 'epsilon',
    inChannels: 4,
    scalingFactor: 0.18215,
    contextWidth: 768,
    // SD 1.x: linear in the square root from 0.00085 to 0.012 (Rombach et al. 2022).
    alphasCumprod: alphasCumprodOf({
      betaStart: 0.00085,
      betaEnd: 0.012,
      betaSchedule: 'scaled_linear',
    }),
    padId: 49407,
    downscale: 8,
    nativeSide: 512,
  },
  encodeText: unused,
  encode: unused,
  decode: unused,
  preview: unused,
  predict: (latents) => {
    evaluations++;
    return Promise.resolve(
      tensor(prediction.subarray(0, latents.data.length), [latents.shape[0], 4, 64, 64]),
    );
  },
  dispose: () => Promise.resolve(),
};

const context = tensor(new Float32Array(77 * 768), [1, 77, 768]);
const conditioning = { positive: [[{ context, weight: 1 }]], negative: [context] };
/** A ramp: soft values take the longest way. */
const mask = Float32Array.from({ length: 64 * 64 }, (_, i) => (i % 64) / 63);
const known = { latent: new Float32Array(values), mask, content: 'picture' as const };

/** One run of 20 steps at full strength, inpainting with guidance; answers its evaluations. */
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
  evaluations = 0;
  for (let state = await going.next(); state.done !== true;) state = await going.next();
  return evaluations;
}

async function noiseRate(source: RandomSource): Promise<Figure> {
  const { ms } = await timed(() => createGenerator(source, 1).normal(noiseCount));
  const rate = (time: number) => noiseCount / time / 1000;
  const summary = { median: rate(ms.median), least: rate(ms.least) };
  const name = `noise, ${source === 'cpu' ? 'torch' : 'CUDA (Philox)'}`;
  return atLeast(name, summary, { least: leastNoiseRate, unit: 'M values/s', digits: 1 });
}

/** Noise of SDE samplers for a step of a Karras schedule over SD's sigmas. */
async function brownianStep(side: number): Promise<Figure> {
  const [sigmaMin, sigmaMax] = [0.0292, 14.6146].map(Math.fround);
  const sigmas = Float32Array.from({ length: steps }, (_, i) => {
    const root = (sigma: number) => sigma ** (1 / 7);
    return (root(sigmaMax) + (i / (steps - 1)) * (root(sigmaMin) - root(sigmaMax))) ** 7;
  });
  const { ms } = await timed(() => {
    const size = 4 * (side / 8) ** 2;
    const noise = brownianNoise({ source: 'cpu', seeds: [1], size, sigmaMin, sigmaMax });
    for (let i = 0; i + 1 < steps; i++) noise.next(sigmas[i], sigmas[i + 1]);
  });
  const perStep = { median: ms.median / (steps - 1), least: ms.least / (steps - 1) };
  return told(`Brownian noise of a step, ${side} x ${side}`, perStep, 'ms', 2);
}

async function main(): Promise<void> {
  const { values: flags } = parseArgs({ options: { step: { type: 'string' } } });
  const stepSeconds = Number(flags.step ?? quickStepSeconds);
  if (!(stepSeconds > 0)) throw new RangeError(`Expected seconds but received ${flags.step}`);
  const figures: Figure[] = [];
  for (const { name } of samplers) {
    const { ms, value: taken } = await timed(() => run(name), { warmUps: 3 });
    const own = { median: ms.median / taken, least: ms.least / taken };
    const share = ((100 * own.median) / (1000 * stepSeconds)).toFixed(2);
    figures.push(told(`${name}, an evaluation (${share} % of the network's time)`, own, 'ms', 2));
  }
  printTable(
    `Sampling at 512 x 512, an evaluation of ${stepSeconds} s left out; ${machineLine()}`,
    [
      ...figures,
      await noiseRate('cpu'),
      await noiseRate('nv'),
      await brownianStep(512),
      await brownianStep(1024),
    ],
  );
}

await main();
