/** Enlarging at the picture's depth: tiles without seams, sizes, alpha, windows. */
import { describe, expect, it } from 'vitest';
import {
  countTiles,
  enlargeAlpha,
  enlargeByNetwork,
  enlargePlain,
  rasterSink,
  type EnlargingNetwork,
} from '../../../service/engine/picture/enlargeRaster.ts';
import type { FloatImage, Raster } from '../../../service/engine/picture/raster.ts';
import { resizeImage } from '../../../service/engine/picture/resize.ts';
import { tileAxis, tileWeights } from '../../../service/engine/picture/tileBlend.ts';
import { picture } from '../jobs.ts';

const whole = (width: number, height: number) => ({
  size: { width, height },
  window: { x: 0, y: 0, width, height },
});

/** Means over 13 x 13 pixels with nothing beyond the rim, repeated: it needs surroundings as networks do. */
function meanNetwork(scale: number, reach = 6): EnlargingNetwork {
  return { scale, enlarge: (tile) => Promise.resolve(repeated(meansOf(tile, reach), scale)) };
}

function meansOf({ width, height, data }: FloatImage, reach: number): FloatImage {
  const out = new Float32Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let dy = -reach; dy <= reach; dy++) {
        for (let dx = -reach; dx <= reach; dx++) {
          if (x + dx < 0 || y + dy < 0 || x + dx >= width || y + dy >= height) continue;
          for (let c = 0; c < 3; c++) {
            const value = data[((y + dy) * width + x + dx) * 3 + c] / (2 * reach + 1) ** 2;
            out[(y * width + x) * 3 + c] += value;
          }
        }
      }
    }
  }
  return { width, height, data: out };
}

function repeated({ width, height, data }: FloatImage, scale: number): FloatImage {
  const out = new Float32Array(width * height * scale * scale * 3);
  for (let i = 0; i < out.length; i++) {
    const pixel = Math.floor(i / 3);
    const x = Math.floor((pixel % (width * scale)) / scale);
    const y = Math.floor(pixel / (width * scale) / scale);
    out[i] = data[(y * width + x) * 3 + (i % 3)];
  }
  return { width: width * scale, height: height * scale, data: out };
}

async function enlarged(
  raster: Raster,
  network: EnlargingNetwork,
  tiles: { tilePx: number; overlapPx: number },
  target = whole(raster.width * network.scale, raster.height * network.scale),
): Promise<Raster> {
  const sink = rasterSink(raster, target.window);
  await enlargeByNetwork(raster, network, target, {
    ...tiles,
    onTile: () => undefined,
    put: sink.put,
  });
  return sink.raster;
}

function mostDifference(a: Raster, b: Raster): number {
  return Float32Array.from(a.data, (v, i) => Math.abs(v - b.data[i])).reduce(
    (most, v) => Math.max(most, v),
    0,
  );
}

describe('tiles', () => {
  it.each([
    [100, 40, 16],
    [41, 40, 20],
    [257, 64, 32],
    [200, 64, 0],
    [33, 16, 8],
  ])('have weights that add up to 1: %i pixels in tiles of %i over %i', (length, tile, overlap) => {
    const axis = tileAxis(length, tile, overlap);
    const sums = new Float32Array(length * 3);
    axis.starts.forEach((start, i) =>
      tileWeights(axis, i, 3).forEach((w, x) => (sums[start * 3 + x] += w)),
    );
    expect(axis.starts.length).toBeGreaterThan(1);
    expect(axis.starts.at(-1)).toBe(length - tile);
    for (const sum of sums) expect(sum).toBeCloseTo(1, 6);
  });

  it('are as large as a picture that is smaller', () => {
    expect(tileAxis(20, 64, 16)).toEqual({ side: 20, starts: [0], cuts: [], halfRamp: 2.5 });
  });

  it('are counted before they are seen, and told one by one', async () => {
    const source = picture({ width: 100, height: 70 });
    const tiles = { tilePx: 40, overlapPx: 16 };
    const told: number[] = [];
    await enlargeByNetwork(source, meanNetwork(1, 1), whole(100, 70), {
      ...tiles,
      onTile: (done, all) => told.push(done / all),
      put: () => undefined,
    });
    expect(told).toHaveLength(countTiles(source, tiles) + 1);
    expect(told[0]).toBe(0);
    expect(told.at(-1)).toBe(1);
  });

  it('leave no seam where their overlap is twice the network’s reach', async () => {
    const source = picture({ width: 92, height: 48 }, 3, 16);
    const network = meanNetwork(2);
    const untiled = await enlarged(source, network, { tilePx: 0, overlapPx: 0 });
    const tiled = await enlarged(source, network, { tilePx: 48, overlapPx: 24 });
    expect(mostDifference(tiled, untiled)).toBeLessThanOrEqual(1);
    const narrow = await enlarged(source, network, { tilePx: 48, overlapPx: 4 });
    expect(mostDifference(narrow, untiled)).toBeGreaterThan(1000);
  });

  it('end a run before the next of them', async () => {
    const source = picture({ width: 100, height: 70 });
    const seen: number[] = [];
    const stop = enlargeByNetwork(source, meanNetwork(1, 1), whole(100, 70), {
      tilePx: 40,
      overlapPx: 16,
      onTile: (done) => {
        if (done === 2) throw new Error('stopped');
        seen.push(done);
      },
      put: () => undefined,
    });
    await expect(stop).rejects.toThrow('stopped');
    expect(seen).toEqual([0, 1]);
  });
});

describe('sizes', () => {
  it('that the network’s factor misses are reached by Lanczos, row by row as at once', async () => {
    const source = picture({ width: 61, height: 47 });
    const network = meanNetwork(4, 1);
    const target = whole(90, 75);
    const made = await enlarged(source, network, { tilePx: 24, overlapPx: 8 }, target);
    const large = await enlarged({ ...source }, network, { tilePx: 24, overlapPx: 8 });
    const data = Float32Array.from(large.data, (v) => v / 255);
    const wanted = resizeImage({ width: large.width, height: large.height, data }, target.size);
    wanted.data.forEach((v, i) => expect(Math.abs(made.data[i] - v * 255)).toBeLessThan(1.6));
  });

  it('may be a window of the enlarged picture', async () => {
    const source = picture({ width: 40, height: 30 });
    const network = meanNetwork(2, 1);
    const all = await enlarged(source, network, { tilePx: 16, overlapPx: 8 });
    const window = { x: 10, y: 7, width: 33, height: 21 };
    const part = await enlarged(
      source,
      network,
      { tilePx: 16, overlapPx: 8 },
      {
        size: { width: 80, height: 60 },
        window,
      },
    );
    for (let y = 0; y < window.height; y++) {
      const from = ((y + window.y) * 80 + window.x) * 3;
      const row = part.data.subarray(y * window.width * 3, (y + 1) * window.width * 3);
      expect(row).toEqual(all.data.subarray(from, from + window.width * 3));
    }
  });

  it.each(['lanczos', 'nearest'] as const)('of one pixel are possible: %s', (kind) => {
    const source = picture({ width: 1, height: 1 });
    const sink = rasterSink(source, { width: 8, height: 8 });
    enlargePlain(source, kind, whole(8, 8), sink.put);
    for (let i = 0; i < 192; i++) expect(sink.raster.data[i]).toBe(source.data[i % 3]);
  });

  it('repeat pixels without mixing them', () => {
    const source = picture({ width: 5, height: 4 });
    const sink = rasterSink(source, { width: 15, height: 12 });
    enlargePlain(source, 'nearest', whole(15, 12), sink.put);
    for (let y = 0; y < 12; y++) {
      for (let x = 0; x < 15; x++) {
        const from = (Math.floor(y / 3) * 5 + Math.floor(x / 3)) * 3;
        expect(sink.raster.data[(y * 15 + x) * 3]).toBe(source.data[from]);
      }
    }
  });
});

describe('depth, channels and alpha', () => {
  it.each([8, 16, 32] as const)('stays at %i bits', async (depth) => {
    const source = picture({ width: 30, height: 20 }, 3, depth);
    const made = await enlarged(source, meanNetwork(2, 1), { tilePx: 0, overlapPx: 0 });
    expect(made.depth).toBe(depth);
    expect(made.data.constructor).toBe(source.data.constructor);
  });

  it('keeps gray gray', async () => {
    const source = picture({ width: 30, height: 20 }, 1);
    const made = await enlarged(source, meanNetwork(2, 0), { tilePx: 16, overlapPx: 4 });
    expect(made.channels).toBe(1);
    expect(made.data[0]).toBe(source.data[0]);
  });

  it('keeps the colours of clear pixels to themselves', () => {
    const red = [255, 0, 0, 255];
    const clearGreen = [0, 255, 0, 0];
    const data = Uint8Array.from([...red, ...clearGreen]);
    const source: Raster = { width: 2, height: 1, channels: 4, depth: 8, data };
    const target = whole(8, 4);
    const sink = rasterSink(source, target.size);
    enlargePlain(source, 'lanczos', target, sink.put);
    const alpha = enlargeAlpha(source, target);
    expect(alpha[0]).toBe(255);
    expect(alpha[7]).toBe(0);
    alpha.forEach((a, i) => {
      if (a > 8) expect(sink.raster.data.slice(i * 3, i * 3 + 3)).toEqual(Uint8Array.of(255, 0, 0));
    });
  });

  it('lays a second one over the first by its visibility', () => {
    const size = { width: 2, height: 1 };
    const sink = rasterSink({ channels: 3, depth: 8 }, size);
    sink.put(0, Float32Array.of(0, 0, 0, 1, 1, 1));
    sink.mix(0.25)(0, Float32Array.of(1, 1, 1, 0, 0, 0));
    expect([...sink.raster.data]).toEqual([64, 64, 64, 191, 191, 191]);
  });
});
