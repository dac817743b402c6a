import { describe, expect, it } from 'vitest';
import { makeDenoise, type DenoiserOptions } from '../../../service/engine/sampling/denoiser.ts';
import { denoiserNeeds, levelsFor } from '../../../service/engine/sampling/samplerNeeds.ts';
import { findSampler } from '../../../service/engine/sampling/samplers/registry.ts';
import { modelSigmas } from '../../../service/engine/sampling/sigmas/modelSigmas.ts';
import { alphasCumprod } from '../../../service/engine/sampling/sigmas/noiseSchedule.ts';
import { scheduleById } from '../../../service/engine/sampling/sigmas/registry.ts';
import { planSteps, type StepPlan } from '../../../service/engine/sampling/steps.ts';
import type { Denoise, Latent } from '../../../service/engine/sampling/types.ts';

const trained = modelSigmas(alphasCumprod());
const shape: Latent['shape'] = [1, 1, 1, 2];
const noisy: Latent = { data: Float32Array.of(3, -2), shape };

function setUp(name: string, rule: 'webui' | 'scaled' = 'webui') {
  const { entry } = findSampler(name);
  const model = levelsFor(entry, trained);
  const schedule = scheduleById(entry.schedule);
  const plan = planSteps({ rule, steps: 6, sampler: entry, schedule, model });
  return { entry, plan, needs: denoiserNeeds(entry, plan, { model, cfgScale: 5 }) };
}

/** A network that answers its input times 0.1, plus the context. */
function denoiseWith(needs: Partial<DenoiserOptions>, prediction: 'epsilon' | 'v' = 'epsilon') {
  const timesteps: number[] = [];
  const context = (value: number) => ({ data: Float32Array.of(value), shape: [1, 1, 1] });
  const denoise = makeDenoise({
    predict: (latents, ts, contexts) => {
      timesteps.push(ts[0]!);
      const size = latents.data.length / ts.length;
      const data = latents.data.map((x, i) => 0.1 * x + contexts.data[Math.floor(i / size)]!);
      return Promise.resolve({ data, shape: latents.shape });
    },
    prediction,
    model: trained,
    conditioning: () => ({
      positive: [[{ context: context(1), weight: 1 }]],
      negative: [context(0.5)],
    }),
    cfgScale: 5,
    ...needs,
  });
  return { denoise, timesteps };
}

describe('what a sampler asks of the denoiser', () => {
  it('is nothing for most', () => {
    const { needs } = setUp('Euler');
    expect(needs).toEqual({ model: trained, cfgScale: 5 });
  });

  it('is a consistency model for LCM: its levels, whole timesteps, its boundary', async () => {
    const { needs, plan } = setUp('LCM');
    expect(needs.model.sigmas).toHaveLength(50);
    const { denoise, timesteps } = denoiseWith(needs);
    for (const sigma of plan.sigmas.slice(0, -1)) await denoise(noisy, sigma);
    expect(timesteps[0]).toBe(999);
    expect(timesteps.every((t) => (t + 1) % 20 === 0)).toBe(true);
    const bound = denoiseWith({ boundary: () => ({ skip: 0.25, out: 0.5 }) });
    const plain = await denoiseWith({}).denoise(noisy, 2);
    const { data } = await bound.denoise(noisy, 2);
    expect(data[0]).toBeCloseTo(0.25 * noisy.data[0]! + 0.5 * plain.data[0]!, 5);
  });

  it('is the unconditional prediction and a low scale for DDIM CFG++', async () => {
    const { needs } = setUp('DDIM CFG++');
    expect(needs).toMatchObject({ unconditional: 'always', cfgScale: 0.4 });
    const { unconditional } = await denoiseWith({ ...needs, cfgScale: 1 }).denoise(noisy, 2);
    expect(unconditional).toBeDefined();
  });

  it('is fractional timesteps for UniPC as AUTOMATIC1111 runs it, its own ones for ours', () => {
    const fractional = (plan: StepPlan) => plan.timesteps!.some((t) => !Number.isInteger(t));
    const webui = setUp('UniPC');
    expect(fractional(webui.plan)).toBe(true);
    const sigma = webui.plan.sigmas[1]!;
    expect(webui.needs.velocitySigma?.(sigma)).toBe(
      trained.sigmas[Math.trunc(webui.plan.timesteps![1]!)],
    );
    const ours = setUp('UniPC', 'scaled');
    expect(fractional(ours.plan)).toBe(false);
    expect(ours.needs.velocitySigma).toBeUndefined();
    expect(ours.plan.sigmas.at(-1)).toBe(0);
  });

  it('turns v into noise by another sigma where asked', async () => {
    const own = await denoiseWith({}, 'v').denoise(noisy, 2);
    const same = await denoiseWith({ velocitySigma: (sigma) => sigma }, 'v').denoise(noisy, 2);
    const other = await denoiseWith({ velocitySigma: () => 1.9 }, 'v').denoise(noisy, 2);
    expect(same.data).toEqual(own.data);
    expect(other.data[0]).not.toBeCloseTo(own.data[0]!, 3);
    expect(other.data[0]).toBeCloseTo(own.data[0]!, 0);
  });
});

describe('CFG++', () => {
  const sigmas = scheduleById('karras').sigmas({ ...trained, model: trained, n: 5 });
  const noise = { next: () => Float32Array.of(0.5, -0.25) };

  async function result(name: string, denoise: Denoise) {
    let { data } = noisy;
    const { entry } = findSampler(name);
    const options = entry.eta === undefined ? {} : { eta: entry.eta };
    for await (const { latent } of entry.sample(denoise, noisy, sigmas, noise, options)) {
      ({ data } = latent);
    }
    return data;
  }

  it.each([
    ['DDIM CFG++', 'DDIM'],
    ['Euler CFG++', 'Euler'],
    ['Euler a CFG++', 'Euler a'],
    ['DPM++ 2M CFG++', 'DPM++ 2M'],
  ])('without guidance makes %s the same as %s', async (name, plain) => {
    const denoise: Denoise = ({ data }, sigma) => {
      const clean = { data: data.map((x) => x / (1 + sigma ** 2) + 0.2), shape };
      return Promise.resolve({ ...clean, unconditional: clean });
    };
    const guided: Denoise = async (x, sigma) => {
      const { data } = await denoise(x, sigma);
      return { data: data.map((v) => v + 0.1), shape, unconditional: { data, shape } };
    };
    const [own, other] = [await result(name, denoise), await result(plain, denoise)];
    for (const [i, value] of own.entries()) expect(value).toBeCloseTo(other[i]!, 5);
    expect(await result(name, guided)).not.toEqual(await result(plain, guided));
  });
});
