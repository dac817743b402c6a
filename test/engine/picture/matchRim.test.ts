import { describe, expect, it } from 'vitest';
import { matchRim } from '../../../service/engine/picture/matchRim.ts';
import type { Raster } from '../../../service/engine/picture/raster.ts';

const size = { width: 40, height: 24 };
/** The left quarter was known. */
const rim = Uint8Array.from({ length: 960 }, (_, i) => (i % 40 < 10 ? 1 : 0));

function raster(value: (x: number, y: number) => number, channels: 3 | 4 = 3, alpha = 255): Raster {
  const data = new Uint8Array(960 * channels);
  for (let i = 0; i < 960; i++) {
    data.fill(value(i % 40, Math.floor(i / 40)), i * channels, i * channels + 3);
    if (channels === 4) data[i * 4 + 3] = alpha;
  }
  return { ...size, channels, depth: 8, data };
}

const at = ({ data }: Raster, x: number, y: number) => data[(y * 40 + x) * 3];

describe('brightness at the rim', () => {
  it('is taken off all that was painted', () => {
    const out = matchRim(
      raster(() => 100),
      raster(() => 110),
      { rim, strength: 1 },
    );
    expect(new Set(out.data)).toEqual(new Set([110]));
  });

  it('is taken off by a share', () => {
    const out = matchRim(
      raster(() => 100),
      raster(() => 110),
      { rim, strength: 0.5 },
    );
    expect(new Set(out.data)).toEqual(new Set([105]));
  });

  it('may differ along the rim', () => {
    const known = raster((_, y) => (y < 12 ? 110 : 90));
    const out = matchRim(
      raster(() => 100),
      known,
      { rim, strength: 1 },
    );
    expect(at(out, 5, 2)).toBeGreaterThan(107);
    expect(at(out, 30, 2)).toBeGreaterThan(at(out, 30, 21) ?? 0);
    expect(at(out, 5, 21)).toBeLessThan(93);
  });

  it('says nothing where something else was painted, or nothing was known', () => {
    const painted = raster(() => 100);
    const other = matchRim(
      painted,
      raster(() => 180),
      { rim, strength: 1 },
    );
    expect(other.data).toEqual(painted.data);
    const clear = raster(() => 110, 4, 0);
    expect(matchRim(painted, clear, { rim, strength: 1 }).data).toEqual(painted.data);
  });
});
