import { describe, expect, it } from 'vitest';
import { makeDenoise, type DenoiserOptions } from '../../../service/engine/sampling/denoiser.ts';
import { skipUnconditional } from '../../../service/engine/sampling/guidance.ts';
import { modelSigmas } from '../../../service/engine/sampling/sigmas/modelSigmas.ts';
import { alphasCumprod } from '../../../service/engine/sampling/sigmas/noiseSchedule.ts';
import type { Latent } from '../../../service/engine/sampling/types.ts';
import type { Tensor } from '../../../service/engine/tensor.ts';

const model = modelSigmas(alphasCumprod());
const shape: Latent['shape'] = [2, 4, 2, 2];
const noisy: Latent = { data: new Float32Array(32).map((_, i) => Math.sin(i) * 5), shape };

function context(value: number, tokens = 1): Tensor {
  return { data: new Float32Array(tokens).fill(value), shape: [1, tokens, 1] };
}

interface Call {
  readonly latents: Tensor;
  readonly timesteps: Float32Array;
  readonly context: Tensor;
}

/** A network that answers 0.1 x + context, and remembers what it was asked. */
function network(overrides: Partial<DenoiserOptions> = {}) {
  const calls: Call[] = [];
  const options: DenoiserOptions = {
    predict: (latents, timesteps, contexts) => {
      calls.push({ latents, timesteps, context: contexts });
      const channels = latents.shape[1]!;
      const plane = latents.shape[2]! * latents.shape[3]!;
      const rows = latents.shape[0]!;
      const tokens = contexts.shape[1]!;
      const data = new Float32Array(rows * 4 * plane);
      for (let i = 0; i < data.length; i++) {
        const row = Math.floor(i / (4 * plane));
        const from = row * channels * plane + (i % (4 * plane));
        data[i] = 0.1 * latents.data[from]! + contexts.data[row * tokens]!;
      }
      return Promise.resolve({ data, shape: [rows, 4, ...latents.shape.slice(2)] });
    },
    prediction: 'epsilon',
    model,
    conditioning: () => ({
      positive: [[{ context: context(1), weight: 1 }]],
      negative: [context(0.5)],
    }),
    cfgScale: 7,
    ...overrides,
  };
  return { calls, denoise: makeDenoise(options) };
}

const near = (a: Float32Array, b: ArrayLike<number>, digits = 4) => {
  expect(a).toHaveLength(b.length);
  for (let i = 0; i < a.length; i++) expect(a[i]).toBeCloseTo(b[i]!, digits);
};

describe('the denoiser', () => {
  it('scales the input, guides, and subtracts the predicted noise', async () => {
    const { denoise, calls } = network();
    const sigma = 3;
    const { data } = await denoise(noisy, sigma);
    const scale = 1 / Math.hypot(1, sigma);
    near(
      data,
      noisy.data.map((x) => x - sigma * (0.1 * x * scale + 0.5 + 7 * 0.5)),
    );
    expect(calls).toHaveLength(1);
    expect(calls[0]!.latents.shape).toEqual([4, 4, 2, 2]);
    expect(calls[0]!.timesteps[0]).toBeCloseTo(model.sigmaToT(sigma), 3);
    expect(Array.from(calls[0]!.context.data)).toEqual([1, 1, 0.5, 0.5]);
  });

  it('understands v predictions: the same clean latent as from the noise they stand for', async () => {
    const sigma = 2.5;
    const root = Math.hypot(1, sigma);
    const eps = (x: number) => 0.3 * x - 0.2;
    const clean = noisy.data.map((x) => x - sigma * eps(x));
    const { denoise } = network({
      prediction: 'v',
      cfgScale: 1,
      // v = sqrt(alpha) eps - sqrt(1 - alpha) x0
      predict: (latents) =>
        Promise.resolve({
          data: noisy.data.map((x, i) => eps(x) / root - (sigma / root) * clean[i]!),
          shape: latents.shape,
        }),
    });
    near((await denoise(noisy, sigma)).data, clean);
  });

  it('leaves the negative prompt out at scale 1', async () => {
    const { denoise, calls } = network({ cfgScale: 1 });
    await denoise(noisy, 1);
    expect(calls[0]!.latents.shape[0]).toBe(2);
  });

  it('asks separately for contexts of different length, with the same answer', async () => {
    const { denoise, calls } = network({
      conditioning: () => ({
        positive: [[{ context: context(1, 2), weight: 1 }]],
        negative: [context(0.5)],
      }),
    });
    const apart = await denoise(noisy, 3);
    expect(calls.map((c) => c.context.shape)).toEqual([
      [2, 2, 1],
      [2, 1, 1],
    ]);
    expect(apart.data).toEqual((await network().denoise(noisy, 3)).data);
  });

  it('gives at most so many rows to a call, with the same answer', async () => {
    const { denoise, calls } = network({ maxRows: 1 });
    const { data } = await denoise(noisy, 3);
    expect(calls).toHaveLength(4);
    expect(data).toEqual((await network().denoise(noisy, 3)).data);
  });

  it('combines weighted parts, and tells calls apart', async () => {
    const seen: number[] = [];
    const { denoise } = network({
      cfgScale: 2,
      conditioning: (call) => {
        seen.push(call);
        return {
          positive: [
            [
              { context: context(1), weight: 0.5 },
              { context: context(2), weight: -1 },
            ],
          ],
          negative: [context(0)],
        };
      },
    });
    const zero: Latent = { data: new Float32Array(32), shape };
    near((await denoise(zero, 1)).data, new Float32Array(32).fill(-(2 * 0.5 - 2 * 2)));
    await denoise(zero, 1);
    expect(seen).toEqual([0, 1]);
  });

  it('adds extra channels behind the latent’s own, for every row', async () => {
    const extraChannels = { data: new Float32Array(20).fill(9), shape: [1, 5, 2, 2] };
    const { denoise, calls } = network({ extraChannels });
    const { data } = await denoise(noisy, 3);
    expect(calls[0]!.latents.shape).toEqual([4, 9, 2, 2]);
    expect(Array.from(calls[0]!.latents.data.slice(16, 36))).toEqual(
      Array.from({ length: 20 }, () => 9),
    );
    expect(data).toEqual((await network().denoise(noisy, 3)).data);
  });

  it('takes the timestep from the schedule where that defines it', async () => {
    const { denoise, calls } = network({ timestepOf: (sigma) => (sigma === 3 ? 500 : undefined) });
    await denoise(noisy, 3);
    await denoise(noisy, 2);
    expect(calls[0]!.timesteps[0]).toBe(500);
    expect(calls[1]!.timesteps[0]).toBeCloseTo(model.sigmaToT(2), 3);
  });
});

describe('masks', () => {
  const known = new Float32Array(16).fill(-3);
  const free = async () => (await network().denoise(noisy, 3)).data;

  it('keep known pixels in the prediction, greys in proportion', async () => {
    const mask = Float32Array.of(1, 0, 0.25, 1);
    const { denoise } = network({ blend: { kind: 'denoised', mask, known } });
    const { data } = await denoise(noisy, 3);
    const plain = await free();
    near(
      data,
      plain.map((v, i) => v * mask[i % 4]! - 3 * (1 - mask[i % 4]!)),
    );
  });

  it('may be shown to the network instead', async () => {
    const mask = Float32Array.of(1, 0, 0, 1);
    const { denoise, calls } = network({ blend: { kind: 'input', mask, known } });
    await denoise(noisy, 3);
    expect(calls[0]!.latents.data[1]).toBe(-3);
    expect(calls[0]!.latents.data[0]).toBeCloseTo(noisy.data[0]! / Math.hypot(1, 3), 5);
  });

  it('free a pixel when the share of timesteps left falls to its value', async () => {
    const mask = Float32Array.of(1, 0, 0.5, 0.75);
    const firstTimestep = 800;
    const { denoise } = network({ blend: { kind: 'differential', mask, known, firstTimestep } });
    const kept = async (timestep: number) => {
      const { data } = await denoise(noisy, model.tToSigma(timestep));
      return Array.from(data.slice(0, 4), (v) => v === -3);
    };
    expect(await kept(800)).toEqual([false, true, true, true]);
    expect(await kept(601)).toEqual([false, true, true, true]);
    expect(await kept(599)).toEqual([false, true, true, false]);
    expect(await kept(399)).toEqual([false, true, false, false]);
    expect(await kept(0)).toEqual([false, true, false, false]);
  });

  it('may be one per image', async () => {
    const mask = Float32Array.of(1, 1, 1, 1, 0, 0, 0, 0);
    const { denoise } = network({ blend: { kind: 'denoised', mask, known } });
    const { data } = await denoise(noisy, 3);
    expect(data.slice(0, 16)).toEqual((await free()).slice(0, 16));
    expect(data.slice(16).every((v) => v === -3)).toBe(true);
  });
});

describe('an edit model', () => {
  const shown = { data: Float32Array.from({ length: 16 }, (_, i) => i + 1), shape: [1, 4, 2, 2] };
  /** What the network answers is the context and, a tenth, the picture's first channel. */
  const seeing = (options: Partial<DenoiserOptions>) =>
    network({
      extraChannels: shown,
      predict: (latents, _t, contexts) => {
        const rows = latents.shape[0]!;
        const data = new Float32Array(rows * 16);
        for (let i = 0; i < data.length; i++) {
          const row = Math.floor(i / 16);
          data[i] = contexts.data[row]! + latents.data[row * 32 + 16 + (i % 4)]! / 10;
        }
        return Promise.resolve({ data, shape: [rows, 4, 2, 2] });
      },
      ...options,
    });
  const zero: Latent = { data: new Float32Array(32), shape };
  const picture = (i: number) => shown.data[i % 4]! / 10;

  it('is guided by the text among pictures and by the picture among none', async () => {
    const { denoise } = seeing({ imageScale: 1.5 });
    const { data } = await denoise(zero, 1);
    near(
      data,
      zero.data.map((_, i) => -(0.5 + 7 * 0.5 + 1.5 * picture(i))),
    );
  });

  it('is guided as any other at scale 1, and where no scale is told', async () => {
    for (const imageScale of [1, undefined]) {
      const { data } = await seeing({ imageScale }).denoise(zero, 1);
      near(
        data,
        zero.data.map((_, i) => -(0.5 + 7 * 0.5 + picture(i))),
      );
    }
  });

  it('takes AND parts together, and never leaves out what to avoid', async () => {
    const { denoise } = seeing({
      imageScale: 2,
      skipUnconditional: () => true,
      conditioning: () => ({
        positive: [
          [
            { context: context(1), weight: 1 },
            { context: context(3), weight: -0.5 },
          ],
        ],
        negative: [context(0)],
      }),
    });
    const { data } = await denoise(zero, 1);
    near(
      data,
      zero.data.map((_, i) => -(7 * (1 - 0.5 * 3) + 2 * picture(i))),
    );
  });
});

describe('what to avoid', () => {
  const rowsOf = async (options: Partial<DenoiserOptions>, count: number) => {
    const { denoise, calls } = network(options);
    for (let i = 0; i < count; i++) await denoise(noisy, 1);
    return calls.map((call) => call.latents.shape[0]! - 2);
  };

  it('is left out of every other call below a sigma, or of all', async () => {
    const below = { belowSigma: 2 };
    expect(await rowsOf({ skipUnconditional: skipUnconditional(below, 4) }, 4)).toEqual([
      2, 0, 2, 0,
    ]);
    const all = { ...below, everyCall: true };
    expect(await rowsOf({ skipUnconditional: skipUnconditional(all, 4) }, 2)).toEqual([0, 0]);
    const above = skipUnconditional({ belowSigma: 1 }, 4);
    expect(await rowsOf({ skipUnconditional: above }, 2)).toEqual([2, 2]);
  });

  it('is left out while the share of calls is not above', async () => {
    const early = skipUnconditional({ earlyShare: 0.5 }, 4);
    expect(await rowsOf({ skipUnconditional: early }, 4)).toEqual([0, 0, 0, 2]);
    expect(skipUnconditional({}, 4)).toBeUndefined();
  });

  it('is predicted and told where that is asked, also at scale 1', async () => {
    const { denoise, calls } = network({ cfgScale: 1, unconditional: 'always' });
    const { data, unconditional } = await denoise(noisy, 3);
    expect(calls[0]!.latents.shape[0]).toBe(4);
    near(data, (await network({ cfgScale: 1 }).denoise(noisy, 3)).data);
    const avoided = network({
      cfgScale: 1,
      conditioning: () => ({
        positive: [[{ context: context(0.5), weight: 1 }]],
        negative: [context(0)],
      }),
    });
    near(unconditional!.data, (await avoided.denoise(noisy, 3)).data);
  });
});

describe('a successor', () => {
  it('answers from the call on that it takes over, and stays', async () => {
    const asked: number[] = [];
    const successor = {
      predict: (latents: Tensor) =>
        Promise.resolve({ data: new Float32Array(latents.data.length), shape: latents.shape }),
      conditioning: (call: number) => {
        asked.push(call);
        return { positive: [[{ context: context(2), weight: 1 }]], negative: [context(0)] };
      },
      takesOver: (call: number) => call === 1,
    };
    const { denoise, calls } = network({ successor });
    await denoise(noisy, 3);
    for (let i = 0; i < 2; i++) {
      // It predicts no noise: what is noisy is clean.
      near((await denoise(noisy, 3)).data, noisy.data);
    }
    expect(calls).toHaveLength(1);
    expect(asked).toEqual([1, 2]);
  });
});
