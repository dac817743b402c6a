/** Sinusoidal embedding of diffusion timesteps (Ho et al. 2020), as Stable Diffusion orders it. */

const logLongestPeriod = Math.fround(Math.log(10_000));

/**
 * Frequencies that PyTorch rounds to the other neighbour on processors (Intel MKL's exp, torch 2.13),
 * by i / half for the published widths: float32 steps up or down. At sizes of 1024 one step is 3e-5.
 */
const roundedOtherwise: ReadonlyMap<number, number> = new Map([
  [3 / 32, 1],
  [53 / 64, 1],
  [2 / 160, 1],
  [42 / 160, 1],
  [103 / 192, 1],
  [109 / 192, -1],
]);

/** f_i = 10000^(-i / half) in float32. */
function frequency(i: number, half: number): number {
  const exponent = Math.fround(Math.fround(-logLongestPeriod * i) / half);
  const rounded = Math.fround(Math.exp(exponent));
  const steps = roundedOtherwise.get(i / half) ?? 0;
  // A float32 in [2^k, 2^(k+1)) has steps of 2^(k-23).
  return rounded + steps * 2 ** (Math.floor(Math.log2(rounded)) - 23);
}

/**
 * Timesteps [B] (0..999, may be fractional) to `[B,width]`: cosines, then sines, of t * f_i with
 * f_i = 10000^(-i / (width / 2)). Every product is rounded to float32, as the networks were trained.
 */
export function timestepEmbedding(timesteps: Float32Array, width: number): Float32Array {
  const half = width / 2;
  const embedding = new Float32Array(timesteps.length * width);
  for (let item = 0; item < timesteps.length; item++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround(timesteps[item] * frequency(i, half));
      embedding[item * width + i] = Math.cos(angle);
      embedding[item * width + half + i] = Math.sin(angle);
    }
  }
  return embedding;
}
