/** A document written as PNG or TIFF: its merged picture keeps its numbers, its profile and its inks. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { openPicture, writeResults } from '../../service/cli/pictures.ts';
import { decodePicture } from '../../service/engine/picture/decode.ts';
import { concat, padded, u16, u32 } from '../../service/engine/picture/psd/bytes.ts';
import { readComposite } from '../../service/engine/picture/psd/readComposite.ts';
import { decodeStored } from '../../service/engine/picture/storedPixels.ts';
import { toInks } from '../../service/engine/picture/toInks.ts';
import { toProfile } from '../../service/engine/picture/toProfile.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { removalRecipe } from './samples.ts';

const folder = temporaryFolder();
const samples = join(import.meta.dirname, '../reference/cases/psd');
const size = { width: 12, height: 10 };
const bounds = { x: 2, y: 3, width: 6, height: 4 };
const body = { bounds, recipe: removalRecipe(size, bounds) };
const color = [200, 40, 40] as const;
const modes = { gray: 1, rgb: 3, cmyk: 4 } as const;

type Depth = 8 | 16;

async function profileNamed(name: 'p3' | 'cmyk'): Promise<Uint8Array> {
  const raw = { width: 4, height: 4, channels: 3 } as const;
  const image = sharp(new Uint8Array(48), { raw }).withIccProfile(name);
  const { icc } = await sharp(await image.tiff().toBuffer()).metadata();
  if (!icc) throw new Error('Expected a profile');
  return new Uint8Array(icc);
}

function grayProfile(): Uint8Array {
  const { icc } = readComposite(readFileSync(join(samples, 'gray0.psd')));
  if (!icc) throw new Error('Expected a profile');
  return icc;
}

/** A flat document of noise, and the path that it was written to. */
function flatDocument(mode: keyof typeof modes, depth: Depth, icc: Uint8Array): string {
  const channels = modes[mode];
  const length = size.width * size.height * channels * (depth / 8);
  const planes = Uint8Array.from({ length }, (_, i) => (i * 7919 + ((i * i) >> 3)) & 255);
  const profile = concat([Buffer.from('8BIM'), u16(1039, 0), u32(icc.length), padded(icc, 2)]);
  const head = [Buffer.from('8BPS'), u16(1, 0, 0, 0, channels), u32(size.height, size.width)];
  const sections = [u16(depth, channels), u32(0, profile.length), profile, u32(0), u16(0), planes];
  const path = join(folder, `${mode}-${depth}.psd`);
  writeFileSync(path, concat([...head, ...sections]));
  return path;
}

/** One colour; nothing of it in every third pixel. */
function resultOf(channels: 1 | 3, depth: Depth) {
  const count = bounds.width * bounds.height;
  const values = Array.from({ length: count * channels }, (_, i) => color[i % channels] ?? 0);
  const data =
    depth === 8 ? Uint8Array.from(values) : Uint16Array.from(values, (value) => value * 257);
  const { width, height } = bounds;
  const alpha = Uint8Array.from({ length: count }, (_, i) => (i % 3 === 0 ? 0 : 255));
  return {
    body,
    planes: [
      { name: 'color', width, height, channels, depth, data } as const,
      { name: 'alpha', width, height, channels: 1, depth: 8, data: alpha } as const,
    ],
  };
}

function isCovered(pixel: number): boolean {
  const column = (pixel % size.width) - bounds.x;
  const row = Math.floor(pixel / size.width) - bounds.y;
  const isIn = column >= 0 && row >= 0 && column < bounds.width && row < bounds.height;
  return isIn && (row * bounds.width + column) % 3 !== 0;
}

async function written(from: string, ending: 'png' | 'tif', channels: 1 | 3, depth: Depth) {
  const out = `${from}.${ending}`;
  await writeResults(out, await openPicture(from, out), [resultOf(channels, depth)]);
  return out;
}

const whole = (rgb: readonly number[], depth: Depth) => {
  const data = depth === 8 ? Uint8Array.from(rgb) : Uint16Array.from(rgb, (v) => v * 257);
  return { width: 1, height: 1, channels: 3, depth, data } as const;
};

/** Outside alpha what `before` has, under it `painted`; both in the file's own numbers. */
function expectLaid(
  after: ArrayLike<number>,
  before: ArrayLike<number>,
  painted: ArrayLike<number>,
) {
  const channels = painted.length;
  for (let i = 0; i < before.length; i++) {
    const wanted = isCovered(Math.floor(i / channels)) ? painted[i % channels] : before[i];
    expect(after[i], `value ${i}`).toBe(wanted);
  }
}

describe.each([8, 16] as const)('a document of %i bits', (depth) => {
  it.each(['png', 'tif'] as const)('keeps the numbers of its profile: %s', async (ending) => {
    const icc = await profileNamed('p3');
    const path = flatDocument('rgb', depth, icc);
    const out = await written(path, ending, 3, depth);
    const stored = await decodeStored(out, ending === 'png' ? 'png' : 'tiff');
    if (!stored) return expect.fail('Expected pixels of their own');
    expect(Buffer.compare(stored.icc ?? Buffer.of(), icc)).toBe(0);
    expect(stored.raster.depth).toBe(depth);
    const painted = await toProfile(whole(color, depth), { icc, space: 'rgb' });
    expectLaid(stored.raster.data, readComposite(readFileSync(path)).data, painted.data);
  });

  it.each(['png', 'tif'] as const)('keeps the numbers of its gray profile: %s', async (ending) => {
    const icc = grayProfile();
    const path = flatDocument('gray', depth, icc);
    const out = await written(path, ending, 1, depth);
    const meta = await sharp(out).metadata();
    expect(Buffer.compare(meta.icc ?? Buffer.of(), icc)).toBe(0);
    const after = await sharp(out, { ignoreIcc: true })
      .toColourspace(depth === 8 ? 'b-w' : 'grey16')
      .raw({ depth: depth === 8 ? 'uchar' : 'ushort' })
      .toBuffer();
    const values = depth === 8 ? after : new Uint16Array(Uint8Array.from(after).buffer);
    const painted = whole(color, depth).data.subarray(0, 1);
    expectLaid(values, readComposite(readFileSync(path)).data, painted);
  });

  it('stays in its inks in a TIFF, and becomes sRGB in a PNG', async () => {
    const icc = await profileNamed('cmyk');
    const path = flatDocument('cmyk', depth, icc);
    const stored = await decodeStored(await written(path, 'tif', 3, 8), 'tiff');
    if (!stored) return expect.fail('Expected inks');
    expect([stored.kind, stored.raster.depth]).toEqual(['inks', depth]);
    expect(Buffer.compare(stored.icc ?? Buffer.of(), icc)).toBe(0);
    const ink = await toInks(whole(color, depth), icc);
    expectLaid(stored.raster.data, readComposite(readFileSync(path)).data, ink.data);
    const png = await decodePicture(await written(path, 'png', 3, 8));
    expect(png.raster).toMatchObject({ channels: 3, depth: 8 });
    expect(png.info.profile).toBeUndefined();
  });
});
