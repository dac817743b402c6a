import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { encodePng } from '../../../plugin/picture/encodePng.ts';
import { thumbnailUrl } from '../../../plugin/picture/thumbnail.ts';
import type { Plane } from '../../../shared/frame.ts';

function noise(length: number): Uint8Array {
  let state = 12345;
  return Uint8Array.from({ length }, () => {
    state = (state * 1103515245 + 12345) >>> 0;
    return state >>> 24;
  });
}

describe('encodePng', () => {
  it.each([1, 3, 4] as const)('keeps every sample of %i channels', async (channels) => {
    const data = noise(37 * 23 * channels);
    const png = encodePng({ width: 37, height: 23, channels, data });
    const { data: read, info } = await sharp(png)
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 37, height: 23, channels });
    expect(new Uint8Array(read)).toEqual(data);
  });

  it.each([1, 3, 4] as const)('keeps every sample of %i channels of 16 bits', async (channels) => {
    const bytes = noise(37 * 23 * channels * 2);
    const data = new Uint16Array(bytes.buffer);
    const png = encodePng({ width: 37, height: 23, channels, data });
    const { depth } = await sharp(png).metadata();
    expect(depth).toBe('ushort');
    const { data: read } = await sharp(png)
      .toColourspace(channels === 1 ? 'grey16' : 'rgb16')
      .raw({ depth: 'ushort' })
      .toBuffer({ resolveWithObject: true });
    expect(new Uint16Array(new Uint8Array(read).buffer)).toEqual(data);
  });

  it('carries text that other programs find', async () => {
    const png = encodePng({
      width: 1,
      height: 1,
      channels: 3,
      data: noise(3),
      text: { parameters: 'a boät\nSteps: 4' },
    });
    const { comments } = await sharp(png).metadata();
    expect(comments).toEqual([{ keyword: 'parameters', text: 'a boät\nSteps: 4' }]);
  });
});

describe('a thumbnail', () => {
  async function read(url: string) {
    return sharp(Buffer.from(url.split(',')[1] ?? '', 'base64'))
      .raw()
      .toBuffer({ resolveWithObject: true });
  }
  const full = (channels: number, depth: Plane['depth'], data: Plane['data']): Plane => ({
    name: 'picture',
    width: 40,
    height: 20,
    channels,
    depth,
    data,
  });

  it.each([
    [1, 8, new Uint8Array(800).fill(51)],
    [3, 16, new Uint16Array(2400).fill(13107)],
    [4, 32, new Float32Array(3200).map((_, i) => (i % 4 === 3 ? 1 : 0.2))],
  ] as const)(
    'of %i channels of %i bits is small RGB of the same colour',
    async (channels, depth, data) => {
      const { data: rgb, info } = await read(
        thumbnailUrl(full(channels, depth, data), { maxSidePx: 10 }),
      );
      expect(info).toMatchObject({ width: 10, height: 5, channels: 3 });
      expect([...rgb.subarray(0, 3)]).toEqual([51, 51, 51]);
    },
  );

  it('shows the selection in red and leaves the rest alone', async () => {
    const mask = full(
      1,
      8,
      new Uint8Array(800).map((_, i) => (i % 40 < 20 ? 255 : 0)),
    );
    const url = thumbnailUrl(full(3, 8, new Uint8Array(2400).fill(100)), {
      maxSidePx: 40,
      overlay: mask,
    });
    const { data } = await read(url);
    expect(data[0]).toBeGreaterThan(data[1]! + 50);
    expect([...data.subarray(39 * 3, 40 * 3)]).toEqual([100, 100, 100]);
  });
});
