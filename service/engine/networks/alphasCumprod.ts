const trainingSteps = 1000;

export interface NoiseSchedule {
  readonly betaStart: number;
  readonly betaEnd: number;
  readonly zeroTerminalSnr?: boolean | undefined;
}

/**
 * Cumulative products of 1 - beta for the "scaled linear" schedule, beta_t = (linear from
 * sqrt(betaStart) to sqrt(betaEnd))^2: 1000 values in float64, rounded once to float32. With
 * zeroTerminalSnr the last step is pure noise (Lin et al. 2023, algorithm 1).
 */
export function alphasCumprodOf(schedule: NoiseSchedule): Float32Array {
  const [first, last] = [Math.sqrt(schedule.betaStart), Math.sqrt(schedule.betaEnd)];
  let product = 1;
  const alphas = Float64Array.from({ length: trainingSteps }, (_, t) => {
    const beta = (first + ((last - first) * t) / (trainingSteps - 1)) ** 2;
    return (product *= 1 - beta);
  });
  return Float32Array.from(schedule.zeroTerminalSnr ? withZeroTerminalSnr(alphas) : alphas);
}

/** Stands for the last alpha's zero, so that its sigma stays finite (as diffusers does). */
const nearlyZero = 2 ** -24;

function withZeroTerminalSnr(alphas: Float64Array): Float64Array {
  const [start, end] = [Math.sqrt(alphas[0]), Math.sqrt(alphas[trainingSteps - 1])];
  return alphas.map((alpha) =>
    Math.max(nearlyZero, (((Math.sqrt(alpha) - end) * start) / (start - end)) ** 2),
  );
}
