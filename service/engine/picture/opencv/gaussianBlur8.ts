/** OpenCV's GaussianBlur of 8-bit values, bit for bit: fixed-point kernels with 8 fractional bits. */
import {
  boundsOfMask,
  intersectRects,
  rectOfSize,
  type Rect,
} from '../../../../shared/geometry.ts';
import type { Mask } from '../raster.ts';
import { copyIn, marginBytes, placed } from '../simd/bandMemory.ts';
import { runBands } from '../simd/bands.ts';
import type { KernelMemory } from '../simd/pictureKernels.ts';

/**
 * Gaussian weights in 256ths, symmetric, their sum 256: rounding errors are carried from the ends
 * inwards and the middle takes what is left. `size` is odd; sigma in pixels.
 */
export function gaussianKernel8(size: number, sigma: number): Int32Array {
  const half = (size - 1) / 2;
  const exact = new Float64Array(half);
  let sum = 0;
  for (let i = 0; i < half; i++) {
    const x = half - i;
    exact[i] = Math.exp(-(x * x) / (2 * sigma * sigma));
    sum += exact[i];
  }
  const scale = 256 / (2 * sum + 1);
  const kernel = new Int32Array(size);
  let carried = 0;
  let used = 0;
  for (let i = 0; i < half; i++) {
    const wanted = exact[i] * scale + carried;
    const weight = Math.round(wanted);
    carried = wanted - weight;
    kernel[i] = weight;
    kernel[size - 1 - i] = weight;
    used += 2 * weight;
  }
  kernel[half] = 256 - used;
  return kernel;
}

/** Index of a position beyond the ends, mirrored without repeating the end itself (BORDER_REFLECT_101). */
export function reflect101(position: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const p = ((position % period) + period) % period;
  return p < length ? p : period - p;
}

function withoutZeroEnds(kernel: Int32Array): Int32Array {
  const first = kernel.findIndex((w) => w !== 0);
  return kernel.subarray(first, kernel.length - first);
}

/** What a blur can change: the content and `across` and `down` pixels around it. Outside all stays 0. */
function areaOf(mask: Mask, across: number, down: number): Rect | undefined {
  const bounds = boundsOfMask(mask.data, mask);
  if (!bounds) return undefined;
  const { x, y, width, height } = bounds;
  const wide = { x: x - across, y: y - down, width: width + 2 * across, height: height + 2 * down };
  return intersectRects(wide, rectOfSize(mask));
}

/** Bytes of a row in the kernels' memory, with room for vectors that reach past its end. */
const stride = (bytes: number): number => Math.ceil(bytes / 32) * 32 + marginBytes;
const tapBytes = 12;
/** Rows made that a band has. */
const bandRows = 32;

/** A blur of the rows of `area`, each from what `fill` says. */
interface Blur {
  readonly mask: Mask;
  readonly kernel: Int32Array;
  readonly area: Rect;
  /** Of a band: bytes of the rows that are read, which follow the taps. */
  readonly sourceBytes: number;
  /** Copies in what rows `from` to `end` are made of; answers the addresses of a row's taps. */
  fill(memory: KernelMemory, rows: { from: number; end: number; at: number }): AddressOf;
}

/** Where the value `k` pixels from that of the area's first pixel in row `y` is. */
type AddressOf = (y: number, k: number) => number;

/** The kernel's taps, the farthest pair first. */
function writeTaps(
  words: Int32Array,
  at: number,
  { kernel, zeros }: { readonly kernel: Int32Array; readonly zeros: number },
  addressOf: (k: number) => number,
): number {
  const radius = (kernel.length - 1) / 2;
  let o = at / 4;
  for (let k = radius; k >= 0; k--) {
    words[o++] = addressOf(-k);
    words[o++] = k === 0 ? zeros : addressOf(k);
    words[o++] = kernel[radius - k] | (kernel[radius - k] << 16);
  }
  return o * 4;
}

/** Both directions: a list of taps for every row made, and the sums of what they say. */
function blurred(blur: Blur): Mask {
  const { mask, kernel, area } = blur;
  const { width, height } = mask;
  const data = new Uint8Array(mask.data.length);
  const listBytes = ((kernel.length + 1) / 2) * tapBytes;
  const tapsBytes = Math.ceil((bandRows * listBytes) / 64) * 64;
  const rowBytes = stride(area.width);
  const made = tapsBytes + blur.sourceBytes;
  const endOf = (band: number): number => Math.min(area.height, (band + 1) * bandRows);
  const placeOf = (y: number, band: number, own: number): number => {
    const at = own + made + (y - band * bandRows) * rowBytes;
    return placed(data, (area.y + y) * width + area.x, at);
  };
  runBands({
    // As many bytes of 0 as a row has.
    commonBytes: rowBytes,
    bandBytes: made + bandRows * rowBytes,
    pictureBytes: 2 * area.width * area.height,
    begin: ({ kernels, common }) => kernels.bytes.fill(0, common, common + rowBytes),
    phases: [
      {
        count: Math.ceil(area.height / bandRows),
        mostCalls: bandRows,
        fill(band, { kernels, common: zeros, own }, call) {
          const [from, end] = [band * bandRows, endOf(band)];
          const addressOf = blur.fill(kernels, { from, end, at: own + tapsBytes });
          for (let y = from, taps = own; y < end; y++) {
            const tapsEnd = writeTaps(kernels.words, taps, { kernel, zeros }, (k) =>
              addressOf(y, k),
            );
            const to = placeOf(y, band, own);
            call('pairSums', taps, tapsEnd, to, to + area.width);
            taps = tapsEnd;
          }
        },
        take(band, { kernels, own }) {
          for (let y = band * bandRows; y < endOf(band); y++) {
            const at = placeOf(y, band, own);
            const row = kernels.bytes.subarray(at, at + area.width);
            data.set(row, (area.y + y) * width + area.x);
          }
        },
      },
    ],
  });
  return { width, height, data };
}

/** Vertical blur alone, rounded to 8 bits, borders mirrored (REFLECT_101). `size` is odd, sigma > 0 in pixels. */
export function blurColumns8(mask: Mask, size: number, sigma: number): Mask {
  const { width, height, data } = mask;
  const kernel = withoutZeroEnds(gaussianKernel8(size, sigma));
  const radius = (kernel.length - 1) / 2;
  const area = areaOf(mask, 0, radius);
  if (!area) return { width, height, data: new Uint8Array(data.length) };
  const step = stride(area.width);
  const sourceOf = (y: number): number => reflect101(area.y + y, height) * width + area.x;
  return blurred({
    mask,
    kernel,
    area,
    sourceBytes: (bandRows + 2 * radius) * step,
    fill(memory, { from, end, at }) {
      const places = new Int32Array(end - from + 2 * radius);
      for (let i = 0; i < places.length; i++) {
        const source = sourceOf(from - radius + i);
        const row = { from: source, end: source + area.width, at: at + i * step };
        places[i] = copyIn(memory, data, row);
      }
      return (y, k) => places[y - from + radius + k];
    },
  });
}

/** Horizontal blur alone; otherwise as blurColumns8. */
export function blurRows8(mask: Mask, size: number, sigma: number): Mask {
  const { width, height, data } = mask;
  const kernel = withoutZeroEnds(gaussianKernel8(size, sigma));
  const radius = (kernel.length - 1) / 2;
  const area = areaOf(mask, radius, 0);
  if (!area) return { width, height, data: new Uint8Array(data.length) };
  const left = area.x - radius;
  const right = area.x + area.width + radius;
  const [first, end] = [Math.max(0, left), Math.min(width, right)];
  const step = stride(right - left);
  /** Where the area's first pixel is. */
  const writeRow = ({ bytes }: KernelMemory, y: number, at: number): number => {
    const row = (area.y + y) * width;
    const place = copyIn({ bytes }, data, { from: row + first, end: row + end, at });
    const start = place - first;
    for (let x = left; x < 0; x++) bytes[start + x] = data[row + reflect101(x, width)];
    for (let x = width; x < right; x++) bytes[start + x] = data[row + reflect101(x, width)];
    return start + area.x;
  };
  return blurred({
    mask,
    kernel,
    area,
    sourceBytes: bandRows * step,
    fill(memory, { from, end: to, at }) {
      const places = Int32Array.from({ length: to - from }, (_, i) =>
        writeRow(memory, from + i, at + i * step + (first - left)),
      );
      return (y, k) => places[y - from] + k;
    },
  });
}
