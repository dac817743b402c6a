/** Samplers: one solver over an analytic denoiser, and whole chains over a toy network. */
import { makeDenoise } from '../../../service/engine/sampling/denoiser.ts';
import { imageNoise } from '../../../service/engine/sampling/noise/imageNoise.ts';
import { TorchGenerator } from '../../../service/engine/sampling/noise/torchGenerator.ts';
import { samplers } from '../../../service/engine/sampling/samplers/registry.ts';
import { modelSigmas } from '../../../service/engine/sampling/sigmas/modelSigmas.ts';
import { alphasCumprod } from '../../../service/engine/sampling/sigmas/noiseSchedule.ts';
import { findSchedule, scheduleById } from '../../../service/engine/sampling/sigmas/registry.ts';
import { finishedLatent, noisedStart } from '../../../service/engine/sampling/start.ts';
import { stepNoise } from '../../../service/engine/sampling/stepNoise.ts';
import { planSteps } from '../../../service/engine/sampling/steps.ts';
import { denoiserNeeds, levelsFor } from '../../../service/engine/sampling/samplerNeeds.ts';
import type { UniPcSkip } from '../../../service/engine/sampling/sigmas/uniPcLevels.ts';
import type { Tensor } from '../../../service/engine/tensor.ts';
import { plainName } from '../../../service/engine/sampling/sigmas/plainName.ts';
import type {
  Denoise,
  Latent,
  LatentData,
  NoiseSource,
  Sampler,
} from '../../../service/engine/sampling/types.ts';
import { Unsupported, type Case, type Checker } from '../case.ts';
import { samplerOptions, toyPredict, type ToyNetwork } from '../toyNetwork.ts';
import { diffusersChain } from './samplerDiffusers.ts';

export const check: Checker = (c) => {
  if (c.input['denoiser']) return analytic(c);
  if (c.input['dialect'] === 'webui' && c.input['rows']) return Promise.resolve(evaluations(c));
  if (c.input['dialect'] === 'webui' && c.input['network']) return webuiChain(c);
  if (c.input['dialect'] === 'diffusers' && c.input['network']) return diffusersChain(c);
  throw new Unsupported('whole chains of this program');
};

function samplerNamed(name: string): Sampler {
  const plain = plainName(name);
  const found = samplers.find((entry) =>
    [entry.name, ...entry.aliases].some((n) => plainName(n) === plain),
  );
  if (!found) throw new Unsupported(`sampler ${name}`);
  return found.sample;
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
    nfe: double.sigmas.length,
    n_accept: double.yields,
    ...adaptiveInfo(c, double),
  };
}

/** Every try of DPM adaptive takes as many evaluations as its order; only steps that are kept are told. */
function adaptiveInfo(c: Case, run: { readonly sigmas: number[]; readonly yields: number }) {
  const { order = 3 } = (c.input['options'] ?? {}) as { order?: number };
  const steps = run.sigmas.length / order;
  return { steps, n_reject: steps - run.yields };
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
  let yields = 0;
  for await (const step of sample(denoise, latent, sigmas, noise, options)) {
    latent = step.latent;
    yields++;
  }
  return { result: latent.data, yields, ...calls };
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
  'uni_pc_variant',
  'uni_pc_skip_type',
  'uni_pc_order',
  'uni_pc_lower_order_final',
];

async function webuiChain(c: Case): Promise<Record<string, unknown>> {
  const i = c.input;
  const o = i['options'] as Record<string, number | boolean | string>;
  const unknown = Object.keys(o).find((key) => !optionsInUse.includes(key));
  if (unknown) throw new Unsupported(`option ${unknown}`);
  const entry = samplers.find(({ name }) => name === i['sampler']);
  if (!entry) throw new Unsupported(`sampler ${String(i['sampler'])}`);
  const model = levelsFor(entry, modelSigmas(alphasCumprod()));
  const schedule = typeof i['scheduler'] === 'string' ? findSchedule(i['scheduler']) : undefined;
  const strength = i['denoising_strength'] as number | null;
  const plan = planSteps({
    rule: o['img2img_fix_steps'] === true ? 'webui-exact' : 'webui',
    steps: Number(i['steps']),
    ...(strength === null ? {} : { strength }),
    sampler: entry,
    schedule: schedule ?? scheduleById(entry.schedule),
    model,
    options: o['uni_pc_skip_type'] ? { uniPcSkip: o['uni_pc_skip_type'] as UniPcSkip } : {},
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
  const denoise = makeDenoise({
    ...denoiserNeeds(entry, plan, { model, cfgScale: Number(i['cfg_scale']) }),
    predict: (latents, timesteps, context) => {
      const kept = seeds.length;
      calls.count++;
      calls.t.push(timesteps[0]!);
      calls.x.push(...latents.data.subarray(0, kept * size));
      return Promise.resolve(toyPredict(i['network'] as ToyNetwork, latents, timesteps, context));
    },
    prediction: i['prediction'] === 'v' ? 'v' : 'epsilon',
    ...(o['enable_quantization'] === true ? { timestepOf: model.nearestT } : {}),
    conditioning: () => ({
      positive: (i['cond_bias'] as number[]).map((value) => [{ context: bias(value), weight: 1 }]),
      negative: (i['uncond_bias'] as number[]).map(bias),
    }),
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
    ...(entry.eta === undefined ? {} : { eta: entry.eta }),
    ...Object.fromEntries(Object.entries(o).filter(([key]) => /^(s|uni_pc)_/.test(key))),
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

/** How many evaluations the WebUI's samplers make over their own schedules. */
function evaluations(c: Case): Record<string, unknown> {
  const rows = c.input['rows'] as {
    sampler: string;
    steps: number;
    denoising_strength: number | null;
  }[];
  const model = modelSigmas(alphasCumprod());
  const counts = rows.map((row) => {
    const entry = samplers.find(({ name }) => name === row.sampler);
    if (!entry) throw new Unsupported(`sampler ${row.sampler}`);
    return planSteps({
      rule: 'webui',
      steps: row.steps,
      ...(row.denoising_strength === null ? {} : { strength: row.denoising_strength }),
      sampler: entry,
      schedule: scheduleById(entry.schedule),
      model: levelsFor(entry, model),
    }).evaluations;
  });
  return { evaluations: counts };
}
