import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bandsOver,
  cutRows,
  pasteRows,
  rowMask,
  rowsWithin,
} from '../../../service/engine/networks/bands.ts';
import { ChannelSums } from '../../../service/engine/networks/groupStatistics.ts';
import { tensor } from '../../../service/engine/tensor.ts';
import { wave } from '../graph/syntheticNetwork.ts';

const plans = fc
  .record({
    height: fc.integer({ min: 1, max: 400 }),
    halo: fc.integer({ min: 1, max: 4 }),
    room: fc.integer({ min: 1, max: 60 }),
  })
  .map(({ height, halo, room }) => ({ height, halo, longest: 2 * halo + room }));

describe('bands', () => {
  it('keep each row once, in order, and see the halo around it', () => {
    fc.assert(
      fc.property(plans, ({ height, longest, halo }) => {
        const bands = bandsOver(height, { longest, halo });
        let next = 0;
        for (const { seen, kept } of bands) {
          expect(kept.begin).toBe(next);
          expect(kept.end).toBeGreaterThan(kept.begin);
          next = kept.end;
          expect(seen.begin).toBeLessThanOrEqual(Math.max(0, kept.begin - halo));
          expect(seen.end).toBeGreaterThanOrEqual(Math.min(height, kept.end + halo));
          expect(seen.begin).toBeGreaterThanOrEqual(0);
          expect(seen.end).toBeLessThanOrEqual(height);
        }
        expect(next).toBe(height);
      }),
    );
  });

  it('are of one height, and no higher than allowed', () => {
    fc.assert(
      fc.property(plans, ({ height, longest, halo }) => {
        const heights = bandsOver(height, { longest, halo }).map((b) => b.seen.end - b.seen.begin);
        expect(new Set(heights).size).toBe(1);
        expect(heights[0]).toBeLessThanOrEqual(longest);
      }),
    );
  });

  it('must be higher than what they only look at', () => {
    expect(() => bandsOver(50, { longest: 4, halo: 2 })).toThrow(RangeError);
  });

  it('cut and pasted back give the picture', () => {
    fc.assert(
      fc.property(plans, ({ height, longest, halo }) => {
        const picture = tensor(wave(2 * height * 3), [1, 2, height, 3]);
        const copy = tensor(new Float32Array(picture.data.length), picture.shape);
        for (const { seen, kept } of bandsOver(height, { longest, halo })) {
          const band = cutRows(picture, seen);
          pasteRows(band, rowsWithin(kept, seen), copy, kept.begin);
        }
        expect(copy.data).toEqual(picture.data);
      }),
    );
  });
});

describe('statistics measured in pieces', () => {
  it('are the mean and the deviation of each group', () => {
    const [channels, height, width, groups] = [6, 8, 5, 3];
    const x = tensor(
      wave(channels * height * width).map((v, i) => v * (1 + Math.floor(i / 80)) - 0.4),
      [1, channels, height, width],
    );
    const sums = new ChannelSums();
    for (const { seen, kept } of bandsOver(height, { longest: 4, halo: 1 })) {
      const band = cutRows(x, seen);
      const counted = rowsWithin(kept, seen);
      const mask = rowMask(counted, { height: seen.end - seen.begin, width });
      const found = new Float32Array(2 * channels);
      band.data.forEach((value, i) => {
        const channel = Math.floor(i / mask.data.length);
        const weight = mask.data[i % mask.data.length];
        found[2 * channel] += weight * value;
        found[2 * channel + 1] += weight * value * value;
      });
      sums.add(tensor(found, [channels, 2]), (counted.end - counted.begin) * width);
    }
    const { mean, factor } = sums.told({ groups, epsilon: 1e-6 });
    const size = x.data.length / groups;
    for (let group = 0; group < groups; group++) {
      const values = [...x.data.subarray(group * size, (group + 1) * size)];
      const average = values.reduce((a, b) => a + b) / size;
      const variance = values.reduce((a, b) => a + (b - average) ** 2, 0) / size;
      expect(mean.data[group]).toBeCloseTo(average, 5);
      expect(factor.data[group]).toBeCloseTo(1 / Math.sqrt(variance + 1e-6), 5);
    }
  });
});
