/** The toy network of the sampler cases, and their option names. */
import type { SamplerOptions } from '../../service/engine/sampling/types.ts';
import type { Tensor } from '../../service/engine/tensor.ts';

export interface ToyNetwork {
  readonly a: number;
  readonly g: number;
  readonly h: number;
  readonly w: number;
  readonly l: number;
}

/** out = a*tanh(g*x + bias + h*cos(w*t)) + l*x; the bias of a row is its context's only value. */
export function toyPredict(
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

const names: Readonly<Record<string, string>> = {
  s_churn: 'sChurn',
  s_tmin: 'sTmin',
  s_tmax: 'sTmax',
  s_noise: 'sNoise',
  solver_type: 'solver',
  n: 'evaluations',
  uni_pc_order: 'order',
  uni_pc_variant: 'variant',
  uni_pc_lower_order_final: 'lowerOrderFinal',
};

const adaptiveNames: Readonly<Record<string, string>> = {
  rtol: 'rtol',
  atol: 'atol',
  h_init: 'firstWidth',
  pcoeff: 'proportional',
  icoeff: 'integral',
  dcoeff: 'derivative',
  accept_safety: 'acceptSafety',
};

/** A case's options by our names. */
export function samplerOptions(raw: Record<string, unknown>): SamplerOptions {
  const named = (of: (key: string) => string | undefined) =>
    Object.fromEntries(
      Object.entries(raw).flatMap(([key, value]) => {
        const name = of(key);
        return name === undefined ? [] : [[name, value] as const];
      }),
    );
  const adaptive = named((key) => adaptiveNames[key]);
  const lists = raw['restart_list'] as Record<string, [number, number, number]> | undefined;
  const restarts = Object.entries(lists ?? {}).map(([at, [levels, times, to]]) => ({
    at: Number(at),
    levels,
    times,
    to,
  }));
  return {
    ...named((key) =>
      key in adaptiveNames || key === 'restart_list' ? undefined : (names[key] ?? key),
    ),
    ...(Object.keys(adaptive).length > 0 ? { adaptive } : {}),
    ...(lists ? { restarts } : {}),
  };
}
