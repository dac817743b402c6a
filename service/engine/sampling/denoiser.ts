/**
 * From a network to the one function samplers know. Everything between is here: sigma to timestep,
 * input scaling, eps and v prediction, guidance, extra input channels, masks.
 */
import { blendInput, blendPrediction, blendsInput, type Blend } from './blend.ts';
import {
  isPlain,
  predictRows,
  rowsOf,
  type Conditioning,
  type RowNetwork,
  type Row,
} from './conditionRows.ts';
import {
  combineAroundFirst,
  combineEdit,
  combineGuidance,
  rescaleGuidance,
  type SkipUnconditional,
  type WeightedPrediction,
} from './guidance.ts';
import { mix } from './samplers/arithmetic.ts';
import type { ModelSigmas } from './sigmas/modelSigmas.ts';
import type { Denoise, Latent } from './types.ts';

/** A network and what it is told. `conditioning` is of a model call, counted from 0 over the whole run. */
export interface GuidedNetwork extends RowNetwork {
  readonly conditioning: (call: number) => Conditioning;
}

/** Another network that takes over on the way and stays (a refiner). */
export interface Successor extends GuidedNetwork {
  readonly takesOver: (call: number, sigma: number, timestep: number) => boolean;
}

export interface DenoiserOptions extends GuidedNetwork {
  readonly successor?: Successor;
  /** What the network answers: noise, v, or the clean latent itself (`sample`). */
  readonly prediction: 'epsilon' | 'v' | 'sample';
  readonly model: ModelSigmas;
  /** Timestep of a sigma where a schedule defines it; undefined: from the model's table. */
  readonly timestepOf?: (sigma: number) => number | undefined;
  readonly cfgScale: number;
  /**
   * Edit models: how strongly the picture in the extra channels holds (Brooks et al. 2023). Absent or
   * 1: ordinary guidance, with the picture in every prediction.
   */
  readonly imageScale?: number | undefined;
  /** 0..1: share by which guidance's gain in contrast is taken back (0). */
  readonly guidanceRescale?: number;
  /** Asked at each call; has no effect where a picture guides. */
  readonly skipUnconditional?: SkipUnconditional | undefined;
  /**
   * The unconditional prediction is made where guidance depends on it (`where-needed`), or `always`;
   * then what the denoiser answers holds it as `unconditional`.
   */
  readonly unconditional?: 'where-needed' | 'always';
  /** Consistency models: shares of the noisy latent and of the prediction at a timestep. */
  readonly boundary?: (timestep: number) => { readonly skip: number; readonly out: number };
  /** The sigma by which a v prediction becomes noise, where it is not the latent's own. */
  readonly velocitySigma?: (sigma: number) => number;
  readonly blend?: Blend;
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
  let network: GuidedNetwork = options;
  return async (noisy, sigma) => {
    const call = calls++;
    const timestep = options.timestepOf?.(sigma) ?? options.model.sigmaToT(sigma);
    const { successor } = options;
    if (successor?.takesOver(call, sigma, timestep)) network = successor;
    const input = scaledInput(noisy, sigma);
    blendInput(input, timestep, options.blend);
    const rows = neededRows(options, network.conditioning(call), noisy.shape[0], { call, sigma });
    const predicted = await predictRows(network, rows, input, { timestep, call });
    const guided = guide(options, rows, predicted, noisy.shape);
    const clean = (raw: Float32Array, seen = noisy) =>
      bounded(denoisedOf(options, { noisy: seen, input, raw, sigma }), seen, options, timestep);
    const denoised = clean(guided);
    if (options.onConditional) {
      const seen = { data: input.data.map((v) => v * Math.hypot(1, sigma)), shape: input.shape };
      options.onConditional(clean(rawOf('condition', rows, predicted, guided.length), seen));
    }
    blendPrediction(denoised, { sigma, timestep }, options.blend);
    options.onCall?.(calls);
    if (options.unconditional !== 'always') return denoised;
    return { ...denoised, unconditional: clean(rawOf('avoided', rows, predicted, guided.length)) };
  };
}

/** The variance-preserving latent the network was trained on: x / sqrt(1 + sigma^2). */
function scaledInput(noisy: Latent, sigma: number): Latent {
  const scale = 1 / Math.hypot(1, sigma);
  return { data: noisy.data.map((value) => value * scale), shape: noisy.shape };
}

function isGuidedByPicture({ imageScale }: DenoiserOptions): boolean {
  return imageScale !== undefined && imageScale !== 1;
}

/** Which predictions a call needs (a1111: CFGDenoiser.forward). */
function neededRows(
  options: DenoiserOptions,
  conditioning: Conditioning,
  images: number,
  at: { readonly call: number; readonly sigma: number },
): Row[] {
  if (isGuidedByPicture(options)) return rowsOf(conditioning, images, ['avoided', 'nothing']);
  const matters =
    options.unconditional === 'always' || options.cfgScale !== 1 || !isPlain(conditioning);
  const skipped = !matters || options.skipUnconditional?.(at.call, at.sigma) === true;
  return rowsOf(conditioning, images, skipped ? [] : ['avoided']);
}

/** The guided raw prediction of all images, `[B,4,h,w]`. */
function guide(
  options: DenoiserOptions,
  rows: readonly Row[],
  predicted: readonly Float32Array[],
  shape: Latent['shape'],
): Float32Array {
  const { cfgScale, imageScale = 1, guidanceRescale = 0 } = options;
  const image = shape[1] * shape[2] * shape[3];
  const out = new Float32Array(shape[0] * image);
  for (let b = 0; b < shape[0]; b++) {
    const conditions: WeightedPrediction[] = [];
    let avoided: Float32Array | undefined;
    let nothing: Float32Array | undefined;
    for (const [i, row] of rows.entries()) {
      if (row.image !== b) continue;
      const values = predicted[i]!;
      if (row.kind === 'condition') conditions.push({ values, weight: row.weight });
      else if (row.kind === 'avoided') avoided = values;
      else nothing = values;
    }
    let combined = combineAroundFirst(conditions);
    if (avoided && nothing) {
      combined = combineEdit({ conditions, picture: avoided, nothing }, cfgScale, imageScale);
    } else if (avoided) combined = combineGuidance(conditions, avoided, cfgScale);
    out.set(rescaleGuidance(combined, conditions[0]!.values, guidanceRescale), b * image);
  }
  return out;
}

/**
 * The raw prediction of each image's first row of a kind, `[B,4,h,w]`; where that was skipped its
 * first condition.
 */
function rawOf(
  kind: Row['kind'],
  rows: readonly Row[],
  predicted: readonly Float32Array[],
  length: number,
): Float32Array {
  const out = new Float32Array(length);
  const wanted = rows.some((row) => row.kind === kind) ? kind : 'condition';
  for (let i = rows.length - 1; i >= 0; i--) {
    const row = rows[i]!;
    if (row.kind === wanted) out.set(predicted[i]!, row.image * predicted[i]!.length);
  }
  return out;
}

/**
 * The clean latent: x - sigma x eps, where a v prediction gives eps = (v + sigma x input) /
 * sqrt(1 + sigma^2) (Salimans and Ho 2022). Where the network saw x itself that is input /
 * sqrt(1 + sigma^2) - sigma / sqrt(1 + sigma^2) x v, which stays exact at any sigma.
 */
function denoisedOf(
  { prediction, blend, velocitySigma }: DenoiserOptions,
  at: {
    readonly noisy: Latent;
    readonly input: Latent;
    /** The network's answer. */
    readonly raw: Float32Array;
    readonly sigma: number;
  },
): Latent {
  const { noisy, input, raw, sigma } = at;
  const data = new Float32Array(raw.length);
  const by = velocitySigma?.(sigma) ?? sigma;
  const root = Math.hypot(1, by);
  if (prediction === 'sample') return { data: raw.slice(), shape: noisy.shape };
  const v = prediction === 'v';
  const sawItself = v && !blendsInput(blend) && by === sigma;
  const own = sawItself ? 0 : 1;
  const seen = sawItself ? 1 / root : v ? -(sigma * by) / root : 0;
  const slope = v ? sigma / root : sigma;
  for (let i = 0; i < data.length; i++) {
    data[i] = own * noisy.data[i]! + seen * input.data[i]! - slope * raw[i]!;
  }
  return { data, shape: noisy.shape };
}

/** skip x noisy + out x denoised (Luo et al. 2023, formula 9); the prediction itself for other models. */
function bounded(
  denoised: Latent,
  noisy: Latent,
  { boundary }: DenoiserOptions,
  timestep: number,
): Latent {
  if (!boundary) return denoised;
  const { skip, out } = boundary(timestep);
  return mix(skip, noisy, out, denoised);
}
