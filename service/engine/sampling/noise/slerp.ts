/** Variation of noise between two seeds. */

/**
 * Spherical interpolation `[C,H,W]` column by column: the vectors are those along the height, as the
 * WebUI does it (a1111: modules/rng.py slerp). Nearly parallel noise is mixed linearly with the
 * weights the other way round, also as there.
 */
export function slerpColumns(
  low: Float32Array,
  high: Float32Array,
  share: number,
  shape: readonly [number, number, number],
): Float32Array {
  const [channels, height, width] = shape;
  const dots = columnCosines(low, high, shape);
  const mean = dots.reduce((sum, dot) => sum + dot, 0) / dots.length;
  const out = new Float32Array(low.length);
  const parallel = mean > 0.9995;
  for (let c = 0; c < channels; c++) {
    for (let x = 0; x < width; x++) {
      const omega = Math.acos(dots[c * width + x]!);
      const a = parallel ? share : Math.sin((1 - share) * omega) / Math.sin(omega);
      const b = parallel ? 1 - share : Math.sin(share * omega) / Math.sin(omega);
      for (let y = 0; y < height; y++) {
        const i = (c * height + y) * width + x;
        out[i] = a * low[i]! + b * high[i]!;
      }
    }
  }
  return out;
}

/** Cosine of the angle between the two columns at each channel and x, `[C,W]`. */
function columnCosines(
  low: Float32Array,
  high: Float32Array,
  [channels, height, width]: readonly [number, number, number],
): Float64Array {
  const dots = new Float64Array(channels * width);
  for (let c = 0; c < channels; c++) {
    for (let x = 0; x < width; x++) {
      let product = 0;
      let lowSquares = 0;
      let highSquares = 0;
      for (let y = 0; y < height; y++) {
        const i = (c * height + y) * width + x;
        product += low[i]! * high[i]!;
        lowSquares += low[i]! ** 2;
        highSquares += high[i]! ** 2;
      }
      dots[c * width + x] = product / Math.sqrt(lowSquares * highSquares);
    }
  }
  return dots;
}
