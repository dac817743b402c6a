/** OpenCV's Canny edge detector (Canny 1986) with Sobel gradients of 3x3 and the L1 norm. */
import type { Image8 } from '../pillow/image8.ts';
import type { Mask } from '../raster.ts';

interface Gradients {
  /** Horizontal and vertical, of the channel in which their sum is largest. */
  readonly dx: Int16Array;
  readonly dy: Int16Array;
  /** |dx| + |dy|, with a border of one zero around. */
  readonly norm: Int32Array;
}

/** Sobel 3x3, the border repeated. */
function gradientsOf({ width, height, channels, data }: Image8): Gradients {
  const dx = new Int16Array(width * height);
  const dy = new Int16Array(width * height);
  const stride = width + 2;
  const norm = new Int32Array(stride * (height + 2));
  for (let y = 0, i = 0; y < height; y++) {
    const above = Math.max(0, y - 1) * width;
    const below = Math.min(height - 1, y + 1) * width;
    for (let x = 0; x < width; x++, i++) {
      const left = Math.max(0, x - 1);
      const right = Math.min(width - 1, x + 1);
      let most = -1;
      for (let c = 0; c < channels; c++) {
        const at = (row: number, column: number) => data[(row + column) * channels + c];
        const [a, b, d] = [at(above, left), at(above, x), at(above, right)];
        const [e, f] = [at(y * width, left), at(y * width, right)];
        const [g, h, k] = [at(below, left), at(below, x), at(below, right)];
        const gx = d + 2 * f + k - a - 2 * e - g;
        const gy = g + 2 * h + k - a - 2 * b - d;
        const sum = Math.abs(gx) + Math.abs(gy);
        if (sum <= most) continue;
        most = sum;
        dx[i] = gx;
        dy[i] = gy;
      }
      norm[(y + 1) * stride + x + 1] = most;
    }
  }
  return { dx, dy, norm };
}

/** tan(22.5 degrees) in 15 fractional bits. */
const tangent = 13_573;

/** Whether a pixel is the largest along its gradient's direction. */
function isRidge(
  { norm }: Gradients,
  at: { readonly n: number; readonly stride: number },
  [xs, ys]: readonly [number, number],
): boolean {
  const { n, stride } = at;
  const m = norm[n];
  const x = Math.abs(xs);
  const y = Math.abs(ys) * 32_768;
  const flat = x * tangent;
  if (y < flat) return m > norm[n - 1] && m >= norm[n + 1];
  if (y > flat + x * 65_536) return m > norm[n - stride] && m >= norm[n + stride];
  const side = xs < 0 === ys < 0 ? 1 : -1;
  return m > norm[n - stride - side] && m > norm[n + stride + side];
}

/**
 * cv2.Canny of a picture of any number of channels: 255 on edges, else 0. Ridges above `high` and ridges
 * above `low` that are connected with them; the thresholds' order does not matter.
 */
export function canny8(image: Image8, threshold1: number, threshold2: number): Mask {
  const low = Math.floor(Math.min(threshold1, threshold2));
  const high = Math.floor(Math.max(threshold1, threshold2));
  const { width, height } = image;
  const gradients = gradientsOf(image);
  const stride = width + 2;
  // 1: a ridge that may become an edge; 2: an edge. A border of zeros around.
  const state = new Uint8Array(stride * (height + 2));
  const found: number[] = [];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const n = (y + 1) * stride + x + 1;
      const m = gradients.norm[n];
      if (m <= low) continue;
      if (!isRidge(gradients, { n, stride }, [gradients.dx[i], gradients.dy[i]])) continue;
      state[n] = m > high ? 2 : 1;
      if (m > high) found.push(n);
    }
  }
  spread(state, found, stride);
  const data = Uint8Array.from({ length: width * height }, (_, i) =>
    state[(Math.floor(i / width) + 1) * stride + (i % width) + 1] === 2 ? 255 : 0,
  );
  return { width, height, data };
}

/** Ridges that touch edges become edges. */
function spread(state: Uint8Array, found: number[], stride: number): void {
  const around = [-stride - 1, -stride, -stride + 1, -1, 1, stride - 1, stride, stride + 1];
  for (let n = found.pop(); n !== undefined; n = found.pop()) {
    for (const step of around) {
      if (state[n + step] !== 1) continue;
      state[n + step] = 2;
      found.push(n + step);
    }
  }
}
