/** How attention weights act on the text encoder's output (a1111: modules/sd_emphasis.py). */

/**
 * - `original`: multiplied, then the mean over everything encoded together is restored.
 * - `no-norm`: multiplied.
 * - `ignore`: brackets are read, weights unused.
 * - `none`: brackets are ordinary text.
 */
export type EmphasisMode = 'original' | 'no-norm' | 'ignore' | 'none';

/**
 * Applies token weights to `[B,T,C]` encodings in place; `weights` holds B lists of T. The mean of
 * `original` is that of the whole tensor. What weights beyond float32 make is not finite.
 */
export function applyEmphasis(
  encoded: Float32Array,
  weights: readonly Float64Array[],
  mode: EmphasisMode,
): void {
  if (mode === 'ignore' || mode === 'none') return;
  if (weights.every((list) => list.every((weight) => weight === 1))) return;
  const before = mode === 'original' ? mean(encoded) : 0;
  const tokens = weights[0]!.length;
  const width = encoded.length / (weights.length * tokens);
  let at = 0;
  for (const list of weights) {
    for (const factor of list) {
      if (factor !== 1) for (let c = at; c < at + width; c++) encoded[c] = encoded[c]! * factor;
      at += width;
    }
  }
  if (mode === 'no-norm') return;
  const after = mean(encoded);
  // Nothing is left to restore the mean of.
  if (after === 0) return;
  const scale = before / after;
  for (let i = 0; i < encoded.length; i++) encoded[i] = encoded[i]! * scale;
}

function mean(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
