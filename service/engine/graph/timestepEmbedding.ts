/** Sinusoidal embedding of diffusion timesteps (Ho et al. 2020), as Stable Diffusion orders it. */

const logLongestPeriod = Math.fround(Math.log(10_000));

/**
 * Timesteps [B] (0..999, may be fractional) to `[B,width]`: cosines, then sines, of t * f_i with
 * f_i = 10000^(-i / (width / 2)). Every product is rounded to float32, as the networks were trained.
 */
export function timestepEmbedding(timesteps: Float32Array, width: number): Float32Array {
  const half = width / 2;
  const embedding = new Float32Array(timesteps.length * width);
  for (let item = 0; item < timesteps.length; item++) {
    for (let i = 0; i < half; i++) {
      const exponent = Math.fround(Math.fround(-logLongestPeriod * i) / half);
      const angle = Math.fround(timesteps[item] * Math.fround(Math.exp(exponent)));
      embedding[item * width + i] = Math.cos(angle);
      embedding[item * width + half + i] = Math.sin(angle);
    }
  }
  return embedding;
}
