/** The coefficients of UniPC (Zhao et al. 2023, theorem 3.1 and appendix). */
import { solveLinear } from '../schedulers/solveLinear.ts';

/** B(h) = h, B(h) = e^h - 1, or coefficients that vary with the step widths. */
export type UniPcVariant = 'bh1' | 'bh2' | 'vary_coeff';

export interface UniPcStep {
  /** Width of the step in -log sigma; its negative where clean latents are predicted. */
  readonly h: number;
  /**
   * Distances of the other predictions from the newest one, in widths of the step; a corrector's last
   * is 1.
   */
  readonly ratios: readonly number[];
  readonly corrects: boolean;
}

/** What each divided difference (prediction - newest) / ratio is multiplied with and subtracted. */
export function uniPcWeights(variant: UniPcVariant, step: UniPcStep): number[] {
  if (step.ratios.length === 0) return [];
  return variant === 'vary_coeff' ? varyingWeights(step) : fixedWeights(variant, step);
}

/** h^k phi_k for k = 1, 2, ...: e^h - 1, then each (the one before) / h - 1 / k!. */
function phis(h: number, count: number): number[] {
  const out = [Math.expm1(h)];
  let factorial = 1;
  for (let k = 1; k < count; k++) {
    out.push(out[k - 1]! / h - 1 / factorial);
    factorial *= k + 1;
  }
  return out;
}

function fixedWeights(variant: 'bh1' | 'bh2', { h, ratios }: UniPcStep): number[] {
  // A single difference has a fixed half of B(h), as published; otherwise B(h) cancels.
  if (ratios.length === 1) return [(variant === 'bh1' ? h : Math.expm1(h)) / 2];
  const phi = phis(h, ratios.length + 1);
  let factorial = 1;
  const wanted = ratios.map((_, i) => phi[i + 1]! * (factorial *= i + 1));
  const powers = ratios.map((_, i) => ratios.map((r) => r ** i));
  return solveLinear(powers, wanted);
}

/** The corrector takes the newest difference from the last but one row, as the published program does. */
function varyingWeights({ h, ratios, corrects }: UniPcStep): number[] {
  const count = ratios.length;
  const phi = phis(h, count + 2);
  let factorial = 1;
  const columns = ratios.map((_, k) => {
    factorial *= k + 1;
    const by = factorial;
    return ratios.map((r) => r ** k / by);
  });
  /** Rows of the inverse, summed with these shares. */
  const inverseTimes = (shares: readonly number[]) => solveLinear(columns, shares);
  if (!corrects) return inverseTimes(ratios.map((_, k) => phi[k + 1]!));
  const last = count - 1;
  const weights = inverseTimes(ratios.map((_, k) => (k < last ? phi[k + 1]! : 0)));
  const row = Math.max(0, last - 1);
  weights[last] = phi[count]! * inverseTimes(ratios.map((_, k) => (k === row ? 1 : 0)))[last]!;
  return weights;
}
