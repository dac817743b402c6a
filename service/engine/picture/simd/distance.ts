/** Exact Euclidean distances on vectors, in bands of rows. */
import type { Size } from '../../../../shared/geometry.ts';
import { squaredDistance } from '../../../../shared/mask/distance.ts';
import { copyIn, marginBytes } from './bandMemory.ts';
import { runBands, type Room } from './bands.ts';
import { farAway, noSteps, parabolaBytes } from './distanceKernels.ts';

/** Rows that a band has. */
const bandRows = 8;

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/**
 * As `squaredDistance` of shared/mask: for every pixel the squared distance in pixels to the nearest one for which
 * `inside` is not 0; 1e12 when there is none within `reachPx` (Infinity: anywhere).
 */
export function distanceSquares(inside: Uint8Array, size: Size, reachPx: number): Float32Array {
  const { width, height } = size;
  // Steps have 16 bits.
  if (Math.max(width, height) >= noSteps) return squaredDistance(inside, size, reachPx);
  const out = new Float32Array(width * height);
  const halves = 8 * (width + 1);
  const stride = align(2 * width);
  const steps = align(halves);
  const [none, row] = [steps + height * stride, steps + (height + 1) * stride];
  const made = align(parabolaBytes * (width + 2));
  const begin = ({ kernels, common }: Room): void => {
    const { doubles, bytes, run } = kernels;
    doubles[common / 8] = Math.min(reachPx * reachPx, farAway);
    for (let k = 1; k <= width; k++) doubles[common / 8 + k] = 0.5 / k;
    bytes.fill(0xff, common + none, common + none + stride);
    const stepsOf = (y: number): number => common + steps + y * stride;
    for (let y = 0; y < height; y++) {
      const source = { from: y * width, end: (y + 1) * width, at: common + row };
      const from = copyIn(kernels, inside, source);
      const above = y === 0 ? common + none : stepsOf(y - 1);
      run['stepsDown'](from, above, stepsOf(y), stepsOf(y) + 2 * width);
    }
    for (let y = height - 2; y >= 0; y--)
      run['stepsUp'](stepsOf(y + 1), stepsOf(y), stepsOf(y) + 2 * width);
  };
  const endOf = (band: number): number => Math.min(height, (band + 1) * bandRows);
  runBands({
    commonBytes: row + align(width) + marginBytes,
    bandBytes: made + 4 * width * bandRows + 16,
    pictureBytes: 5 * width * height,
    begin,
    phases: [
      {
        count: Math.ceil(height / bandRows),
        mostCalls: bandRows,
        fill(band, { common, own }, call) {
          for (let y = band * bandRows; y < endOf(band); y++) {
            const at = common + steps + y * stride;
            const to =
              toOf(out, own + made, band * bandRows * width) + (y - band * bandRows) * 4 * width;
            call('crossRow', at, at + 2 * width, to, own, common);
          }
        },
        take(band, { kernels: { singles }, own }) {
          const from = band * bandRows * width;
          const at = toOf(out, own + made, from) / 4;
          out.set(singles.subarray(at, at + endOf(band) * width - from), from);
        },
      },
    ],
  });
  return out;
}

/** As far from a multiple of eight as where the single is copied to. */
function toOf(out: Float32Array, at: number, index: number): number {
  return at + ((out.byteOffset + 4 * index - at) & 7);
}
