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
 * Guidance by text and picture (Brooks et al. 2023, formula 3): `picture` is predicted with the
 * picture alone, `none` with neither.
 */
export function combineEdit(
  predictions: {
    readonly both: Float32Array;
    readonly picture: Float32Array;
    readonly none: Float32Array;
  },
  scale: number,
  pictureScale: number,
): Float32Array {
  const { both, picture, none } = predictions;
  return both.map(
    (c, i) => none[i]! + scale * (c - picture[i]!) + pictureScale * (picture[i]! - none[i]!),
  );
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

/**
 * Negative guidance minimum sigma: below `sigma` the unconditional half is skipped at odd calls, or at
 * all (a1111: s_min_uncond).
 */
export function skipBelow(sigma: number, all = false): SkipUnconditional {
  return (call, at) => (all || call % 2 === 1) && at < sigma;
}

/** The unconditional half is skipped while call / calls <= share (a1111: skip_early_cond). */
export function skipEarly(share: number, calls: number): SkipUnconditional {
  return (call) => share > 0 && call / calls <= share;
}
