/** A scheduler's lists as diffusers keeps them. */
import type { Scheduler } from '../../service/engine/sampling/schedulers/makeScheduler.ts';
import type { DiffusersScheduler } from '../../service/engine/sampling/schedulers/readScheduler.ts';

export interface SchedulerLists {
  readonly timesteps: readonly number[];
  readonly sigmas: readonly number[];
  readonly init: number | undefined;
}

/** Ours has a level for each call; diffusers keeps the middles of steps elsewhere, and more zeros. */
export function schedulerLists(
  { solver, schedule }: DiffusersScheduler,
  { levels }: Scheduler,
): SchedulerLists {
  const { sigmas, timesteps = [], preserving, noiseScale } = levels;
  const init = preserving ? 1 : noiseScale;
  const twice = () =>
    sigmas.slice(0, -1).flatMap((s, i) => (i % 2 === 1 ? [] : i === 0 ? [s] : [s, s]));
  const zero = sigmas.at(-1)!;
  if (solver.kind === 'dpm-sde') return { timesteps, init, sigmas: [...twice(), zero] };
  if (solver.kind === 'kdpm2' || solver.kind === 'kdpm2-ancestral') {
    return { timesteps, init, sigmas: [...twice(), zero, zero, zero] };
  }
  // This interpolation has a level too many, and the 0 after it is never reached.
  const beyond = schedule.interpolation === 'log_linear' && !schedule.sigmas;
  return { timesteps, init, sigmas: beyond ? [...sigmas, 0] : sigmas };
}
