/** Noise with a given spectrum. */
import { blockSide, blockValues } from './blockSpectra.ts';
import { inParts, type Sliced } from '../sliced.ts';

/** Reach of the filter that gives the noise its spectrum, pixels. */
const reach = 5;
const side = 2 * reach + 1;
/** Taps smaller than this share of the largest change nothing that is seen. */
const leastTap = 0.004;
const period = 2 * blockSide;

interface Taps {
  readonly dx: Int32Array;
  readonly dy: Int32Array;
  readonly weight: Float64Array;
}

/**
 * The filter that turns white noise of variance 1 into noise whose energies at the 64 frequencies are
 * these: the inverse transform of their square roots. All zeros give no taps.
 */
export function tapsOf(energies: Float64Array): Taps {
  const kernel = new Float64Array(side * side);
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      kernel[(y + reach) * side + x + reach] = inverseAt(energies, x, y);
    }
  }
  const largest = kernel.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const kept = Array.from(kernel.keys()).filter(
    (i) => largest > 0 && Math.abs(kernel[i]) >= leastTap * largest,
  );
  const sum = kept.reduce((total, i) => total + kernel[i] ** 2, 0);
  const wanted = energies.reduce((total, v) => total + v, 0) / blockValues;
  const scale = sum > 0 ? Math.sqrt(wanted / sum) : 0;
  return {
    dx: Int32Array.from(kept, (i) => (i % side) - reach),
    dy: Int32Array.from(kept, (i) => Math.floor(i / side) - reach),
    weight: Float64Array.from(kept, (i) => kernel[i] * scale),
  };
}

/** Frequency k of a block is k / 16 of a wave a pixel; 8 / 16 is taken to be as 7 / 16. */
function inverseAt(energies: Float64Array, x: number, y: number): number {
  let sum = 0;
  for (let v = 0; v <= blockSide; v++) {
    for (let u = 0; u <= blockSide; u++) {
      const energy = energies[Math.min(v, blockSide - 1) * blockSide + Math.min(u, blockSide - 1)];
      const times = (u % blockSide === 0 ? 1 : 2) * (v % blockSide === 0 ? 1 : 2);
      const wave =
        Math.cos((2 * Math.PI * u * x) / period) * Math.cos((2 * Math.PI * v * y) / period);
      sum += times * Math.sqrt(Math.max(0, energy)) * wave;
    }
  }
  return sum / (period * period);
}

/** A plane of such noise; `random` gives 0..1. */
export function* grainField(
  size: { readonly width: number; readonly height: number },
  taps: Taps,
  random: () => number,
): Sliced<Float32Array> {
  const { width, height } = size;
  const out = new Float32Array(width * height);
  if (taps.weight.length === 0) return out;
  const stride = width + 2 * reach;
  const white = new Float32Array(stride * (height + 2 * reach));
  yield* inParts(white.length, 5, (from, to) => {
    for (let i = from; i < to; i++) white[i] = gaussian(random);
  });
  const offsets = taps.dx.map((dx, k) => (taps.dy[k] + reach) * stride + dx + reach);
  const { weight } = taps;
  yield* inParts(height, (width * weight.length) / 8, (from, to) => {
    for (let y = from; y < to; y++) {
      const row = out.subarray(y * width, (y + 1) * width);
      for (let k = 0; k < offsets.length; k++) {
        const first = y * stride + offsets[k];
        const w = weight[k];
        for (let x = 0; x < width; x++) row[x] += w * white[first + x];
      }
    }
  });
  return out;
}

/** Normal numbers (Box and Muller, 1958), one of the pair. */
function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
