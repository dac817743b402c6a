import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  softDifferenceMask,
  softOverlay,
} from '../../../../service/engine/picture/webui/softMask.ts';
import {
  taperedGaussian,
  weightedHistogramFilter,
} from '../../../../service/engine/picture/webui/weightedHistogram.ts';
import { softBlend, softMaskAt } from '../../../../service/engine/sampling/softBlend.ts';
import { noiseImage } from '../pixels.ts';

const blend = { scheduleBias: 1, preservationStrength: 0.5, transitionContrastBoost: 4 };
const mask = {
  preservationStrength: 0.5,
  maskInfluence: 0,
  differenceThreshold: 0.5,
  differenceContrast: 2,
};

function waves(count: number, step: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(i * step));
}

describe('softMaskAt', () => {
  it('keeps the two ends and frees grey values as the noise goes', () => {
    const levels = Float32Array.of(0, 0.5, 1);
    const early = softMaskAt(levels, 14, blend);
    const late = softMaskAt(levels, 0.05, blend);
    expect([early[0], early[2], late[0], late[2]]).toEqual([0, 1, 0, 1]);
    expect(early[1]).toBeLessThan(0.01);
    expect(late[1]).toBeGreaterThan(0.95);
  });
});

describe('softBlend', () => {
  const shape = [2, 4, 2, 3] as const;

  it('is the known picture where the mask is 0 and the generated one where it is 1', () => {
    const known = waves(24, 0.7);
    const latent = { data: waves(48, 1.3), shape };
    const before = latent.data.slice();
    softBlend(latent, Float32Array.of(0, 1, 0, 1, 0, 1), known, blend);
    latent.data.forEach((v, i) => {
      expect(v).toBeCloseTo(i % 2 === 0 ? known[i % 24] : before[i], 4);
    });
  });

  it('does not lose contrast where two opposite sides meet, as plain mixing does', () => {
    const known = new Float32Array(4).fill(1);
    const latent = { data: Float32Array.of(-1, -1, -1, -0.8), shape: [1, 4, 1, 1] as const };
    softBlend(latent, Float32Array.of(0.4), known, blend);
    expect(Math.hypot(...latent.data)).toBeCloseTo(2, 1);
  });
});

describe('weightedHistogramFilter', () => {
  it('leaves a plain plane and stays within the values under the kernel', () => {
    const kernel = taperedGaussian(1.5, 2);
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: 0, max: 9, noNaN: true }), { minLength: 30, maxLength: 30 }),
        fc.constantFrom(0, 0.25, 0.9),
        (values, from) => {
          const plane = { width: 6, height: 5, data: Float32Array.from(values) };
          const { data } = weightedHistogramFilter(plane, kernel, { from, to: 1, minWidth: 1 });
          data.forEach((v) => {
            expect(v).toBeGreaterThanOrEqual(Math.fround(Math.min(...values)) - 1e-5);
            expect(v).toBeLessThanOrEqual(Math.fround(Math.max(...values)) + 1e-5);
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('takes what is asked for: the upper end lies above the lower one', () => {
    const kernel = taperedGaussian(1.5, 2);
    const plane = { width: 9, height: 9, data: waves(81, 2.1) };
    const upper = weightedHistogramFilter(plane, kernel, { from: 0.9, to: 1, minWidth: 0 });
    const lower = weightedHistogramFilter(plane, kernel, { from: 0, to: 0.1, minWidth: 0 });
    upper.data.forEach((v, i) => expect(v).toBeGreaterThan(lower.data[i]));
  });
});

describe('softDifferenceMask', () => {
  const size = { width: 6, height: 6 };
  const free = { ...size, data: new Float32Array(36).fill(1) };

  it('hides the result where the latents have not moved and shows it where they have', () => {
    const original = waves(36 * 4, 0.9);
    const same = softDifferenceMask({ mask: free, original, processed: original }, mask);
    expect(same.data.every((v) => v === 0)).toBe(true);
    const processed = original.map((v) => v + 3);
    const other = softDifferenceMask({ mask: free, original, processed }, mask);
    expect(other.data.every((v) => v > 250)).toBe(true);
  });

  it('asks for more change where the mask is low, as far as the mask has influence', () => {
    const half = { ...size, data: new Float32Array(36).fill(0.3) };
    const original = new Float32Array(36 * 4);
    const processed = original.map(() => 0.3);
    const of = (maskInfluence: number) =>
      softDifferenceMask({ mask: half, original, processed }, { ...mask, maskInfluence }).data[14];
    expect(of(1)).toBeGreaterThan(of(0));
  });

  it('is put where the crop was, the original whole outside of it', () => {
    const picture = noiseImage(40, 30, 3);
    const difference = { ...size, data: new Uint8Array(36).fill(255) };
    const { overlay } = softOverlay(difference, picture, {
      width: 48,
      height: 48,
      pasteTo: [10, 5, 12, 12],
    });
    expect(overlay.data[3]).toBe(255);
    expect(overlay.data.subarray(0, 3)).toEqual(picture.data.subarray(0, 3));
    expect(overlay.data[(11 * 40 + 16) * 4 + 3]).toBe(0);
  });
});
