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

const f32 = Math.fround;

/** Keys' cubic in single precision, each operation rounded: a is -0.75 in torch, -0.5 where it is antialiased. */
function cubic(x: number, a: number): number {
  const t = Math.abs(x);
  if (t < 1) return f32(f32(f32(f32(f32(a + 2) * t) - f32(a + 3)) * f32(t * t)) + 1);
  return t < 2 ? f32(f32(f32(f32(f32(f32(t - 5) * t) + 8) * t) - 4) * a) : 0;
}

const triangle = (x: number): number => Math.max(0, f32(1 - Math.abs(x)));

function antialiasedTap(at: number, inSize: number, scale: number, isCubic: boolean): Tap {
  const stretch = Math.max(1, scale);
  const support = f32((isCubic ? 2 : 1) * stretch);
  const center = f32(scale * (at + 0.5));
  const first = Math.max(0, Math.trunc(f32(center - support) + 0.5));
  const count = Math.min(inSize, Math.trunc(f32(center + support) + 0.5)) - first;
  const index = Int32Array.from({ length: count }, (_, k) => first + k);
  const inverse = f32(1 / stretch);
  const weight = Float64Array.from(index, (i) => {
    const x = f32((f32(i - center) + 0.5) * inverse);
    return isCubic ? cubic(x, -0.5) : triangle(x);
  });
  const sum = weight.reduce((total, w) => f32(total + w), 0);
  return { index, weight: weight.map((w) => f32(w / sum)) };
}

function plainTap(at: number, inSize: number, scale: number, isCubic: boolean): Tap {
  // One rounding: torch's kernel fuses the product and the difference.
  const position = f32(scale * (at + 0.5) - 0.5);
  const source = isCubic ? position : Math.max(0, position);
  const base = Math.floor(source);
  const offsets = isCubic ? [-1, 0, 1, 2] : [0, 1];
  const part = f32(source - base);
  return {
    index: Int32Array.from(offsets, (o) => Math.min(inSize - 1, Math.max(0, base + o))),
    weight: Float64Array.from(offsets, (o) => (isCubic ? cubic : triangle)(f32(o - part), -0.75)),
  };
}

function taps(inSize: number, outSize: number, mode: LatentResize): Tap[] {
  // Torch finds places and weights in single precision, which moves values near 1 by up to 1e-5.
  const scale = f32(inSize / outSize);
  const { kernel, antialias } = mode;
  return Array.from({ length: outSize }, (_, at) => {
    if (kernel === 'nearest' || kernel === 'nearest-exact') {
      const position = f32((at + (kernel === 'nearest' ? 0 : 0.5)) * scale);
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
 * Weights are torch's own; sums are in double precision, which differs by about 1e-6.
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
