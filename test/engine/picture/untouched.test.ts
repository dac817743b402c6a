/** Where a result's alpha is 0 every bit of the original stays: in pixels, in files and in documents. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openPicture, writeResults } from '../../../service/cli/pictures.ts';
import { flatten } from '../../../service/engine/picture/composite.ts';
import { pixelData } from '../../../service/engine/picture/convert.ts';
import { decodePicture } from '../../../service/engine/picture/decode.ts';
import { encodePng, encodeTiff } from '../../../service/engine/picture/encode.ts';
import { prepareFloat, type Finished } from '../../../service/engine/picture/prepare.ts';
import { writePsd } from '../../../service/engine/picture/psd/writePsd.ts';
import type { Mask, Raster } from '../../../service/engine/picture/raster.ts';
import { tensor } from '../../../service/engine/tensor.ts';
import type { PixelDepth } from '../../../shared/frame.ts';
import { rectOfSize } from '../../../shared/geometry.ts';
import { removalRecipe } from '../../cli/samples.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';

const folder = temporaryFolder();

/** Values of every kind, the same for the same seed. */
function randomBytes(seed: number, length: number): Uint8Array {
  let state = seed | 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >>> 24;
  });
}

function randomPicture({ width, height, channels, depth, seed }: Scene): Raster {
  const count = width * height * channels;
  if (depth === 8) return { width, height, channels, depth, data: randomBytes(seed, count) };
  const words = new Uint16Array(randomBytes(seed, count * 2).buffer);
  if (depth === 16) return { width, height, channels, depth, data: words };
  // Brighter than white, darker than black, and no number at all.
  const floats = Float32Array.from(words, (v) => (v % 97 === 0 ? NaN : v / 40_000 - 0.2));
  return { width, height, channels, depth, data: floats };
}

/** A few rectangles with levels of their own over an empty mask. */
function randomMask({ width, height, boxes }: Scene): Mask {
  const data = new Uint8Array(width * height);
  for (const { x, y, w, h, level } of boxes) {
    for (let row = y; row < Math.min(height, y + h); row++)
      for (let column = x; column < Math.min(width, x + w); column++)
        data[row * width + column] = level;
  }
  return { width, height, data };
}

const box = fc.record({
  x: fc.nat({ max: 30 }),
  y: fc.nat({ max: 30 }),
  w: fc.integer({ min: 1, max: 20 }),
  h: fc.integer({ min: 1, max: 20 }),
  level: fc.integer({ min: 1, max: 255 }),
});
const scene = (depths: readonly PixelDepth[], channels: ReadonlyArray<Raster['channels']>) =>
  fc.record({
    width: fc.integer({ min: 1, max: 36 }),
    height: fc.integer({ min: 1, max: 36 }),
    channels: fc.constantFrom(...channels),
    depth: fc.constantFrom(...depths),
    seed: fc.nat(),
    boxes: fc.array(box, { minLength: 1, maxLength: 4 }),
    featherPx: fc.constantFrom(0, 1, 3, 8, 30),
    growPx: fc.integer({ min: -2, max: 9 }),
    colorMatch: fc.constantFrom(0, 1),
    maskedContent: fc.constantFrom('original' as const, 'fill' as const),
    at: fc.record({ x: fc.nat({ max: 9 }), y: fc.nat({ max: 9 }) }),
  });
type Scene = typeof scene extends (...args: never[]) => fc.Arbitrary<infer T> ? T : never;

/** What a run makes of the whole picture when the network answers with noise; undefined without a selection. */
function finished(picture: Raster, scene: Scene): Finished | undefined {
  const workingSize = { width: 24, height: 16 };
  const selection = randomMask(scene);
  if (!selection.data.some((v) => v > 0)) return undefined;
  try {
    const prepared = prepareFloat({
      ...scene,
      picture,
      selection,
      context: picture,
      workingSize,
      paddingPx: 0,
      onlyMasked: true,
      latentMask: 'soft',
    });
    const noise = randomBytes(scene.seed + 1, 24 * 16 * 3);
    const decoded = tensor(
      Float32Array.from(noise, (v) => v / 100 - 1.2),
      [1, 3, 16, 24],
    );
    const nothing = new Float32Array(0);
    return prepared.finish(decoded, { original: nothing, processed: nothing });
  } catch (error) {
    // Shrinking may leave nothing.
    if (error instanceof Error && 'code' in error && error.code === 'E_MASK_EMPTY')
      return undefined;
    throw error;
  }
}

function bits(raster: Raster): Uint8Array {
  const { data } = raster;
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** How many pixels without alpha there are, all of them equal in both; throws at the first that is not. */
function keptPixels(before: Raster, after: Raster, made: Finished): number {
  const { bounds, alpha } = made;
  const pixelBytes = (before.channels * before.depth) / 8;
  const [a, b] = [bits(before), bits(after)];
  expect([after.width, after.height, after.channels]).toEqual([
    before.width,
    before.height,
    before.channels,
  ]);
  expect(a.length).toBe(b.length);
  let kept = 0;
  for (let y = 0, i = 0; y < before.height; y++) {
    for (let x = 0; x < before.width; x++, i++) {
      const [column, row] = [x - bounds.x, y - bounds.y];
      const isIn = column >= 0 && row >= 0 && column < bounds.width && row < bounds.height;
      if (isIn && (alpha.data[row * bounds.width + column] ?? 0) > 0) continue;
      kept++;
      for (let k = i * pixelBytes; k < (i + 1) * pixelBytes; k++)
        if (a[k] !== b[k]) throw new Error(`Pixel ${x}, ${y} is no longer what it was`);
    }
  }
  return kept;
}

/** The file as the command line makes it of another file. */
async function throughFiles(
  before: { readonly path: string; readonly out: string },
  made: Finished,
): Promise<{ before: Raster; after: Raster }> {
  const { path, out } = before;
  const picture = await openPicture(path, out);
  const size = { width: picture.raster.width, height: picture.raster.height };
  const { bounds, color, alpha } = made;
  const planes = [
    { name: 'color', ...color },
    { name: 'alpha', channels: 1, depth: 8, ...alpha } as const,
  ];
  const body = { bounds, recipe: removalRecipe(size, bounds, rectOfSize(size)) };
  await writeResults(out, picture, [{ body, planes }]);
  return { before: (await decodePicture(path)).raster, after: (await decodePicture(out)).raster };
}

describe('what alpha does not cover', () => {
  it('keeps every bit in the picture laid together, at any depth and form', () => {
    let runs = 0;
    let kept = 0;
    fc.assert(
      fc.property(scene([8, 16, 32], [1, 2, 3, 4]), (s) => {
        const picture = randomPicture(s);
        const made = finished(picture, s);
        if (!made) return;
        runs++;
        kept += keptPixels(picture, flatten(picture, made.color, made.alpha, made.bounds), made);
      }),
      { numRuns: 6000, seed: 11 },
    );
    expect(runs).toBeGreaterThan(2000);
    expect(kept).toBeGreaterThan(100_000);
  });

  const files = {
    png: [encodePng, 'png', [8, 16], [1, 2, 3, 4]],
    tiff: [encodeTiff, 'tif', [8, 16], [1, 2, 3, 4]],
    'new document': [encodePng, 'psd', [8, 16], [1, 3]],
  } as const;
  it.each(Object.entries(files))('keeps every bit in a file: %s', async (name, form) => {
    const [encode, ending, depths, channels] = form;
    const inside = join(folder, name);
    mkdirSync(inside);
    let kept = 0;
    let n = 0;
    await fc.assert(
      fc.asyncProperty(scene(depths, channels), async (s) => {
        const picture = randomPicture(s);
        const made = finished(picture, s);
        if (!made) return;
        const path = join(inside, `${n}.${ending === 'tif' ? 'tif' : 'png'}`);
        writeFileSync(path, await encode(picture));
        const { before, after } = await throughFiles(
          { path, out: join(inside, `${n++}-out.${ending}`) },
          made,
        );
        expect(Buffer.compare(bits(before), bits(picture))).toBe(0);
        kept += keptPixels(before, after, made);
      }),
      { numRuns: 150, seed: 12 },
    );
    expect(kept).toBeGreaterThan(5000);
  });

  it('keeps every bit of a document that the result goes into', async () => {
    let kept = 0;
    let n = 0;
    await fc.assert(
      fc.asyncProperty(scene([8, 16], [1, 3]), async (s) => {
        const picture = randomPicture(s);
        const made = finished(picture, s);
        if (!made) return;
        const { width, height, depth } = picture;
        const path = join(folder, `document-${n}.psd`);
        const pixels = { kind: 'pixels', name: 'a', x: 0, y: 0, pixels: picture } as const;
        const layers = s.seed % 2 === 0 ? [] : [{ ...pixels, background: true }];
        const mode = picture.channels === 1 ? 'gray' : 'rgb';
        const form = { width, height, depth: depth === 8 ? 8 : 16, mode } as const;
        writeFileSync(path, writePsd({ ...form, layers, composite: picture }));
        const out = join(folder, `document-${n++}-out.psd`);
        const { before, after } = await throughFiles({ path, out }, made);
        kept += keptPixels(before, after, made);
      }),
      { numRuns: 200, seed: 13 },
    );
    expect(kept).toBeGreaterThan(5000);
  });

  it('is noticed when a single bit changes', () => {
    const one = { width: 3, height: 1, channels: 1, depth: 8 } as const;
    const before: Raster = { ...one, data: Uint8Array.of(1, 2, 3) };
    const after: Raster = { ...one, data: Uint8Array.of(1, 2, 2) };
    const bounds = { x: 0, y: 0, width: 2, height: 1 };
    const color = { ...one, width: 2, data: pixelData(8, 2) };
    const alpha = { width: 2, height: 1, data: Uint8Array.of(9, 0) };
    expect(() => keptPixels(before, after, { color, alpha, bounds })).toThrow('Pixel 2, 0');
    expect(keptPixels(before, before, { color, alpha, bounds })).toBe(2);
  });
});
