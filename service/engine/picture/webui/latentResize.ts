/** Resizing latents as torch's interpolate does (align_corners False): resize mode 3 and the latent upscalers. */

export interface LatentResize {
  readonly kernel: 'nearest' | 'nearest-exact' | 'bilinear' | 'bicubic';
  /** Widen the kernel when shrinking; for nearest without effect. */
  readonly antialias: boolean;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

interface Tap {
  readonly index: Int32Array;
  readonly weight: Float64Array;
}

/** Keys' cubic: a is -0.75 in torch, -0.5 where it is antialiased. */
function cubic(x: number, a: number): number {
  const t = Math.abs(x);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
}

const triangle = (x: number): number => Math.max(0, 1 - Math.abs(x));

function antialiasedTap(at: number, inSize: number, scale: number, isCubic: boolean): Tap {
  const stretch = Math.max(1, scale);
  const support = (isCubic ? 2 : 1) * stretch;
  const center = scale * (at + 0.5);
  const first = Math.max(0, Math.trunc(center - support + 0.5));
  const count = Math.min(inSize, Math.trunc(center + support + 0.5)) - first;
  const index = Int32Array.from({ length: count }, (_, k) => first + k);
  const weight = Float64Array.from(index, (i) => {
    const x = (i - center + 0.5) / stretch;
    return isCubic ? cubic(x, -0.5) : triangle(x);
  });
  const sum = weight.reduce((total, w) => total + w, 0);
  return { index, weight: weight.map((w) => w / sum) };
}

function plainTap(at: number, inSize: number, scale: number, isCubic: boolean): Tap {
  const position = scale * (at + 0.5) - 0.5;
  const source = isCubic ? position : Math.max(0, position);
  const base = Math.floor(source);
  const offsets = isCubic ? [-1, 0, 1, 2] : [0, 1];
  return {
    index: Int32Array.from(offsets, (o) => Math.min(inSize - 1, Math.max(0, base + o))),
    weight: Float64Array.from(offsets, (o) => {
      const x = base + o - source;
      return isCubic ? cubic(x, -0.75) : triangle(x);
    }),
  };
}

function taps(inSize: number, outSize: number, mode: LatentResize): Tap[] {
  const scale = inSize / outSize;
  const { kernel, antialias } = mode;
  return Array.from({ length: outSize }, (_, at) => {
    if (kernel === 'nearest' || kernel === 'nearest-exact') {
      // Torch multiplies in single precision here.
      const position = Math.fround((at + (kernel === 'nearest' ? 0 : 0.5)) * Math.fround(scale));
      return {
        index: Int32Array.of(Math.min(inSize - 1, Math.floor(position))),
        weight: Float64Array.of(1),
      };
    }
    const tap = antialias ? antialiasedTap : plainTap;
    return tap(at, inSize, scale, kernel === 'bicubic');
  });
}

/**
 * Planar float32 [..., from.height, from.width] to [..., to.height, to.width]; leading dimensions are kept.
 * Sums in double precision; torch's single precision differs by about 1e-6.
 */
export function resizeLatent(
  latent: Float32Array,
  from: Size,
  to: Size,
  mode: LatentResize,
): Float32Array {
  const planes = latent.length / (from.width * from.height);
  const xs = taps(from.width, to.width, mode);
  const ys = taps(from.height, to.height, mode);
  const out = new Float32Array(planes * to.width * to.height);
  const rows = new Float64Array(from.height * to.width);
  for (let p = 0; p < planes; p++) {
    const source = p * from.width * from.height;
    for (let y = 0; y < from.height; y++) {
      xs.forEach(({ index, weight }, x) => {
        let sum = 0;
        for (let k = 0; k < index.length; k++)
          sum += latent[source + y * from.width + index[k]] * weight[k];
        rows[y * to.width + x] = sum;
      });
    }
    const target = p * to.width * to.height;
    ys.forEach(({ index, weight }, y) => {
      for (let x = 0; x < to.width; x++) {
        let sum = 0;
        for (let k = 0; k < index.length; k++) sum += rows[index[k] * to.width + x] * weight[k];
        out[target + y * to.width + x] = sum;
      }
    });
  }
  return out;
}
