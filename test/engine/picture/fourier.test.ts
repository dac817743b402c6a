import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { centeredTransform, realPlane } from '../../../service/engine/picture/fourier.ts';

function plane(width: number, height: number) {
  const data = Float64Array.from({ length: width * height }, (_, i) => Math.sin(i * 1.7) + (i % 5));
  return realPlane({ width, height }, data);
}

/** The definition: direct sums, the origin of both planes in the middle. */
function direct(re: Float64Array, width: number, height: number): number[] {
  const [hx, hy] = [Math.floor(width / 2), Math.floor(height / 2)];
  const out: number[] = [];
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < width; u++) {
      let sum = 0;
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const turn = ((u + hx) * (x + hx)) / width + ((v + hy) * (y + hy)) / height;
          sum += re[y * width + x] * Math.cos(2 * Math.PI * turn);
        }
      }
      out.push(sum / Math.sqrt(width * height));
    }
  }
  return out;
}

describe('centeredTransform', () => {
  it('is the direct sum, at powers of two and at any other size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 9 }), (w, h) => {
        const p = plane(w, h);
        const { re } = centeredTransform(p, false);
        direct(p.re, w, h).forEach((v, i) => expect(re[i]).toBeCloseTo(v, 9));
      }),
      { numRuns: 40 },
    );
  });

  it('comes back by its inverse at even sizes', () => {
    const p = plane(48, 10);
    const back = centeredTransform(centeredTransform(p, false), true);
    back.re.forEach((v, i) => expect(v).toBeCloseTo(p.re[i], 9));
    back.im.forEach((v) => expect(v).toBeCloseTo(0, 9));
  });
});
