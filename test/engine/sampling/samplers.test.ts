import { describe, expect, it } from 'vitest';
import { imageNoise } from '../../../service/engine/sampling/noise/imageNoise.ts';
import { withRenoisedKnown } from '../../../service/engine/sampling/renoised.ts';
import { samplers } from '../../../service/engine/sampling/samplers/registry.ts';
import { sigmaLevels } from '../../../service/engine/sampling/sigmas/levels.ts';
import { modelSigmas } from '../../../service/engine/sampling/sigmas/modelSigmas.ts';
import { alphasCumprod } from '../../../service/engine/sampling/sigmas/noiseSchedule.ts';
import { scheduleById } from '../../../service/engine/sampling/sigmas/registry.ts';
import { stepNoise } from '../../../service/engine/sampling/stepNoise.ts';
import type {
  Denoise,
  Latent,
  Sampler,
  SamplerStep,
} from '../../../service/engine/sampling/types.ts';

const model = modelSigmas(alphasCumprod());
const mean = 0.4;
const spread = 0.5;

/** The perfect denoiser of values around `mean` with standard deviation `spread`. */
const expectation: Denoise = ({ data, shape }, sigma) =>
  Promise.resolve({
    data: data.map((x) => (x * spread ** 2 + mean * sigma ** 2) / (spread ** 2 + sigma ** 2)),
    shape,
  });

/** The perfect consistency model of the same values: the end of the way through x. */
const endOfWay: Denoise = ({ data, shape }, sigma) =>
  Promise.resolve({
    data: data.map((x) => mean + ((x - mean) * spread) / Math.hypot(spread, sigma)),
    shape,
  });

function setUp(name: string, seeds: readonly number[], steps = 20) {
  const entry = samplers.find((s) => s.name === name)!;
  const sigmas = sigmaLevels(steps, entry, scheduleById(entry.schedule), model);
  const images = imageNoise({ source: 'cpu', shape: [4, 8, 8], seeds });
  const shape: Latent['shape'] = [seeds.length, 4, 8, 8];
  const start: Latent = { data: images.next().map((v) => v * sigmas[0]!), shape };
  const noise = stepNoise({
    sampler: entry,
    plan: { whole: sigmas },
    source: 'cpu',
    seeds,
    size: 256,
    following: images,
  });
  const denoise = entry.consistency ? endOfWay : expectation;
  return { entry, sigmas, start, noise, denoise };
}

async function result(name: string, seeds: readonly number[], steps = 20): Promise<Latent> {
  const { entry, sigmas, start, noise, denoise } = setUp(name, seeds, steps);
  let latent = start;
  for await (const step of entry.sample(denoise, start, sigmas, noise, {})) latent = step.latent;
  return latent;
}

describe.each(samplers.map(({ name }) => name))('%s', (name) => {
  it('arrives at the distribution it is told of', async () => {
    const { data } = await result(name, [1, 2, 3, 4], 40);
    const average = data.reduce((a, b) => a + b, 0) / data.length;
    const variance = data.reduce((a, b) => a + (b - average) ** 2, 0) / data.length;
    expect(average).toBeCloseTo(mean, 1);
    expect(Math.sqrt(variance)).toBeGreaterThan(spread * 0.85);
    expect(Math.sqrt(variance)).toBeLessThan(spread * 1.15);
  });

  it('gives the same bytes twice, and an image the same alone as in a batch', async () => {
    const batch = await result(name, [11, 12], 7);
    expect((await result(name, [11, 12], 7)).data).toEqual(batch.data);
    const alone = (await result(name, [12], 7)).data;
    // DPM adaptive's steps suit the whole batch.
    if (name === 'DPM adaptive') expect(alone).not.toEqual(batch.data.slice(256));
    else expect(alone).toEqual(batch.data.slice(256));
  });

  it('manages one step, two steps, and none', async () => {
    for (const steps of [1, 2]) {
      const { data } = await result(name, [5], steps);
      expect(data.every(Number.isFinite)).toBe(true);
    }
    const { entry, start, noise, denoise } = setUp(name, [5]);
    for (const sigmas of [[], [0], [3]]) {
      const run = entry.sample(denoise, start, sigmas, noise, {});
      expect((await run.next()).done).toBe(true);
    }
  });

  it('counts its steps and does not touch its start', async () => {
    const { entry, sigmas, start, noise, denoise } = setUp(name, [5], 5);
    const before = start.data.slice();
    const told: SamplerStep[] = [];
    for await (const step of entry.sample(denoise, start, sigmas, noise, {})) told.push(step);
    expect(told.length).toBeGreaterThan(1);
    expect(told.every(({ step }, i) => step > (told[i - 1]?.step ?? 0))).toBe(true);
    const shares = told.map(({ step, steps }) => step / (steps ?? sigmas.length - 1));
    expect(shares.every((share, i) => share > (shares[i - 1] ?? 0))).toBe(true);
    const [before1, last] = told.slice(-2);
    expect(last!.step).toBe(last!.steps ?? sigmas.length - 1);
    expect(before1!.step).toBeLessThan(before1!.steps ?? sigmas.length - 1);
    expect(last!.sigma ?? sigmas.at(-1)).toBe(0);
    expect(start.data).toEqual(before);
  });

  it('goes on from a latent that is sent back', async () => {
    const { entry, sigmas, start, noise, denoise } = setUp(name, [5], 4);
    const inputs: number[] = [];
    const watched: Denoise = (x, sigma) => {
      inputs.push(x.data[0]!);
      return denoise(x, sigma);
    };
    const run = entry.sample(watched, start, sigmas, noise, {});
    await run.next();
    const seen = inputs.length;
    await run.next({ data: new Float32Array(256).fill(123), shape: start.shape });
    expect(inputs[seen]).toBe(123);
  });

  it('may end above 0', async () => {
    const { entry, sigmas, start, noise, denoise } = setUp(name, [5], 6);
    let latent = start;
    const open = sigmas.slice(0, -2);
    for await (const s of entry.sample(denoise, start, open, noise, {})) latent = s.latent;
    expect(latent.data.every(Number.isFinite)).toBe(true);
  });
});

describe('known latents noised again after each step', () => {
  it('end as they were, and are noised in between', async () => {
    const { entry, sigmas, start, noise, denoise } = setUp('Euler', [5], 4);
    const known = new Float32Array(256).fill(2);
    const mask = new Float32Array(64).map((_, i) => (i < 32 ? 1 : 0));
    const unit = start.data.map((v) => v / sigmas[0]!);
    const sampler: Sampler = withRenoisedKnown(entry.sample, { mask, known, noise: unit });
    const latents: Latent[] = [];
    for await (const s of sampler(denoise, start, sigmas, noise, {})) latents.push(s.latent);
    expect(latents.at(-1)!.data[40]).toBe(2);
    expect(latents.at(-1)!.data[3]).not.toBe(2);
    expect(latents[0]!.data[40]).toBeCloseTo(2 + sigmas[1]! * unit[40]!, 4);
  });
});
