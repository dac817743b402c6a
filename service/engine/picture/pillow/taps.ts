/** Fractional bits of the weights: two bits are kept for sums that over- or undershoot. */
export const weightBits = 22;

/** For every output position: the first source position, the number of taps, and the taps' weights. */
export interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
  /** Weights per output position in `weights`. */
  readonly stride: number;
}
