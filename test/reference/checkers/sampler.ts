/** Samplers: one solver over an analytic denoiser, and whole chains over a toy network. */
import { makeDenoise } from '../../../service/engine/sampling/denoiser.ts';
import { imageNoise, sharedNoise } from '../../../service/engine/sampling/noise/imageNoise.ts';
import { TorchGenerator } from '../../../service/engine/sampling/noise/torchGenerator.ts';
import { lcm } from '../../../service/engine/sampling/samplers/lcm.ts';
import { samplers } from '../../../service/engine/sampling/samplers/registry.ts';
import { modelSigmas } from '../../../service/engine/sampling/sigmas/modelSigmas.ts';
import { alphasCumprod } from '../../../service/engine/sampling/sigmas/noiseSchedule.ts';
import { diffusersScheduler } from '../../../service/engine/sampling/sigmas/diffusersConfig.ts';
import { diffusersLevels } from '../../../service/engine/sampling/sigmas/diffusersLevels.ts';
import { findSchedule, scheduleById } from '../../../service/engine/sampling/sigmas/registry.ts';
import { finishedLatent, noisedStart } from '../../../service/engine/sampling/start.ts';
import { stepNoise } from '../../../service/engine/sampling/stepNoise.ts';
import { planSteps } from '../../../service/engine/sampling/steps.ts';
import { timestepLookup } from '../../../service/engine/sampling/sigmas/levels.ts';
import type { Tensor } from '../../../service/engine/tensor.ts';
import { plainName } from '../../../service/engine/sampling/sigmas/plainName.ts';
import type {
  Denoise,
  Latent,
  LatentData,
  NoiseSource,
  Sampler,
  SamplerOptions,
} from '../../../service/engine/sampling/types.ts';
import { Unsupported, type Case, type Checker } from '../case.ts';

export const check: Checker = (c) => {
  if (c.input['denoiser']) return analytic(c);
  if (c.input['dialect'] === 'webui' && c.input['network']) return webuiChain(c);
  if (c.input['dialect'] === 'diffusers' && c.input['network']) return diffusersChain(c);
  throw new Unsupported('whole chains of this program');
};

function samplerNamed(name: string): Sampler {
  if (name === 'lcm') return lcm;
  const plain = plainName(name);
  const found = samplers.find((entry) =>
    [entry.name, ...entry.aliases].some((n) => plainName(n) === plain),
  );
  if (!found) throw new Unsupported(`sampler ${name}`);
  return found.sample;
}

function samplerOptions(raw: Record<string, unknown>): SamplerOptions {
  const names: Record<string, string> = {
    s_churn: 'sChurn',
    s_tmin: 'sTmin',
    s_tmax: 'sTmax',
    s_noise: 'sNoise',
    solver_type: 'solver',
  };
  return Object.fromEntries(Object.entries(raw).map(([key, value]) => [names[key] ?? key, value]));
}

interface Analytic {
  readonly type: string;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly s: readonly number[];
  readonly mu: readonly number[];
}

function denoised(formula: Analytic, x: number, sigma: number, channel: number): number {
  if (formula.type === 'nonlinear') {
    return formula.a * Math.tanh(x / (1 + sigma)) + formula.b * Math.sin(formula.c * x);
  }
  const s2 = formula.s[channel]! ** 2;
  return (x * s2 + formula.mu[channel]! * sigma ** 2) / (s2 + sigma ** 2);
}

async function analytic(c: Case): Promise<Record<string, unknown>> {
  const x = c.tensor(c.input['x']);
  const double = await solve(c, Float64Array.from(x.data, Number), x.shape);
  const single = await solve(c, Float32Array.from(x.data, Number), x.shape);
  return {
    result: double.result,
    result32: single.result,
    call_sigmas: double.sigmas,
    call_x: double.inputs,
    noise_draws: double.queries.length / 2,
    noise_queries: double.queries,
  };
}

async function solve<A extends LatentData>(c: Case, data: A, shape: readonly number[]) {
  const formula = c.input['denoiser'] as Analytic;
  const sigmas = Array.from(c.tensor(c.input['sigmas']).data, Number);
  const generator = new TorchGenerator(Number(c.input['noise_seed']));
  const plane = shape[2]! * shape[3]!;
  const calls = { inputs: [] as number[], sigmas: [] as number[], queries: [] as number[] };
  const denoise: Denoise<A> = (noisy, sigma) => {
    calls.inputs.push(...noisy.data);
    calls.sigmas.push(sigma);
    const channels = shape[1]!;
    const values = noisy.data.map((v: number, i: number) =>
      denoised(formula, v, sigma, Math.floor(i / plane) % channels),
    );
    return Promise.resolve({ data: values as A, shape: noisy.shape });
  };
  const noise: NoiseSource = {
    next(sigma, sigmaNext) {
      calls.queries.push(sigma, sigmaNext);
      return generator.normal(data.length);
    },
  };
  let latent: Latent<A> = { data, shape: shape as [number, number, number, number] };
  const options = samplerOptions((c.input['options'] ?? {}) as Record<string, unknown>);
  const sample = samplerNamed(String(c.input['sampler']));
  for await (const step of sample(denoise, latent, sigmas, noise, options)) latent = step.latent;
  return { result: latent.data, ...calls };
}

interface ToyNetwork {
  readonly a: number;
  readonly g: number;
  readonly h: number;
  readonly w: number;
  readonly l: number;
}

/** out = a*tanh(g*x + bias + h*cos(w*t)) + l*x; the bias of a row is its context's only value. */
function toyPredict(
  network: ToyNetwork,
  latents: Tensor,
  timesteps: Float32Array,
  context: Tensor,
) {
  const { a, g, h, w, l } = network;
  const image = latents.data.length / timesteps.length;
  const data = latents.data.map((x, i) => {
    const row = Math.floor(i / image);
    const shift = context.data[row]! + h * Math.cos(w * timesteps[row]!);
    return a * Math.tanh(g * x + shift) + l * x;
  });
  return { data, shape: latents.shape };
}

const optionsInUse = [
  'randn_source',
  'eta_noise_seed_delta',
  's_churn',
  's_tmin',
  's_tmax',
  's_noise',
  'img2img_extra_noise',
  'sgm_noise_multiplier',
  'img2img_fix_steps',
  'enable_quantization',
];

async function webuiChain(c: Case): Promise<Record<string, unknown>> {
  const i = c.input;
  const o = i['options'] as Record<string, number | boolean | string>;
  const unknown = Object.keys(o).find((key) => !optionsInUse.includes(key));
  if (unknown) throw new Unsupported(`option ${unknown}`);
  const entry = samplers.find(({ name }) => name === i['sampler']);
  if (!entry) throw new Unsupported(`sampler ${String(i['sampler'])}`);
  const model = modelSigmas(alphasCumprod());
  const schedule = typeof i['scheduler'] === 'string' ? findSchedule(i['scheduler']) : undefined;
  const strength = i['denoising_strength'] as number | null;
  const plan = planSteps({
    rule: o['img2img_fix_steps'] === true ? 'webui-exact' : 'webui',
    steps: Number(i['steps']),
    ...(strength === null ? {} : { strength }),
    sampler: entry,
    schedule: schedule ?? scheduleById(entry.schedule),
    model,
  });
  const source = o['randn_source'] === 'NV' ? ('nv' as const) : ('cpu' as const);
  const seeds = i['seeds'] as number[];
  const [channels, height, width] = i['shape'] as [number, number, number];
  const size = channels * height * width;
  const noise = imageNoise({
    source,
    shape: [channels, height, width],
    seeds,
    etaNoiseSeedDelta: entry.usesSeedDelta ? Number(o['eta_noise_seed_delta'] ?? 0) : 0,
  });
  const bias = (value: number): Tensor => ({ data: Float32Array.of(value), shape: [1, 1, 1] });
  const calls = { t: [] as number[], x: [] as number[], count: 0 };
  const lookup = timestepLookup(plan);
  const denoise = makeDenoise({
    predict: (latents, timesteps, context) => {
      const kept = seeds.length;
      calls.count++;
      calls.t.push(timesteps[0]!);
      calls.x.push(...latents.data.subarray(0, kept * size));
      return Promise.resolve(toyPredict(i['network'] as ToyNetwork, latents, timesteps, context));
    },
    prediction: i['prediction'] === 'v' ? 'v' : 'epsilon',
    model,
    ...(o['enable_quantization'] === true ? { timestepOf: model.nearestT } : {}),
    ...(lookup ? { timestepOf: lookup } : {}),
    conditioning: () => ({
      positive: (i['cond_bias'] as number[]).map((value) => [{ context: bias(value), weight: 1 }]),
      negative: (i['uncond_bias'] as number[]).map(bias),
    }),
    cfgScale: Number(i['cfg_scale']),
  });
  const initial = i['init_latent']
    ? Float32Array.from(c.tensor(i['init_latent']).data, Number)
    : undefined;
  const start = noisedStart({
    plan,
    noise: noise.next(),
    shape: [seeds.length, channels, height, width],
    ...(initial ? { initial } : {}),
    extraNoise: Number(o['img2img_extra_noise'] ?? 0),
    sgmNoise: o['sgm_noise_multiplier'] === true,
  });
  const options = samplerOptions({
    ...Object.fromEntries(Object.entries(o).filter(([key]) => key.startsWith('s_'))),
    ...(i['request'] as object),
  });
  const run = entry.sample(
    denoise,
    start,
    plan.sigmas,
    stepNoise({ sampler: entry, plan, source, seeds, size, following: noise }),
    options,
  );
  let latent = start;
  for await (const step of run) latent = step.latent;
  return {
    result: finishedLatent(latent, plan).data,
    evaluations: calls.count,
    net_t: calls.t,
    net_x: calls.x,
  };
}

async function diffusersChain(c: Case): Promise<Record<string, unknown>> {
  const i = c.input;
  const config = i['config'] as Readonly<Record<string, unknown>>;
  const found = diffusersScheduler(i['scheduler'] as string, config);
  if (!found) throw new Unsupported(`scheduler ${String(i['scheduler'])}`);
  const entry = samplers.find(({ name }) => name === found.sampler)!;
  const model = modelSigmas(found.alphasCumprod);
  const begin = Number(i['start']);
  const steps = Number(i['steps']);
  const plan = planSteps({
    rule: 'diffusers',
    steps,
    ...(begin > 0 ? { strength: (steps - begin + 0.5) / steps } : {}),
    sampler: entry,
    schedule: scheduleById('uniform'),
    model,
    levels: (n) => diffusersLevels(found.schedule, found.alphasCumprod, n),
  });
  const shape = i['shape'] as [number, number, number, number];
  const generator = new TorchGenerator(Number(i['seed']));
  const noise = sharedNoise(generator, shape[0] * shape[1] * shape[2] * shape[3]);
  const calls = { t: [] as number[], x: [] as number[] };
  const lookup = timestepLookup(plan);
  const denoise = makeDenoise({
    predict: (latents, timesteps, context) => {
      calls.t.push(timesteps[0]!);
      calls.x.push(...latents.data);
      return Promise.resolve(toyPredict(i['network'] as ToyNetwork, latents, timesteps, context));
    },
    prediction: found.prediction,
    model,
    ...(lookup ? { timestepOf: lookup } : {}),
    conditioning: () => ({
      positive: [
        [{ context: { data: Float32Array.of(Number(i['bias'])), shape: [1, 1, 1] }, weight: 1 }],
      ],
      negative: [],
    }),
    cfgScale: 1,
  });
  const initial = Float32Array.from(c.tensor(i['init_latent']).data, Number);
  const start = noisedStart({
    plan,
    noise: noise.next(),
    shape,
    ...(begin > 0 ? { initial } : {}),
  });
  const options = samplerOptions(i['step_arguments'] as Record<string, unknown>);
  let latent = start;
  for await (const step of entry.sample(denoise, start, plan.sigmas, noise, options)) {
    latent = step.latent;
  }
  return { result: finishedLatent(latent, plan).data, net_t: calls.t, net_x: calls.x };
}
