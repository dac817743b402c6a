/** What a sampler will do otherwise than asked: sentences for the plan. Pure. */
import { chooseSampling } from './chooseSampling.ts';
import type { SamplerEntry } from './samplers/registry.ts';
import { restartSteps } from './samplers/restart.ts';
import { uniPcOrder } from './samplers/uniPc.ts';
import { countSteps, type StepRequest } from './steps.ts';

export interface AskedSampling extends Pick<StepRequest, 'rule' | 'steps' | 'strength'> {
  readonly sampler: string;
  readonly schedule: string;
}

/** Throws E_SAMPLER_UNKNOWN, E_SCHEDULE_UNKNOWN. */
export function samplingNotes(asked: AskedSampling): string[] {
  const { sampler, named } = chooseSampling(asked);
  const { run } = countSteps(asked);
  const notes: string[] = [];
  if (named && sampler.space === 'timestep' && named.id !== sampler.schedule) {
    notes.push(`${sampler.name} works on the model’s own timesteps: ${named.label} is not used.`);
  }
  if (isEmptyInWebui(sampler, asked, run)) {
    notes.push(
      `AUTOMATIC1111 runs no step of ${sampler.name} here, so the result is noise: take more steps, more strength or another sampler.`,
    );
  }
  return [...notes, ...stepNotes(sampler, run)];
}

/** Its DDIM and kin leave the two lowest levels out, and the result stays as noisy as it began. */
function isEmptyInWebui(sampler: SamplerEntry, { rule, strength }: AskedSampling, run: number) {
  const webui = rule === 'webui' || rule === 'webui-exact';
  if (!webui || sampler.space !== 'timestep' || sampler.ownLevels) return false;
  return (strength === undefined ? run : run - 1) < 2;
}

function stepNotes(sampler: SamplerEntry, run: number): string[] {
  if (run < 1) return [];
  const { name } = sampler;
  if (name === 'DPM adaptive')
    return [`${name} chooses its steps itself: the number does not count.`];
  if (run === 1 && (sampler.noise === 'brownian' || sampler.betweenEnds)) {
    return [`With one step ${name} is a single plain prediction.`];
  }
  if (name === 'UniPC' && run < uniPcOrder) {
    return [`${name} looks back over ${uniPcOrder} steps: with ${run} it is less exact.`];
  }
  if (name === 'Restart' && run < restartSteps) {
    return [`${name} goes back only from ${restartSteps} steps on: with ${run} it is Heun.`];
  }
  return [];
}
