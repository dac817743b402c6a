/** The schedules of diffusers' schedulers, and what a strength leaves of them. */
import { modelSigmas } from '../../../service/engine/sampling/sigmas/modelSigmas.ts';
import { alphasCumprod } from '../../../service/engine/sampling/sigmas/noiseSchedule.ts';
import { diffusersAlphas } from '../../../service/engine/sampling/sigmas/diffusersAlphas.ts';
import { scheduleById } from '../../../service/engine/sampling/sigmas/registry.ts';
import { makeScheduler } from '../../../service/engine/sampling/schedulers/makeScheduler.ts';
import { readScheduler } from '../../../service/engine/sampling/schedulers/readScheduler.ts';
import { countSteps, planSteps } from '../../../service/engine/sampling/steps.ts';
import { Unsupported, type Case } from '../case.ts';
import { logs } from '../logs.ts';
import { schedulerLists } from '../schedulerLists.ts';

export function diffusersTable(c: Case): Record<string, unknown> {
  const table = diffusersAlphas({ zeroTerminalSnr: c.input['rescale_betas_zero_snr'] === true });
  return { alphas_cumprod: table.alphasCumprod, betas: table.betas };
}

type Config = Readonly<Record<string, unknown>>;

function schedulerOf(name: unknown, config: Config) {
  const found = readScheduler(String(name), config);
  if (!found) throw new Unsupported(`scheduler ${String(name)}`);
  return { found, set: (n: number) => makeScheduler(found, found.alphasCumprod, n) };
}

export function diffusersSchedule(c: Case): Record<string, unknown> {
  const { found, set } = schedulerOf(c.input['scheduler'], c.input['config'] as Config);
  const answers: Record<string, unknown> = {};
  for (const n of c.input['steps'] as number[]) {
    const { sigmas, timesteps, init } = schedulerLists(found, set(n));
    answers[`timesteps${n}`] = timesteps;
    answers[`sigmas${n}`] = sigmas;
    answers[`log_sigmas${n}`] = logs(sigmas);
    answers[`init${n}`] = init;
  }
  return answers;
}

export function diffusersStrengths(c: Case): Record<string, unknown> {
  const rows = c.input['rows'] as {
    scheduler: string;
    config: Config;
    steps: number;
    strength: number;
  }[];
  const answers = rows.map((row) => {
    const { found, set } = schedulerOf(row.scheduler, row.config);
    const { levels } = set(row.steps);
    const plan = planSteps({
      rule: 'diffusers',
      steps: row.steps,
      strength: row.strength,
      sampler: { space: 'sigma' },
      schedule: scheduleById('uniform'),
      model: modelSigmas(alphasCumprod()),
      levels: () => levels,
    });
    const left = countSteps({ rule: 'diffusers', steps: row.steps, strength: row.strength }).run;
    // Those that go by timesteps have no index.
    const indexed = found.schedule.kind !== 'ddim';
    return {
      left,
      evaluations: plan.steps,
      first: plan.steps === 0 ? -1 : plan.timesteps![0],
      begin_index: indexed ? (row.steps - left) * (levels.callsPerStep ?? 1) : -1,
    };
  });
  const names = ['left', 'evaluations', 'first', 'begin_index'] as const;
  return Object.fromEntries(names.map((name) => [name, answers.map((a) => a[name])]));
}
