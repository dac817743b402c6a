/** Sigmas even in sigma^(1/rho) (Karras et al. 2022, formula 5; k-diffusion get_sigmas_karras). */
import { linspace32 } from './linspace.ts';

const f = Math.fround;

export interface KarrasEnds {
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  /** 7 as published. */
  readonly rho?: number;
}

/** n sigmas from the largest to the smallest; float32 rounds each operation as torch does. */
export function karrasSigmas(
  n: number,
  { sigmaMin, sigmaMax, rho = 7 }: KarrasEnds,
  precision: 'float32' | 'float64',
): number[] {
  const low = sigmaMin ** (1 / rho);
  const high = sigmaMax ** (1 / rho);
  if (precision === 'float64') {
    return Array.from({ length: n }, (_, i) => {
      const share = n === 1 ? 0 : i / (n - 1);
      return (high + share * (low - high)) ** rho;
    });
  }
  const slope = f(low - high);
  return Array.from(linspace32(0, 1, n), (r) => f(f(f(high) + f(r * slope)) ** rho));
}
