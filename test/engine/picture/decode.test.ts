import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PentimentoError, type ErrorCode } from '../../../shared/errors.ts';
import { decodePicture } from '../../../service/engine/picture/decode.ts';
import { encodeJpeg, encodePng, encodeTiff } from '../../../service/engine/picture/encode.ts';
import type { Raster } from '../../../service/engine/picture/raster.ts';
import { xmpKeyword } from '../../../service/engine/picture/pngChunks.ts';
import { srgbProfile } from '../../../service/engine/picture/psd/srgbProfile.ts';
import { tiffOf } from '../../../service/engine/picture/tiffContainer.ts';
import { processorMs } from '../../fixtures/processorMs.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pentimento-decode-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function raster(width: number, height: number, form: Pick<Raster, 'channels' | 'depth'>): Raster {
  const count = width * height * form.channels;
  const max = form.depth === 8 ? 255 : 65535;
  const data = form.depth === 8 ? new Uint8Array(count) : new Uint16Array(count);
  for (let i = 0; i < count; i++) data[i] = (i * 7919 + (i >> 4) * 31) % (max + 1);
  return { width, height, ...form, data };
}

function saved(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function codeOf(path: string): Promise<ErrorCode | 'none'> {
  try {
    await decodePicture(path);
    return 'none';
  } catch (error) {
    if (!(error instanceof PentimentoError)) throw error;
    expect(error.message).not.toContain(folder);
    expect(error.message).not.toMatch(/vips|libpng|sharp/i);
    return error.code;
  }
}

describe('encoding and decoding', () => {
  for (const channels of [1, 2, 3, 4] as const) {
    for (const depth of [8, 16] as const) {
      it(`keeps every bit of ${channels} channels at ${depth} bits in PNG and TIFF`, async () => {
        const picture = raster(23, 17, { channels, depth });
        for (const encode of [encodePng, encodeTiff]) {
          const { raster: back } = await decodePicture(saved('a', await encode(picture)));
          expect(back).toMatchObject({ width: 23, height: 17, channels, depth });
          expect(Buffer.compare(bytesOf(back), bytesOf(picture))).toBe(0);
        }
      });
    }
  }

  it('writes a JPEG for previews', async () => {
    const path = saved('p.jpg', await encodeJpeg(raster(16, 16, { channels: 4, depth: 16 }), 80));
    expect((await decodePicture(path)).info).toMatchObject({
      format: 'jpeg',
      channels: 3,
      depth: 8,
    });
  });

  it('puts the recipe text before the pixels, Latin-1 as tEXt and the rest as iTXt', async () => {
    const plain = await encodePng(raster(4, 4, { channels: 3, depth: 8 }), {
      parameters: 'Straße',
    });
    const names = chunkNames(plain);
    expect(names.indexOf('tEXt')).toBeGreaterThan(0);
    expect(names.indexOf('tEXt')).toBeLessThan(names.indexOf('IDAT'));
    expect(Buffer.from(plain).includes(Buffer.from('parameters\0Straße', 'latin1'))).toBe(true);
    const wide = await encodePng(raster(4, 4, { channels: 3, depth: 8 }), {
      parameters: '写真',
      xmp: '<x/>',
    });
    expect(chunkNames(wide).filter((n) => n === 'iTXt')).toHaveLength(2);
    expect(Buffer.from(wide).includes(Buffer.from(`${xmpKeyword}\0\0\0\0\0<x/>`))).toBe(true);
    const { comments } = await sharp(wide).metadata();
    expect(comments?.find((t) => t.keyword === 'parameters')?.text).toBe('写真');
  });
});

function bytesOf(r: Raster): Uint8Array {
  return new Uint8Array(r.data.buffer, r.data.byteOffset, r.data.byteLength);
}

function chunkNames(png: Uint8Array): string[] {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const names: string[] = [];
  for (let at = 8; at + 8 <= png.length; at += 12 + view.getUint32(at)) {
    names.push(Buffer.from(png.subarray(at + 4, at + 8)).toString('latin1'));
  }
  return names;
}

describe('what a file holds', () => {
  it('goes by the first bytes, not by the name', async () => {
    const path = saved(
      'really-a-png.jpg',
      await encodePng(raster(9, 8, { channels: 3, depth: 8 })),
    );
    expect((await decodePicture(path)).info.format).toBe('png');
  });

  it('applies the EXIF orientation once', async () => {
    const data = Buffer.from([255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const image = sharp(data, { raw: { width: 4, height: 1, channels: 3 } });
    const path = saved(
      'turned.tif',
      await image.withMetadata({ orientation: 6 }).tiff({ compression: 'none' }).toBuffer(),
    );
    const { raster: turned } = await decodePicture(path);
    expect(turned).toMatchObject({ width: 1, height: 4 });
    expect(Array.from(turned.data.subarray(0, 3))).toEqual([255, 0, 0]);
  });

  it('converts with the embedded profile, alike at 8 and 16 bits, and keeps it', async () => {
    const icc = widerProfile();
    const levels = [40, 200, 90, 220, 60, 120];
    const colors = (data: Uint8Array | Uint16Array) =>
      tiffOf({ width: 2, height: 1, channels: 3, hasAlpha: false, space: 'rgb', data, icc });
    const shallow = await decodePicture(saved('8.tif', colors(Uint8Array.from(levels))));
    const deep = await decodePicture(
      saved('16.tif', colors(Uint16Array.from(levels, (v) => v * 257))),
    );
    expect(shallow.icc).toEqual(icc);
    expect(shallow.raster.depth).toBe(8);
    expect(deep.raster.depth).toBe(16);
    expect(Array.from(shallow.raster.data)).not.toEqual(levels);
    deep.raster.data.forEach((v, i) =>
      expect(Math.abs(v / 257 - shallow.raster.data[i])).toBeLessThan(2),
    );
  });

  it('does not touch values that are under an sRGB profile already', async () => {
    const data = raster(31, 9, { channels: 3, depth: 16 }).data as Uint16Array;
    const bytes = tiffOf({
      width: 31,
      height: 9,
      channels: 3,
      hasAlpha: false,
      space: 'rgb',
      data,
      icc: srgbProfile('rgb'),
    });
    const { raster: back, info } = await decodePicture(saved('srgb.tif', bytes));
    expect(back.data).toEqual(data);
    expect(info.profile).toBe('sRGB');
  });

  it('reads palette, 1-bit, CMYK and animated files as documented', async () => {
    const base = sharp(Buffer.from(raster(20, 20, { channels: 3, depth: 8 }).data), {
      raw: { width: 20, height: 20, channels: 3 },
    });
    const palette = saved(
      'palette.png',
      await base.clone().png({ palette: true, colours: 8 }).toBuffer(),
    );
    expect((await decodePicture(palette)).info).toMatchObject({ channels: 3, depth: 8 });
    const ink = tiffOf({
      width: 2,
      height: 2,
      channels: 4,
      hasAlpha: false,
      space: 'cmyk',
      data: new Uint8Array(16),
    });
    const paper = await decodePicture(saved('cmyk.tif', ink));
    expect(paper.info).toMatchObject({ channels: 3, depth: 8 });
    expect(paper.raster.data.every((v) => v > 250)).toBe(true);
    const frames = sharp(Buffer.alloc(20 * 40 * 3), {
      raw: { width: 20, height: 40, channels: 3, pageHeight: 20 },
    });
    const animated = saved('animated.webp', await frames.webp({ loop: 0 }).toBuffer());
    expect((await decodePicture(animated)).info).toMatchObject({ width: 20, height: 20 });
  });
});

/** sRGB's profile with red and green moved apart: any profile that is not sRGB. */
function widerProfile(): Uint8Array {
  const icc = srgbProfile('rgb');
  const at = Buffer.from(icc).indexOf(Buffer.from('mluc'));
  icc.set(Buffer.from('\0W\0i\0d\0e'), at + 28);
  const red = Buffer.from(icc).indexOf(Buffer.from('XYZ \0\0\0\0\0\0\x6f\xa2', 'latin1'));
  icc.set([0x00, 0x00, 0x9c, 0x18], red + 8);
  return icc;
}

describe('bad files', () => {
  it('refuses what is not a picture', async () => {
    const heads = [
      '',
      'x',
      'hello, world',
      '%PDF-1.7',
      'PK\x03\x04',
      'MZ\x90',
      'GIF89a',
      '<svg xmlns="http://www.w3.org/2000/svg"/>',
      '\0\0\0\x18ftypheic',
    ];
    for (const head of heads) {
      expect(await codeOf(saved('x.png', Buffer.from(head, 'latin1')))).toBe('E_IMAGE_TYPE');
    }
    expect(await codeOf(join(folder, 'missing.png'))).toBe('E_FILE');
    expect(await codeOf(folder)).toBe('E_FILE');
  });

  it('calls truncated files damaged, wherever they end', async () => {
    const picture = raster(120, 90, { channels: 3, depth: 8 });
    const image = sharp(Buffer.from(picture.data), {
      raw: { width: 120, height: 90, channels: 3 },
    });
    const files = [
      await encodePng(picture),
      await encodeJpeg(picture, 90),
      await image.webp({ lossless: true }).toBuffer(),
      await encodeTiff(picture),
    ];
    for (const bytes of files) {
      for (let end = 1024; end < bytes.length - 64; end += 4096) {
        expect(await codeOf(saved('cut', bytes.subarray(0, end)))).toBe('E_IMAGE_CORRUPT');
      }
    }
  });

  it('refuses too many pixels from the header alone', async () => {
    const png = Buffer.from(await encodePng(raster(8, 8, { channels: 1, depth: 8 })));
    png.writeUInt32BE(30000, 16);
    png.writeUInt32BE(20000, 20);
    png.writeUInt32BE(crc(png.subarray(12, 29)), 29);
    const path = saved('huge.png', png);
    const ms = await processorMs(async () => expect(await codeOf(path)).toBe('E_IMAGE_PIXELS'));
    expect(ms).toBeLessThan(500);
  });

  it('refuses a picture without pixels', async () => {
    const png = Buffer.from(await encodePng(raster(8, 8, { channels: 1, depth: 8 })));
    png.writeUInt32BE(0, 16);
    png.writeUInt32BE(crc(png.subarray(12, 29)), 29);
    expect(await codeOf(saved('none.png', png))).toBe('E_IMAGE_CORRUPT');
  });

  it('refuses more channels than colours can have', async () => {
    const bytes = tiffOf({
      width: 2,
      height: 2,
      channels: 6,
      hasAlpha: true,
      space: 'rgb',
      data: new Uint8Array(24),
    });
    expect(await codeOf(saved('six.tif', bytes))).toBe('E_IMAGE_CHANNELS');
  });

  it('answers broken profiles with the picture', async () => {
    const icc = new Uint8Array(200).fill(7);
    const data = raster(5, 5, { channels: 3, depth: 8 }).data as Uint8Array;
    const bytes = tiffOf({
      width: 5,
      height: 5,
      channels: 3,
      hasAlpha: false,
      space: 'rgb',
      data,
      icc,
    });
    expect((await decodePicture(saved('icc.tif', bytes))).raster.data).toHaveLength(75);
  });

  it('reads one pixel', async () => {
    const path = saved('one.png', await encodePng(raster(1, 1, { channels: 1, depth: 8 })));
    expect((await decodePicture(path)).info).toMatchObject({ width: 1, height: 1 });
    expect(readFileSync(path).length).toBeGreaterThan(0);
  });
});

function crc(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const b of bytes) {
    c ^= b;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return (c ^ 0xffffffff) >>> 0;
}
