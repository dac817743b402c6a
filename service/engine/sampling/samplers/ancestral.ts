/** How a step divides into a deterministic part and fresh noise. */

/**
 * The level to step down to and the noise to add, so that both together have sigmaNext: with eta 0
 * all the way down and no noise (k-diffusion get_ancestral_step).
 */
export function ancestralStep(
  sigma: number,
  sigmaNext: number,
  eta: number,
): { down: number; up: number } {
  if (eta === 0) return { down: sigmaNext, up: 0 };
  const variance = (sigmaNext ** 2 * (sigma ** 2 - sigmaNext ** 2)) / sigma ** 2;
  const up = Math.min(sigmaNext, eta * Math.sqrt(Math.max(0, variance)));
  return { down: Math.sqrt(Math.max(0, sigmaNext ** 2 - up ** 2)), up };
}
