/** Guidance: combinations of predictions, and the whole denoiser over a toy network. */
import { makeDenoise, type DenoiserOptions } from '../../../service/engine/sampling/denoiser.ts';
import {
  combineEdit,
  combineGuidance,
  projectedGuidance,
  rescaleGuidance,
  skipUnconditional,
} from '../../../service/engine/sampling/guidance.ts';
import { modelSigmas } from '../../../service/engine/sampling/sigmas/modelSigmas.ts';
import { alphasCumprod } from '../../../service/engine/sampling/sigmas/noiseSchedule.ts';
import type { Latent } from '../../../service/engine/sampling/types.ts';
import type { Tensor } from '../../../service/engine/tensor.ts';
import { Unsupported, type Case, type Checker } from '../case.ts';
import { toyPredict, type ToyNetwork } from '../toyNetwork.ts';

export const check: Checker = (c) => {
  switch (c.input['function']) {
    case 'combine':
      return Promise.resolve(combine(c));
    case 'edit':
      return Promise.resolve(edit(c));
    case 'rescale':
      return Promise.resolve(rescale(c));
    case 'apg':
      return Promise.resolve(projected(c));
    case 'forward':
      return forward(c);
    default:
      throw new Unsupported(`guidance ${String(c.input['function'])}`);
  }
};

function floats(c: Case, reference: unknown): { data: Float32Array; shape: readonly number[] } {
  const { data, shape } = c.tensor(reference);
  return { data: data as Float32Array, shape };
}

function rowsOf({ data, shape }: { data: Float32Array; shape: readonly number[] }): Float32Array[] {
  const size = data.length / shape[0]!;
  return Array.from({ length: shape[0]! }, (_, i) => data.slice(i * size, (i + 1) * size));
}

function joined(rows: readonly Float32Array[]): number[] {
  return rows.flatMap((row) => Array.from(row));
}

function combine(c: Case): Record<string, unknown> {
  const rows = rowsOf(floats(c, c.input['outputs']));
  const weights = c.input['weights'] as number[][];
  const conditions = weights.flat().length;
  let at = 0;
  const images = weights.map((parts, image) =>
    combineGuidance(
      parts.map((weight) => ({ values: rows[at++]!, weight })),
      rows[conditions + image]!,
      Number(c.input['cfg_scale']),
    ),
  );
  return { result: joined(images) };
}

function edit(c: Case): Record<string, unknown> {
  const rows = rowsOf(floats(c, c.input['outputs']));
  const count = rows.length / 3;
  const images = Array.from({ length: count }, (_, i) =>
    combineEdit(
      {
        conditions: [{ values: rows[i]!, weight: 1 }],
        picture: rows[count + i]!,
        nothing: rows[2 * count + i]!,
      },
      Number(c.input['cfg_scale']),
      Number(c.input['image_cfg_scale']),
    ),
  );
  return { result: joined(images) };
}

function rescale(c: Case): Record<string, unknown> {
  const conditional = rowsOf(floats(c, c.input['cond']));
  const unconditional = rowsOf(floats(c, c.input['uncond']));
  const images = conditional.map((values, i) => {
    const scale = Number(c.input['cfg_scale']);
    const guided = combineGuidance([{ values, weight: 1 }], unconditional[i]!, scale);
    return rescaleGuidance(guided, values, Number(c.input['guidance_rescale']));
  });
  return { result: joined(images) };
}

/** Successive steps along the first axis, one momentum. */
function projected(c: Case): Record<string, unknown> {
  const i = c.input;
  const conditional = rowsOf(floats(c, i['cond']));
  const unconditional = rowsOf(floats(c, i['uncond']));
  const images = floats(c, i['cond']).shape[1]!;
  const guidances = Array.from({ length: images }, () =>
    projectedGuidance({
      scale: Number(i['cfg_scale']),
      eta: Number(i['eta']),
      momentum: i['momentum'] === null ? 0 : Number(i['momentum']),
      threshold: Number(i['norm_threshold']),
      aroundConditional: i['use_original_formulation'] === true,
    }),
  );
  const result = conditional.flatMap((step, k) => {
    const size = step.length / images;
    return guidances.flatMap((guide, b) => {
      const [from, to] = [b * size, (b + 1) * size];
      return Array.from(guide(step.slice(from, to), unconditional[k]!.slice(from, to)));
    });
  });
  return { result };
}

/** The whole guidance module: one denoiser, called once per sigma. */
async function forward(c: Case): Promise<Record<string, unknown>> {
  const i = c.input;
  const o = i['options'] as Record<string, number | boolean>;
  const x = floats(c, i['x']);
  const shape = x.shape.slice(1) as unknown as Latent['shape'];
  const model = modelSigmas(alphasCumprod());
  const timesteps = i['timesteps'] as number[] | undefined;
  const sigmas = (timesteps ?? (i['sigmas'] as number[])).map((v) =>
    timesteps ? model.sigmas[v]! : v,
  );
  const rowsSeen: number[] = [];
  const context = (bias: number): Tensor => ({ data: Float32Array.of(bias), shape: [1, 1, 1] });
  const weights = i['weights'] as number[][];
  const biases = i['cond_bias'] as number[][];
  const skip = skipUnconditional(
    {
      belowSigma: Number(i['s_min_uncond']),
      everyCall: o['s_min_uncond_all'] === true,
      earlyShare: Number(o['skip_early_cond'] ?? 0),
    },
    Number(i['total_steps']),
  );
  const picture = i['image_cond'] ? floats(c, i['image_cond']) : undefined;
  const network = i['network'] as ToyNetwork;
  const mask = i['mask'] ? floats(c, i['mask']) : undefined;
  const known = i['init_latent'] ? floats(c, i['init_latent']) : undefined;
  const plane = shape[2] * shape[3];
  const options: DenoiserOptions = {
    predict: (latents, t, contexts) => {
      rowsSeen[rowsSeen.length - 1]! += t.length;
      const seen = withPicture(latents, contexts);
      return Promise.resolve(toyPredict(network, seen.latents, t, seen.contexts));
    },
    // As the original, which has it computed where nothing depends on it.
    unconditional: 'always',
    ...(picture ? { extraChannels: { data: picture.data, shape: picture.shape } } : {}),
    imageScale: i['image_cfg_scale'] === null ? 1 : Number(i['image_cfg_scale']),
    prediction: 'epsilon',
    model,
    ...(timesteps ? { timestepOf: (sigma) => timesteps[sigmas.indexOf(sigma)] } : {}),
    conditioning: () => ({
      positive: weights.map((parts, image) =>
        parts.map((weight, k) => ({ weight, context: context(biases[image]![k]!) })),
      ),
      negative: (i['uncond_bias'] as number[]).map(context),
    }),
    cfgScale: Number(i['cfg_scale']),
    skipUnconditional: skip,
    ...(o['batch_cond_uncond'] === false ? { maxRows: 1 } : {}),
    ...(mask && known
      ? {
          blend: {
            kind: timesteps ? ('input' as const) : ('denoised' as const),
            mask: onePlane(mask, plane, shape[0]),
            known: known.data,
          },
        }
      : {}),
  };
  const kept: number[] = [];
  const scaleOf = (sigma: number) => (timesteps ? Math.hypot(1, sigma) : 1);
  const denoise = makeDenoise({ ...options, onConditional: ({ data }) => kept.push(...data) });
  const result: number[] = [];
  const size = x.data.length / sigmas.length;
  for (const [k, sigma] of sigmas.entries()) {
    rowsSeen.push(0);
    // The timestep flavour works on variance-preserving latents and answers eps.
    const data = x.data.slice(k * size, (k + 1) * size).map((v) => v * scaleOf(sigma));
    const denoised = await denoise({ data, shape }, sigma);
    for (const [n, clean] of denoised.data.entries()) {
      result.push(timesteps ? (data[n]! - clean) / sigma : clean);
    }
  }
  return { result, network_rows: rowsSeen, last_latent: kept };
}

/** An edit model of the cases: a tenth of the mean of each row's picture is added to its bias. */
function withPicture(latents: Tensor, contexts: Tensor): { latents: Tensor; contexts: Tensor } {
  const [rows, channels, ...plane] = latents.shape as [number, number, number, number];
  if (channels === 4) return { latents, contexts };
  const row = latents.data.length / rows;
  const own = (row / channels) * 4;
  const data = new Float32Array(rows * own);
  const biases = contexts.data.map((bias, i) => {
    data.set(latents.data.subarray(i * row, i * row + own), i * own);
    const shown = latents.data.subarray(i * row + own, (i + 1) * row);
    return bias + (0.1 * shown.reduce((sum, v) => sum + v, 0)) / shown.length;
  });
  return {
    latents: { data, shape: [rows, 4, ...plane] },
    contexts: { data: biases, shape: contexts.shape },
  };
}

/** One value per latent pixel, 1 where the picture is generated; the case's mask is 1 where it is kept. */
function onePlane(
  { data, shape }: { data: Float32Array; shape: readonly number[] },
  plane: number,
  images: number,
): Float32Array {
  const perImage = data.length / images >= plane && shape.length === 4 ? shape[0]! : 1;
  const stride = data.length / perImage;
  const out = new Float32Array(perImage * plane);
  for (let b = 0; b < perImage; b++)
    out.set(data.subarray(b * stride, b * stride + plane), b * plane);
  return out.map((kept) => 1 - kept);
}
