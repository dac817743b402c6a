/** How the predictions for several conditions become one. All work on plain arrays of one image. */

/** One condition's prediction and its share (AND weights). */
export interface WeightedPrediction {
  readonly values: Float32Array;
  readonly weight: number;
}

/**
 * Classifier-free guidance (Ho and Salimans 2021) over any number of conditions:
 * u + sum of weight x scale x (c - u).
 */
export function combineGuidance(
  conditions: readonly WeightedPrediction[],
  unconditional: Float32Array,
  scale: number,
): Float32Array {
  const out = new Float32Array(unconditional.length);
  for (let i = 0; i < out.length; i++) {
    const u = unconditional[i]!;
    let sum = u;
    for (const { values, weight } of conditions) sum += (values[i]! - u) * weight * scale;
    out[i] = sum;
  }
  return out;
}

/**
 * Without an unconditional prediction: the parts are combined around the first one with scale 1
 * (a1111: CFGDenoiser with the unconditional half skipped).
 */
export function combineAroundFirst(conditions: readonly WeightedPrediction[]): Float32Array {
  return combineGuidance(conditions, conditions[0]!.values, 1);
}

/**
 * Guidance by text and picture (Brooks et al. 2023, formula 3) over any number of conditions, each
 * predicted with the picture; `picture` is predicted with the picture alone, `nothing` without.
 */
export function combineEdit(
  predictions: {
    readonly conditions: readonly WeightedPrediction[];
    readonly picture: Float32Array;
    readonly nothing: Float32Array;
  },
  scale: number,
  pictureScale: number,
): Float32Array {
  const { conditions, picture, nothing } = predictions;
  return nothing.map((none, i) => {
    const shown = picture[i]!;
    let sum = none + pictureScale * (shown - none);
    for (const { values, weight } of conditions) sum += (values[i]! - shown) * weight * scale;
    return sum;
  });
}

/**
 * Pulls the guided prediction's standard deviation towards the conditional one's, by a share 0..1
 * (Lin et al. 2024, section 3.4).
 */
export function rescaleGuidance(
  guided: Float32Array,
  conditional: Float32Array,
  share: number,
): Float32Array {
  if (share === 0) return guided;
  const factor = share * (deviation(conditional) / deviation(guided)) + 1 - share;
  return guided.map((value) => value * factor);
}

/** Sample standard deviation. */
function deviation(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

export interface ProjectedGuidanceOptions {
  readonly scale: number;
  /** Share of the part along the conditional prediction, which oversaturates (0). */
  readonly eta: number;
  /** Share of the earlier differences that is added; negative values hold back (0). */
  readonly momentum: number;
  /** Largest length of the difference; 0: any. */
  readonly threshold: number;
  /** Added to the conditional instead of the unconditional prediction. */
  readonly aroundConditional?: boolean;
}

/**
 * Adaptive projected guidance (Sadat et al. 2024): a guide with its own memory for one image, to be
 * called once a step with the conditional and unconditional prediction.
 */
export function projectedGuidance(
  options: ProjectedGuidanceOptions,
): (conditional: Float32Array, unconditional: Float32Array) => Float32Array {
  let memory: Float64Array | undefined;
  return (conditional, unconditional) => {
    const earlier = memory;
    const difference = Float64Array.from(
      conditional,
      (c, i) => c - unconditional[i]! + options.momentum * (earlier?.[i] ?? 0),
    );
    memory = difference;
    const length = norm(difference);
    const shrink = options.threshold > 0 ? Math.min(1, options.threshold / length) : 1;
    const along = norm(conditional);
    let product = 0;
    for (const [i, c] of conditional.entries()) product += difference[i]! * shrink * (c / along);
    const base = options.aroundConditional ? conditional : unconditional;
    return base.map((value, i) => {
      const parallel = (product * conditional[i]!) / along;
      const update = difference[i]! * shrink - parallel + options.eta * parallel;
      return value + options.scale * update;
    });
  };
}

function norm(values: Float32Array | Float64Array): number {
  let squares = 0;
  for (const value of values) squares += value * value;
  return Math.sqrt(squares);
}

/** Whether the unconditional prediction is left out of a call. */
export type SkipUnconditional = (call: number, sigma: number) => boolean;

export interface SkipOptions {
  /** Negative guidance minimum sigma: below it every other call is without (0: none; a1111: s_min_uncond). */
  readonly belowSigma?: number | undefined;
  /** Below it all calls are without (a1111: s_min_uncond_all). */
  readonly everyCall?: boolean | undefined;
  /** Calls are without while call / calls <= share (0: none; a1111: skip_early_cond). */
  readonly earlyShare?: number | undefined;
}

/** When the unconditional half is skipped; `calls` is the number of all calls. Undefined: never. */
export function skipUnconditional(
  options: SkipOptions,
  calls: number,
): SkipUnconditional | undefined {
  const { belowSigma = 0, everyCall = false, earlyShare = 0 } = options;
  if (belowSigma === 0 && earlyShare === 0) return undefined;
  return (call, sigma) =>
    (earlyShare > 0 && call / calls <= earlyShare) ||
    ((everyCall || call % 2 === 1) && sigma < belowSigma);
}
