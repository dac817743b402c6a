/** Sigmas: the model's table, conversions, schedules, what a strength leaves. */
import { samplers } from '../../../service/engine/sampling/samplers/registry.ts';
import { ddimTimesteps, sigmaLevels } from '../../../service/engine/sampling/sigmas/levels.ts';
import {
  modelSigmas,
  type ModelSigmas,
} from '../../../service/engine/sampling/sigmas/modelSigmas.ts';
import {
  alphasCumprod,
  downcastAlphas,
  zeroTerminalSnr,
} from '../../../service/engine/sampling/sigmas/noiseSchedule.ts';
import {
  consistencyBoundary,
  consistencySigmas,
} from '../../../service/engine/sampling/sigmas/consistency.ts';
import { levelsFor } from '../../../service/engine/sampling/samplerNeeds.ts';
import { findSchedule, scheduleById } from '../../../service/engine/sampling/sigmas/registry.ts';
import { countSteps, planSteps, type StepRule } from '../../../service/engine/sampling/steps.ts';
import { Unsupported, type Case, type Checker } from '../case.ts';
import { logs } from '../logs.ts';
import { diffusersSchedule, diffusersStrengths, diffusersTable } from './sigmasDiffusers.ts';

export const check: Checker = (c) => Promise.resolve(answer(c));

function answer(c: Case): Record<string, unknown> {
  const i = c.input;
  if (i['dialect'] === 'diffusers') return i['rows'] ? diffusersStrengths(c) : diffusersSchedule(c);
  if (i['rescale_betas_zero_snr'] !== undefined) {
    return diffusersTable(c);
  }
  if (i['prediction']) return scalings(c);
  if (i['of_sigma']) return conversions(c);
  if (i['beta_start']) return table(c);
  if (i['rows']) return strengths(c);
  if (i['samplers']) return automatic(c);
  if (Array.isArray(i['steps'])) return manySteps(c);
  return overridden(c);
}

function modelNamed(name: unknown): ModelSigmas {
  switch (name) {
    case 'sd':
    case 'sdxl':
    case 'sd2-v':
      return modelSigmas(alphasCumprod());
    case 'sd-downcast':
      return modelSigmas(downcastAlphas(alphasCumprod()));
    case 'zero-snr':
      return modelSigmas(zeroTerminalSnr(alphasCumprod()));
    default:
      throw new Unsupported(`model ${String(name)}`);
  }
}

const numbers = (c: Case, name: string) =>
  Array.from(c.tensor(c.input[name]).data as ArrayLike<number | bigint>, Number);

function table(c: Case): Record<string, unknown> {
  const model = modelNamed(c.input['variant']);
  return {
    alphas_cumprod: model.alphasCumprod,
    sigmas: model.sigmas,
    log_sigmas: logs(model.sigmas),
  };
}

function conversions(c: Case): Record<string, unknown> {
  if (c.input['variant'] === 'lcm') return consistency(c);
  const model = modelNamed(c.input['variant']);
  const toT = c.input['quantize'] === true ? model.nearestT : model.sigmaToT;
  return {
    t: numbers(c, 'of_sigma').map((sigma) => toT(sigma)),
    sigma: numbers(c, 'of_t').map((t) => model.tToSigma(t)),
  };
}

/** The 50 levels of a consistency model, its boundary and its own schedule. */
function consistency(c: Case): Record<string, unknown> {
  const model = consistencySigmas(modelNamed('sd'));
  const sigmas = numbers(c, 'of_sigma');
  const boundaries = sigmas.map((sigma) => consistencyBoundary(model.sigmaToT(sigma)));
  const schedules = (c.input['n'] as number[]).map((n) => [
    `sigmas${n}`,
    sigmaLevels(n, {}, scheduleById('uniform'), model),
  ]);
  return {
    t: sigmas.map((sigma) => model.sigmaToT(sigma)),
    sigma: numbers(c, 'of_t').map((t) => model.tToSigma(t)),
    scaled_out: boundaries.map(({ out }) => out),
    scaled_skip: boundaries.map(({ skip }) => skip),
    grid: model.sigmas,
    ...(Object.fromEntries(schedules) as Record<string, number[]>),
  };
}

function scalings(c: Case): Record<string, unknown> {
  const sigmas = numbers(c, 'of_sigma');
  const v = c.input['prediction'] === 'v';
  return {
    c_skip: sigmas.map((s) => 1 / (s * s + 1)),
    c_out: sigmas.map((s) => (v ? -s / Math.hypot(s, 1) : -s)),
    c_in: sigmas.map((s) => 1 / Math.hypot(s, 1)),
  };
}

const samplerNamed = (name: unknown) => samplers.find((entry) => entry.name === name);

function automatic(c: Case): Record<string, unknown> {
  const model = modelNamed(c.input['model']);
  const answers: Record<string, unknown> = {};
  for (const name of c.input['samplers'] as string[]) {
    const entry = samplerNamed(name);
    if (!entry) throw new Unsupported(`sampler ${name}`);
    answers[name] = sigmaLevels(
      Number(c.input['steps']),
      entry,
      scheduleById(entry.schedule),
      levelsFor(entry, model),
    );
  }
  return answers;
}

function manySteps(c: Case): Record<string, unknown> {
  const steps = c.input['steps'] as number[];
  if (!c.input['schedule']) {
    return Object.fromEntries(steps.map((n) => [`steps${n}`, ddimTimesteps(n)]));
  }
  const model = modelNamed(c.input['model']);
  const family = c.input['model'] === 'sdxl' ? ('sdxl' as const) : ('sd1' as const);
  const schedule = findSchedule(c.input['schedule'] as string)!;
  const entries = steps.flatMap((n) => {
    const sigmas = sigmaLevels(n, samplerNamed(c.input['sampler'])!, schedule, model, { family });
    return [
      [`steps${n}`, sigmas],
      [`log_steps${n}`, logs(sigmas)],
    ] as const;
  });
  return Object.fromEntries(entries);
}

function overridden(c: Case): Record<string, unknown> {
  const o = c.input['options'] as Record<string, number | boolean | undefined>;
  const old = o['use_old_karras_scheduler_sigmas'] === true;
  const number = (name: string) => (typeof o[name] === 'number' ? o[name] : undefined);
  const [low, high] = [
    number('sigma_min') ?? (old ? 0.1 : 0),
    number('sigma_max') ?? (old ? 10 : 0),
  ];
  const [alpha, betaB] = [number('beta_dist_alpha'), number('beta_dist_beta')];
  const sigmas = sigmaLevels(
    Number(c.input['steps']),
    samplerNamed(c.input['sampler'])!,
    findSchedule(c.input['schedule'] as string)!,
    modelNamed(c.input['model']),
    {
      sigmaMin: low,
      sigmaMax: high,
      rho: number('rho') ?? 0,
      ...(alpha === undefined ? {} : { betaAlpha: alpha }),
      ...(betaB === undefined ? {} : { betaBeta: betaB }),
      dropPenultimate: o['always_discard_next_to_last_sigma'] === true,
    },
  );
  return { sigmas, log_sigmas: logs(sigmas) };
}

function strengths(c: Case): Record<string, unknown> {
  const model = modelNamed('sd');
  const rows = c.input['rows'] as { steps: number; strength: number; fix_steps: boolean }[];
  const answers = rows.map((row) => {
    const rule: StepRule = row.fix_steps ? 'webui-exact' : 'webui';
    const request = {
      rule,
      steps: row.steps,
      strength: row.strength,
      schedule: findSchedule(c.input['schedule'] as string)!,
      model,
    };
    const { total, run } = countSteps(request);
    const k = planSteps({ ...request, sampler: { space: 'sigma' } });
    const t = planSteps({ ...request, sampler: { space: 'timestep' } });
    // The original raises when a timestep list has no stride: -1 in the case.
    const none = total === 0 || total > 1000;
    return {
      total,
      t_enc: total === 0 ? row.steps - 1 : run - 1,
      sigma_count: k.sigmas.length,
      first_sigma: k.sigmas[0],
      timesteps: none ? -1 : t.whole.length,
      noised_to: none ? -1 : Math.round(model.sigmaToT(t.noiseSigma)),
      first_evaluated: none || run < 2 ? -1 : Math.round(model.sigmaToT(t.sigmas[0]!)),
      evaluations: none ? -1 : t.steps,
    };
  });
  const names = Object.keys(answers[0]!) as (keyof (typeof answers)[number])[];
  return Object.fromEntries(names.map((name) => [name, answers.map((a) => a[name])]));
}
