/** What a run did inside, collected as the cases state it. */
import type { DiffuseTrace } from '../../service/engine/diffuseTrace.ts';
import type { StepPlan } from '../../service/engine/sampling/steps.ts';
import type { Latent } from '../../service/engine/sampling/types.ts';

export interface Call {
  readonly x: Latent;
  readonly sigma: number;
  readonly denoised: Latent;
}

export interface Trace extends DiffuseTrace {
  readonly seen: {
    noise?: Float32Array;
    initial?: Float32Array | undefined;
    plan?: StepPlan;
    start?: Latent;
    sampled?: Latent;
    /** The call, from 0, from which the refiner answered. */
    refinedFrom?: number;
    readonly stepNoise: Float32Array[];
    readonly calls: Call[];
  };
}

export function makeTrace(): Trace {
  const seen: Trace['seen'] = { calls: [], stepNoise: [] };
  return {
    seen,
    noise: (noise) => void (seen.noise = noise.slice()),
    initial: (latent) => void (seen.initial = latent?.slice()),
    plan: (plan) => void (seen.plan = plan),
    start: (latent) => void (seen.start = copyOf(latent)),
    call: (x, sigma, denoised) =>
      void seen.calls.push({ x: copyOf(x), sigma, denoised: copyOf(denoised) }),
    stepNoise: (noise) => void seen.stepNoise.push(noise.slice()),
    refined: (call) => void (seen.refinedFrom = call),
    sampled: (latent) => void (seen.sampled = copyOf(latent)),
  };
}

export function copyOf(latent: Latent): Latent {
  return { data: latent.data.slice(), shape: latent.shape };
}

/** Several arrays as one, in order. */
export function joined(parts: readonly ArrayLike<number>[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Every generator step to its end. */
export async function finish<T>(
  run: AsyncGenerator<unknown, T>,
  each?: (step: unknown) => void,
): Promise<T> {
  let state = await run.next();
  while (state.done !== true) {
    each?.(state.value);
    state = await run.next();
  }
  return state.value;
}
