/** PNDM's calls: its steps' timesteps, with those of its beginning between them. */
import type { Levels } from '../sigmas/levels.ts';

const runs = 4;

/**
 * Without Runge-Kutta the second timestep is called twice. With it the first three steps have four calls
 * each: at their timestep, twice half a stride below, and at their end; fewer than four steps have no room
 * for that.
 */
export function pndmCalls(
  plain: Levels,
  options: {
    readonly skipsRungeKutta: boolean;
    readonly stride: number;
    readonly sigmaOf: (timestep: number) => number;
  },
): { readonly levels: Levels; readonly rungeKutta: number } {
  const { timesteps = [], sigmas } = plain;
  const leaves = options.skipsRungeKutta || timesteps.length < runs;
  const rungeKutta = leaves ? [] : rungeKuttaTimesteps(timesteps, options.stride);
  const [first, second, ...rest] = timesteps;
  const once = leaves
    ? [first, second, second, ...rest].filter((t) => t !== undefined)
    : timesteps.slice(runs - 1);
  const all = [...rungeKutta, ...once];
  return {
    levels: { ...plain, timesteps: all, sigmas: [...all.map(options.sigmaOf), sigmas.at(-1)!] },
    rungeKutta: rungeKutta.length,
  };
}

/** Of three steps from the first timesteps, descending. */
function rungeKuttaTimesteps(timesteps: readonly number[], stride: number): number[] {
  const half = Math.floor(stride / 2);
  return timesteps.slice(1, runs).flatMap((next, i) => {
    const middle = next + half;
    return [timesteps[i]!, middle, middle, next];
  });
}
