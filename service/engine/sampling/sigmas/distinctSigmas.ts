/** Sigmas without repeats: a step of no width is no step, and a multistep solver would divide by it. */
export function distinctSigmas(sigmas: readonly number[]): number[] {
  return sigmas.filter((sigma, i) => i === 0 || sigma < sigmas[i - 1]!);
}
