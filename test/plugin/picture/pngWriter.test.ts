import { inflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { encodePng } from '../../../plugin/picture/encodePng.ts';
import { joinBytes } from '../../../plugin/picture/joinBytes.ts';
import type { PngHead } from '../../../plugin/picture/pngChunks.ts';
import { filteredRows } from '../../../plugin/picture/pngRows.ts';
import { createPngWriter, type PngSamples } from '../../../plugin/picture/pngWriter.ts';
import { openZlibStream } from '../../../plugin/picture/zlibStream.ts';

/** Numbers without a pattern, the same each time. */
function noise(length: number, most: number): number[] {
  let state = 12345;
  const values: number[] = [];
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    values.push((state >>> 8) % most);
  }
  return values;
}

describe('the zlib stream', () => {
  it('holds what was written, piece by piece', async () => {
    const parts = [noise(70_000, 12), noise(3, 256), noise(50_000, 200)].map((values) =>
      Uint8Array.from(values),
    );
    const zlib = openZlibStream();
    for (const part of parts) await zlib.write(part);
    const stream = joinBytes(await zlib.end());
    // Throws where the checksum is wrong.
    expect(Buffer.compare(inflateSync(stream), joinBytes(parts))).toBe(0);
  });
});

describe('rows', () => {
  it('are filtered by what fits each of them', () => {
    const width = 4000;
    const rows: Array<(x: number) => number> = [
      (x) => (x % 50 === 0 ? 1 : 0),
      (x) => x * 2,
      (x) => x * 2 + (noiseRow[x] ?? 0),
      (x) => x * 2 + (noiseRow[x] ?? 0),
    ];
    const noiseRow = noise(width, 100);
    const bytes = new Uint8Array(width * rows.length);
    rows.forEach((value, y) => {
      for (let x = 0; x < width; x++) bytes[y * width + x] = value(x);
    });
    const shape = { rowBytes: width, pixelBytes: 1 };
    const out = filteredRows(bytes, new Uint8Array(width), shape);
    const types = rows.map((_, y) => out[y * (width + 1)]);
    expect(types).toEqual([0, 1, expect.any(Number), 2]);
  });
});

describe('a large PNG, written some rows at a time', () => {
  const width = 301;
  const height = 97;
  const smooth = (i: number) => 900 + Math.round(400 * Math.sin(i / 700));

  function samplesOf(depth: 8 | 16, channels: number, kind: string): PngSamples {
    const length = width * height * channels;
    const grain = noise(length, 64);
    const data = depth === 16 ? new Uint16Array(length) : new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      const value = kind === 'photograph' ? smooth(i) + grain[i]! : (Math.floor(i / 900) % 5) * 999;
      data[i] = depth === 16 ? value * 30 : value / 8;
    }
    return data;
  }

  async function written(head: PngHead, data: PngSamples, bandRows: number): Promise<Uint8Array> {
    const row = width * head.channels;
    const writer = createPngWriter(head);
    for (let y = 0; y < height; y += bandRows)
      await writer.write(data.slice(y * row, Math.min(height, y + bandRows) * row));
    return new Uint8Array(await (await writer.end()).arrayBuffer());
  }

  const cases = ([8, 16] as const).flatMap((depth) =>
    ([1, 3, 4] as const).flatMap((channels) =>
      ['photograph', 'drawing'].map((kind) => ({ depth, channels, kind })),
    ),
  );
  it.each(cases)(
    'keeps every sample: $depth bits, $channels channels, a $kind',
    async ({ depth, channels, kind }) => {
      const data = samplesOf(depth, channels, kind);
      const head = { width, height, channels, depth, text: { parameters: 'Steps: 4' } };
      const png = await written(head, data, 10);
      const meta = await sharp(png).metadata();
      expect(meta).toMatchObject({
        width,
        height,
        channels,
        depth: depth === 16 ? 'ushort' : 'uchar',
      });
      expect(meta.comments).toEqual([{ keyword: 'parameters', text: 'Steps: 4' }]);
      const space = `${channels === 1 ? 'grey' : 'rgb'}16`;
      const read = await (
        depth === 16
          ? sharp(png).toColourspace(space).raw({ depth: 'ushort' })
          : sharp(png)
              .toColourspace(channels === 1 ? 'b-w' : 'srgb')
              .raw()
      ).toBuffer();
      expect(read.equals(Buffer.from(data.buffer))).toBe(true);
      const raw = (file: Uint8Array) => sharp(file).raw().toBuffer();
      // However it is cut into bands.
      expect((await raw(await written(head, data, height))).equals(await raw(png))).toBe(true);
    },
  );

  it('is about as small as the best effort makes it', async () => {
    const head = { width, height, channels: 3, depth: 16 } as const;
    for (const kind of ['photograph', 'drawing']) {
      const data = samplesOf(16, 3, kind) as Uint16Array;
      const best = encodePng({ width, height, channels: 3, data }, 9).length;
      expect((await written(head, data, 20)).length).toBeLessThan(best * 1.08 + 200);
    }
  });
});
