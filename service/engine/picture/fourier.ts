/** Discrete Fourier transforms of planes of any size, in double precision. */
import type { Size } from '../../../shared/geometry.ts';

/** Complex values, row by row. */
export interface Spectrum extends Size {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** A plane of real values as a spectrum-shaped pair. */
export function realPlane(size: Size, re: Float64Array): Spectrum {
  return { width: size.width, height: size.height, re, im: new Float64Array(re.length) };
}

/**
 * The transform of a plane whose origin is its middle, scaled by 1 / sqrt(n): numpy's
 * ifftshift(fft2(fftshift(x), norm="ortho")); `inverse` with ifft2 in its place.
 */
export function centeredTransform(plane: Spectrum, inverse: boolean): Spectrum {
  const half = (n: number) => Math.floor(n / 2);
  const { width, height } = plane;
  const shifted = rolled(plane, half(width), half(height));
  const turned = transformRowsTurned(shifted, inverse);
  const both = transformRowsTurned(turned, inverse);
  const scale = 1 / Math.sqrt(width * height);
  for (let i = 0; i < both.re.length; i++) {
    both.re[i] *= scale;
    both.im[i] *= scale;
  }
  return rolled(both, -half(width), -half(height));
}

/** Moved right and down by whole pixels, around the edges. */
function rolled(plane: Spectrum, dx: number, dy: number): Spectrum {
  const { width, height } = plane;
  const re = new Float64Array(plane.re.length);
  const im = new Float64Array(plane.im.length);
  for (let y = 0; y < height; y++) {
    const row = ((y + dy + height) % height) * width;
    for (let x = 0; x < width; x++) {
      const to = row + ((x + dx + width) % width);
      re[to] = plane.re[y * width + x];
      im[to] = plane.im[y * width + x];
    }
  }
  return { width, height, re, im };
}

/** Transforms every row and writes it as a column: two calls transform both ways. */
function transformRowsTurned(plane: Spectrum, inverse: boolean): Spectrum {
  const { width, height } = plane;
  const transform = transformOf(width, inverse ? 1 : -1);
  const out = { width: height, height: width, re: new Float64Array(plane.re.length) };
  const im = new Float64Array(plane.im.length);
  const line = { re: new Float64Array(width), im: new Float64Array(width) };
  for (let y = 0; y < height; y++) {
    line.re.set(plane.re.subarray(y * width, (y + 1) * width));
    line.im.set(plane.im.subarray(y * width, (y + 1) * width));
    transform(line);
    for (let x = 0; x < width; x++) {
      out.re[x * height + y] = line.re[x];
      im[x * height + y] = line.im[x];
    }
  }
  return { ...out, im };
}

interface Line {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

type Transform = (line: Line) => void;

/** In place, unscaled, exp(sign 2 pi i jk / n). */
function transformOf(n: number, sign: 1 | -1): Transform {
  return (n & (n - 1)) === 0 ? powerOfTwo(n, sign) : chirp(n, sign);
}

/** Cooley and Tukey 1965, radix 2. */
function powerOfTwo(n: number, sign: 1 | -1): Transform {
  const cos = Float64Array.from({ length: n / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / n));
  const sin = Float64Array.from(
    { length: n / 2 },
    (_, k) => sign * Math.sin((2 * Math.PI * k) / n),
  );
  return ({ re, im }) => {
    reverseBits(re, im);
    for (let half = 1; half < n; half *= 2) {
      const stride = n / (2 * half);
      for (let start = 0; start < n; start += 2 * half) {
        for (let k = 0, w = 0; k < half; k++, w += stride) {
          const a = start + k;
          const b = a + half;
          const r = re[b] * cos[w] - im[b] * sin[w];
          const i = re[b] * sin[w] + im[b] * cos[w];
          re[b] = re[a] - r;
          im[b] = im[a] - i;
          re[a] += r;
          im[a] += i;
        }
      }
    }
  };
}

function reverseBits(re: Float64Array, im: Float64Array): void {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; (j & bit) !== 0; bit >>= 1) j ^= bit;
    j |= bit;
    if (i >= j) continue;
    [re[i], re[j]] = [re[j], re[i]];
    [im[i], im[j]] = [im[j], im[i]];
  }
}

/** Any length as a convolution of a power of two (Bluestein 1970). */
function chirp(n: number, sign: 1 | -1): Transform {
  const size = 2 ** Math.ceil(Math.log2(2 * n - 1));
  // k^2 modulo 2n keeps the angle small and exact.
  const angle = (k: number) => (sign * Math.PI * ((k * k) % (2 * n))) / n;
  const cos = Float64Array.from({ length: n }, (_, k) => Math.cos(angle(k)));
  const sin = Float64Array.from({ length: n }, (_, k) => Math.sin(angle(k)));
  const forth = powerOfTwo(size, -1);
  const back = powerOfTwo(size, 1);
  const filter = { re: new Float64Array(size), im: new Float64Array(size) };
  for (let k = 0; k < n; k++) {
    const mirror = (size - k) % size;
    filter.re[k] = filter.re[mirror] = cos[k];
    filter.im[k] = filter.im[mirror] = -sin[k];
  }
  forth(filter);
  const work = { re: new Float64Array(size), im: new Float64Array(size) };
  return ({ re, im }) => {
    work.re.fill(0);
    work.im.fill(0);
    for (let k = 0; k < n; k++) {
      work.re[k] = re[k] * cos[k] - im[k] * sin[k];
      work.im[k] = re[k] * sin[k] + im[k] * cos[k];
    }
    forth(work);
    multiply(work, filter);
    back(work);
    for (let k = 0; k < n; k++) {
      const r = work.re[k] / size;
      const i = work.im[k] / size;
      re[k] = r * cos[k] - i * sin[k];
      im[k] = r * sin[k] + i * cos[k];
    }
  };
}

function multiply(line: Line, by: Line): void {
  for (let k = 0; k < line.re.length; k++) {
    const r = line.re[k] * by.re[k] - line.im[k] * by.im[k];
    line.im[k] = line.re[k] * by.im[k] + line.im[k] * by.re[k];
    line.re[k] = r;
  }
}
