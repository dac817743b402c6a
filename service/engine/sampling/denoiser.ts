/**
 * From a network to the one function samplers know. Everything between is here: sigma to timestep,
 * input scaling, eps and v prediction, guidance, extra input channels, masks.
 */
import type { Tensor } from '../tensor.ts';
import { blendKnown, isFree, type Blend } from './blend.ts';
import {
  combineAroundFirst,
  combineGuidance,
  rescaleGuidance,
  type SkipUnconditional,
  type WeightedPrediction,
} from './guidance.ts';
import type { ModelSigmas } from './sigmas/modelSigmas.ts';
import type { Denoise, Latent } from './types.ts';

/** A context `[1,T,C]` and its weight (1 unless the prompt has AND parts). */
export interface WeightedContext {
  readonly context: Tensor;
  readonly weight: number;
}

/** What one model call is told; lists have one entry per image, or one for all images. */
export interface Conditioning {
  readonly positive: readonly (readonly WeightedContext[])[];
  readonly negative: readonly Tensor[];
}

export interface DenoiserOptions {
  /** Latents `[N,C,h,w]`, one timestep per row, contexts `[N,T,C]`; answers `[N,4,h,w]`. */
  readonly predict: (latents: Tensor, timesteps: Float32Array, context: Tensor) => Promise<Tensor>;
  readonly prediction: 'epsilon' | 'v';
  readonly model: ModelSigmas;
  /** Timestep of a sigma where a schedule defines it; undefined: from the model's table. */
  readonly timestepOf?: (sigma: number) => number | undefined;
  /** Of a model call, counted from 0. The same for all calls unless the prompt changes on the way. */
  readonly conditioning: (call: number) => Conditioning;
  readonly cfgScale: number;
  /** 0..1: share by which guidance's gain in contrast is taken back (0). */
  readonly guidanceRescale?: number;
  readonly skipUnconditional?: SkipUnconditional;
  /** Channels after the latent's own, `[1|B,c,h,w]`: mask and masked picture for 9-channel models. */
  readonly extraChannels?: Tensor;
  readonly blend?: Blend;
  /** Rows given to one predict call at most (all). */
  readonly maxRows?: number;
  /** Told after each call: number of calls so far. */
  readonly onCall?: (calls: number) => void;
  /**
   * Given the clean latent of each image's first condition alone, before guidance and masks: what
   * AUTOMATIC1111 shows as preview and keeps when interrupted.
   */
  readonly onConditional?: (denoised: Latent) => void;
}

/**
 * The denoiser of one run. It counts its calls, so make a new one for each run. Throws what `predict`
 * throws.
 */
export function makeDenoise(options: DenoiserOptions): Denoise {
  let calls = 0;
  return async (noisy, sigma) => {
    const call = calls++;
    const timestep = options.timestepOf?.(sigma) ?? options.model.sigmaToT(sigma);
    const input = scaledInput(noisy, sigma, options.blend);
    const rows = rowsOf(options, noisy.shape[0], { call, sigma });
    const predicted = await predictRows(options, rows, input, timestep);
    const guided = guide(options, rows, predicted, noisy.shape);
    const denoised = denoisedOf(options, { noisy, input, guided, sigma });
    if (options.onConditional) {
      const first = firstConditions(rows, predicted, guided.length);
      const seen = { data: input.data.map((v) => v * Math.hypot(1, sigma)), shape: input.shape };
      options.onConditional(denoisedOf(options, { noisy: seen, input, guided: first, sigma }));
    }
    keepKnown(denoised, timestep, options.blend);
    options.onCall?.(calls);
    return denoised;
  };
}

/** The variance-preserving latent the network was trained on: x / sqrt(1 + sigma^2). */
function scaledInput(noisy: Latent, sigma: number, blend: Blend | undefined): Latent {
  const scale = 1 / Math.hypot(1, sigma);
  const input = { data: noisy.data.map((value) => value * scale), shape: noisy.shape };
  if (blend?.kind === 'input') blendKnown(input, blend.mask, blend.known);
  return input;
}

interface Row {
  readonly image: number;
  readonly context: Tensor;
  /** Weight of a condition; undefined: the unconditional row. */
  readonly weight: number | undefined;
}

/** Which predictions a call needs: all conditions, then the unconditional ones. */
function rowsOf(
  options: DenoiserOptions,
  images: number,
  at: { readonly call: number; readonly sigma: number },
): Row[] {
  const { positive, negative } = options.conditioning(at.call);
  const rows: Row[] = [];
  let needsUnconditional = options.cfgScale !== 1;
  for (let image = 0; image < images; image++) {
    const parts = positive[image % positive.length]!;
    needsUnconditional ||= parts.length !== 1 || parts[0]!.weight !== 1;
    for (const part of parts) rows.push({ image, ...part });
  }
  if (!needsUnconditional || options.skipUnconditional?.(at.call, at.sigma)) return rows;
  for (let image = 0; image < images; image++) {
    rows.push({ image, context: negative[image % negative.length]!, weight: undefined });
  }
  return rows;
}

/** Raw predictions, one per row; rows of equal context length share a call. */
async function predictRows(
  options: DenoiserOptions,
  rows: readonly Row[],
  input: Latent,
  timestep: number,
): Promise<Float32Array[]> {
  const predicted: Float32Array[] = Array.from({ length: rows.length });
  const lengths = [...new Set(rows.map((row) => row.context.shape[1]!))];
  for (const length of lengths) {
    const group = rows.flatMap((row, i) => (row.context.shape[1] === length ? [i] : []));
    const size = Math.max(1, options.maxRows ?? group.length);
    for (let at = 0; at < group.length; at += size) {
      const part = group.slice(at, at + size);
      const answer = await options.predict(
        stackedLatents(part, rows, input, options.extraChannels),
        new Float32Array(part.length).fill(timestep),
        stackedContexts(part.map((i) => rows[i]!.context)),
      );
      const count = answer.data.length / part.length;
      for (const [k, i] of part.entries()) {
        predicted[i] = answer.data.subarray(k * count, (k + 1) * count);
      }
    }
  }
  return predicted;
}

function stackedLatents(
  part: readonly number[],
  rows: readonly Row[],
  input: Latent,
  extra: Tensor | undefined,
): Tensor {
  const [, channels, height, width] = input.shape;
  const own = channels * height * width;
  const more = (extra?.shape[1] ?? 0) * height * width;
  const data = new Float32Array(part.length * (own + more));
  for (const [k, i] of part.entries()) {
    const { image } = rows[i]!;
    const at = k * (own + more);
    data.set(input.data.subarray(image * own, (image + 1) * own), at);
    if (extra) {
      const from = (image % extra.shape[0]!) * more;
      data.set(extra.data.subarray(from, from + more), at + own);
    }
  }
  return { data, shape: [part.length, channels + (extra?.shape[1] ?? 0), height, width] };
}

function stackedContexts(contexts: readonly Tensor[]): Tensor {
  const first = contexts[0]!;
  if (contexts.length === 1) return first;
  const data = new Float32Array(first.data.length * contexts.length);
  for (const [i, context] of contexts.entries()) data.set(context.data, i * first.data.length);
  return { data, shape: [contexts.length, ...first.shape.slice(1)] };
}

/** The guided raw prediction of all images, `[B,4,h,w]`. */
function guide(
  options: DenoiserOptions,
  rows: readonly Row[],
  predicted: readonly Float32Array[],
  shape: Latent['shape'],
): Float32Array {
  const image = shape[1] * shape[2] * shape[3];
  const out = new Float32Array(shape[0] * image);
  for (let b = 0; b < shape[0]; b++) {
    const conditions: WeightedPrediction[] = [];
    let unconditional: Float32Array | undefined;
    for (const [i, row] of rows.entries()) {
      if (row.image !== b) continue;
      if (row.weight === undefined) unconditional = predicted[i];
      else conditions.push({ values: predicted[i]!, weight: row.weight });
    }
    const combined = unconditional
      ? combineGuidance(conditions, unconditional, options.cfgScale)
      : combineAroundFirst(conditions);
    const share = options.guidanceRescale ?? 0;
    out.set(rescaleGuidance(combined, conditions[0]!.values, share), b * image);
  }
  return out;
}

/** The prediction of each image's first condition, `[B,4,h,w]`. */
function firstConditions(
  rows: readonly Row[],
  predicted: readonly Float32Array[],
  length: number,
): Float32Array {
  const out = new Float32Array(length);
  for (let i = rows.length - 1; i >= 0; i--) {
    const { image, weight } = rows[i]!;
    if (weight !== undefined) out.set(predicted[i]!, image * predicted[i]!.length);
  }
  return out;
}

/**
 * The clean latent: x - sigma x eps, where a v prediction gives eps = (v + sigma x input) /
 * sqrt(1 + sigma^2) (Salimans and Ho 2022). Where the network saw x itself that is input /
 * sqrt(1 + sigma^2) - sigma / sqrt(1 + sigma^2) x v, which stays exact at any sigma.
 */
function denoisedOf(
  { prediction, blend }: Pick<DenoiserOptions, 'prediction' | 'blend'>,
  at: {
    readonly noisy: Latent;
    readonly input: Latent;
    readonly guided: Float32Array;
    readonly sigma: number;
  },
): Latent {
  const { noisy, input, guided, sigma } = at;
  const data = new Float32Array(guided.length);
  const root = Math.hypot(1, sigma);
  const v = prediction === 'v';
  const sawItself = v && blend?.kind !== 'input';
  const own = sawItself ? 0 : 1;
  const seen = sawItself ? 1 / root : v ? -(sigma * sigma) / root : 0;
  const slope = v ? sigma / root : sigma;
  for (let i = 0; i < data.length; i++) {
    data[i] = own * noisy.data[i]! + seen * input.data[i]! - slope * guided[i]!;
  }
  return { data, shape: noisy.shape };
}

function keepKnown(denoised: Latent, timestep: number, blend: Blend | undefined): void {
  if (blend?.kind === 'denoised') blendKnown(denoised, blend.mask, blend.known);
  if (blend?.kind === 'differential') {
    const left = timestep / blend.firstTimestep;
    blendKnown(denoised, blend.mask, blend.known, (mask) => (isFree(mask, left) ? 1 : 0));
  }
}
