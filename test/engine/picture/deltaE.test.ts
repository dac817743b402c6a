import { describe, expect, it } from 'vitest';
import { deltaE2000, type Lab, srgbToLab } from '../../../service/engine/picture/deltaE.ts';

describe('CIEDE2000', () => {
  // Sharma, Wu, Dalal 2005, table 1: pairs that separate right from wrong hue handling.
  const published: readonly (readonly [Lab, Lab, number])[] = [
    [[50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425],
    [[50, 3.1571, -77.2803], [50, 0, -82.7485], 2.8615],
    [[50, -1, 2], [50, 0, 0], 2.3669],
    [[50, 2.49, -0.001], [50, -2.49, 0.0009], 7.1792],
    [[50, 2.49, -0.001], [50, -2.49, 0.0011], 7.2195],
    [[50, 2.5, 0], [73, 25, -18], 27.1492],
    [[60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644],
    [[2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082],
  ];

  it('agrees with the published pairs to four digits', () => {
    for (const [a, b, expected] of published) {
      expect(deltaE2000(a, b)).toBeCloseTo(expected, 4);
      expect(deltaE2000(b, a)).toBeCloseTo(expected, 4);
    }
  });

  it('is zero for equal colours, black included', () => {
    expect(deltaE2000([0, 0, 0], [0, 0, 0])).toBe(0);
    expect(deltaE2000([40, 20, -30], [40, 20, -30])).toBe(0);
  });
});

describe('Lab of sRGB', () => {
  it('puts white at L 100 and gray on the axis', () => {
    const [l, a, b] = srgbToLab(1, 1, 1);
    expect(l).toBeCloseTo(100, 3);
    expect(Math.hypot(a, b)).toBeLessThan(0.02);
    const gray = srgbToLab(0.5, 0.5, 0.5);
    expect(gray[0]).toBeCloseTo(53.39, 2);
    expect(Math.hypot(gray[1], gray[2])).toBeLessThan(0.02);
  });
});
