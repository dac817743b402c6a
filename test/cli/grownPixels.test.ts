/** Pictures whose pixels are not sRGB on a larger canvas: every bit of the old area that no result covers stays, in its form. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { onGrownCanvas } from '../../service/cli/grownCanvas.ts';
import { openPicture, writeResults } from '../../service/cli/pictures.ts';
import { decodePicture } from '../../service/engine/picture/decode.ts';
import { ontoCanvas } from '../../service/engine/picture/ontoCanvas.ts';
import { decodeStored } from '../../service/engine/picture/storedPixels.ts';
import { tiffOf } from '../../service/engine/picture/tiffContainer.ts';
import type { Frame, PixelData } from '../../shared/frame.ts';
import type { Rect } from '../../shared/geometry.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { evenPixels, removalRecipe } from './samples.ts';

const folder = temporaryFolder();
const size = { width: 11, height: 9 };
const color: readonly [number, number, number] = [200, 40, 40];
/** What a result paints again at the old edge, half covered. */
const overlapPx = 2;

type Space = 'gray' | 'rgb' | 'cmyk' | 'cielab' | 'icclab';
interface Form {
  readonly space: Space;
  readonly depth: 8 | 16 | 32;
  readonly channels: number;
  readonly profile?: 'p3' | 'cmyk';
  readonly endings: readonly ('png' | 'tif')[];
}

const tif = ['tif'] as const;
const forms: readonly Form[] = [
  ...([8, 16] as const).flatMap((depth): Form[] => [
    { space: 'rgb', depth, channels: 3, profile: 'p3', endings: ['png', 'tif'] },
    { space: 'rgb', depth, channels: 4, profile: 'p3', endings: ['png', 'tif'] },
    { space: 'rgb', depth, channels: 3, endings: ['png', 'tif'] },
    { space: 'gray', depth, channels: 2, endings: ['png', 'tif'] },
    { space: 'cmyk', depth, channels: 4, profile: 'cmyk', endings: tif },
    { space: 'cmyk', depth, channels: 4, endings: tif },
    { space: 'cielab', depth, channels: 3, endings: tif },
    { space: 'cielab', depth, channels: 4, endings: tif },
    { space: 'icclab', depth, channels: 3, endings: tif },
  ]),
  ...[1, 2, 3, 4].map((channels): Form => {
    return { space: channels < 3 ? 'gray' : 'rgb', depth: 32, channels, endings: tif };
  }),
];

const icc: Partial<Record<string, Uint8Array>> = {};
beforeAll(async () => {
  for (const name of ['p3', 'cmyk'] as const) {
    const raw = { width: 4, height: 4, channels: 3 } as const;
    const image = sharp(new Uint8Array(48), { raw }).withIccProfile(name);
    const meta = await sharp(await image.tiff().toBuffer()).metadata();
    if (!meta.icc) throw new Error('Expected a profile');
    icc[name] = new Uint8Array(meta.icc);
  }
});

/** Noise in every bit; transparency of its own in every pixel. */
function pixelsOf({ depth, channels, space }: Form, seed: number): PixelData {
  let state = seed;
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 8;
  const length = size.width * size.height * channels;
  if (depth === 8) return Uint8Array.from({ length }, () => next() & 255);
  if (depth === 16) return Uint16Array.from({ length }, () => next() & 65535);
  const odd = [NaN, Infinity, -Infinity, 7.5, -2];
  const isAlpha = (i: number) =>
    i % channels === channels - 1 && channels === (space === 'gray' ? 2 : 4);
  return Float32Array.from({ length }, (_, i) =>
    i % 7 === 0 && !isAlpha(i) ? (odd[next() % odd.length] ?? 0) : next() / 2 ** 24,
  );
}

const hasAlpha = ({ space, channels }: Form) =>
  space !== 'cmyk' && (channels === 2 || channels === 4);

/** A layer over the canvas: full in the new part, half in the overlap, nothing in the rest of the old. */
function resultOn(canvas: Rect, depth: Form['depth'], isGray: boolean): Frame {
  const { width, height } = canvas;
  const channels = isGray ? 1 : 3;
  const data = evenPixels(color, { count: width * height, channels, depth });
  const alpha = Uint8Array.from({ length: width * height }, (_, i) => {
    const deep = depthInside(canvas, i);
    return deep < 0 ? 255 : deep < overlapPx ? 128 : 0;
  });
  return {
    body: { bounds: canvas, recipe: removalRecipe(size, { x: 0, y: 0, ...size }) },
    planes: [
      { name: 'color', width, height, channels, depth, data },
      { name: 'alpha', width, height, channels: 1, depth: 8, data: alpha },
    ],
  };
}

/** How many pixels inside the old area, counted from the sides that grew; negative outside. */
function depthInside(canvas: Rect, index: number): number {
  const x = (index % canvas.width) + canvas.x;
  const y = Math.floor(index / canvas.width) + canvas.y;
  if (x < 0 || y < 0 || x >= size.width || y >= size.height) return -1;
  const away = [canvas.x < 0 ? x : 99, canvas.y < 0 ? y : 99];
  away.push(canvas.x + canvas.width > size.width ? size.width - 1 - x : 99);
  away.push(canvas.y + canvas.height > size.height ? size.height - 1 - y : 99);
  return Math.min(...away);
}

function canvasOf([left, top, right, bottom]: readonly number[]): Rect {
  return {
    x: -left,
    y: -top,
    width: size.width + left + right,
    height: size.height + top + bottom,
  };
}

const bitsOf = (data: PixelData) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

const everySide = [
  [5, 0, 0, 0],
  [0, 4, 0, 0],
  [0, 0, 7, 0],
  [0, 0, 0, 3],
  [6, 0, 0, 5],
  [3, 4, 5, 6],
] as const;

const nameOf = ({ space, depth, channels, profile }: Form) =>
  `${space}-${channels}-${depth}-${profile ?? 'plain'}`;

describe.each(forms.map((form) => [nameOf(form), form] as const))('%s', (name, form) => {
  // The tables of inks take seconds to build.
  const sidesOfForm = form.space === 'cmyk' ? everySide.slice(-1) : everySide;

  it.each(sidesOfForm)('keeps its bits with %i, %i, %i and %i pixels more', async (...sides) => {
    const canvas = canvasOf(sides);
    const data = pixelsOf(form, 1 + sides[0] * 31 + sides[1] * 7 + sides[2]);
    const { space, depth, channels } = form;
    const own = form.profile && icc[form.profile];
    const path = join(folder, `${name}.tif`);
    const pixels = { ...size, channels, hasAlpha: hasAlpha(form), space, data };
    writeFileSync(path, tiffOf({ ...pixels, ...(own ? { icc: own } : {}) }));
    for (const ending of form.endings) {
      const out = join(folder, `${name}-out.${ending}`);
      const picture = await openPicture(path, out);
      const frame = resultOn(canvas, picture.raster.depth, picture.raster.channels < 3);
      const shown = onGrownCanvas(picture, [frame], false);
      await writeResults(out, shown.picture, shown.frames);

      const format = ending === 'png' ? 'png' : 'tiff';
      const stored = await decodeStored(out, format);
      expect(stored === undefined).toBe(form.space !== 'cmyk' && isPlain(form));
      const after = stored?.raster ?? (await decodePicture(out)).raster;
      expect(after).toMatchObject({ width: canvas.width, height: canvas.height, depth, channels });
      expect(Buffer.from(stored?.icc ?? [])).toEqual(Buffer.from(own ?? []));
      // What was in the file, through the reader that gave it back: a* and b* of one form have signs there.
      const before = (await decodeStored(path, format))?.raster ?? picture.raster;
      if (form.space !== 'cielab') expect(bitsOf(before.data).equals(bitsOf(data))).toBe(true);
      let kept = 0;
      for (let i = 0; i < canvas.width * canvas.height; i++) {
        if (depthInside(canvas, i) < overlapPx) continue;
        kept++;
        const x = (i % canvas.width) + canvas.x;
        const from = ((Math.floor(i / canvas.width) + canvas.y) * size.width + x) * channels;
        const wanted = bitsOf(before.data.subarray(from, from + channels));
        const found = bitsOf(after.data.subarray(i * channels, (i + 1) * channels));
        if (!found.equals(wanted)) expect.fail(`pixel ${i}: ${found.toString('hex')}`);
      }
      expect(kept).toBeGreaterThan(0);
      await expectPainted(out, canvas);
    }
  });
});

/** Forms that sRGB files have anyway. */
function isPlain({ space, profile, depth }: Form): boolean {
  return depth !== 32 && profile === undefined && (space === 'rgb' || space === 'gray');
}

/** The new part is opaque and has the colour, as the whole program sees the file. */
async function expectPainted(path: string, canvas: Rect): Promise<void> {
  const { raster } = await decodePicture(path);
  const { channels, depth, data } = raster;
  const max = { 8: 255, 16: 65535, 32: 1 }[depth];
  for (let i = 0; i < canvas.width * canvas.height; i++) {
    if (depthInside(canvas, i) >= 0) continue;
    const seen = Array.from(data.subarray(i * channels, (i + 1) * channels), (v) => v / max);
    const colors = channels < 3 ? 1 : 3;
    for (let c = 0; c < colors; c++)
      expect(Math.abs((seen[c] ?? 0) * 255 - (color[c] ?? 0))).toBeLessThan(6);
    if (channels === 2 || channels === 4) expect(seen[channels - 1]).toBe(1);
  }
}

it('takes the canvas that all results need', async () => {
  const form: Form = { space: 'rgb', depth: 8, channels: 3, profile: 'p3', endings: tif };
  const path = join(folder, 'several.tif');
  const data = pixelsOf(form, 5);
  const own = icc['p3'] ?? new Uint8Array(0);
  writeFileSync(
    path,
    tiffOf({ ...size, channels: 3, hasAlpha: false, space: 'rgb', data, icc: own }),
  );
  const out = join(folder, 'several-out.png');
  const canvas = canvasOf([4, 0, 0, 0]);
  const frames = [resultOn(canvas, 8, false), resultOn(canvas, 8, false)];
  const picture = await openPicture(path, out);
  const shown = onGrownCanvas(picture, frames, false);
  const names = await writeResults(out, shown.picture, shown.frames);
  expect(names).toHaveLength(2);
  for (const name of names) {
    const stored = await decodeStored(name, 'png');
    expect(stored?.raster).toMatchObject({ width: 15, height: 9 });
  }
});

it('becomes sRGB where the file was changed to another size meanwhile', async () => {
  const form: Form = { space: 'rgb', depth: 8, channels: 3, profile: 'p3', endings: tif };
  const path = join(folder, 'changed.tif');
  const own = icc['p3'] ?? new Uint8Array(0);
  const pixels = { channels: 3, hasAlpha: false, space: 'rgb', icc: own } as const;
  writeFileSync(path, tiffOf({ ...size, ...pixels, data: pixelsOf(form, 5) }));
  const out = join(folder, 'changed-out.png');
  const picture = await openPicture(path, out);
  const shown = onGrownCanvas(picture, [resultOn(canvasOf([4, 0, 0, 0]), 8, false)], false);
  // Smaller, so that it would lie on the canvas all the same.
  writeFileSync(path, tiffOf({ width: 3, height: 3, ...pixels, data: new Uint8Array(27) }));
  await writeResults(out, shown.picture, shown.frames);
  expect(await decodeStored(out, 'png')).toBeUndefined();
  const { raster } = await decodePicture(out);
  expect(raster).toMatchObject({ width: 15, height: 9, channels: 3 });
});

it('lays pictures with and without transparency onto a canvas', () => {
  const data = Uint16Array.of(1, 2, 3, 4, 5, 6);
  const raster = { width: 2, height: 1, channels: 3, depth: 16, data } as const;
  const canvas = { x: -1, y: -1, width: 4, height: 2 };
  const opaque = ontoCanvas(raster, canvas).data;
  expect(Array.from(opaque.subarray(15, 21))).toEqual([1, 2, 3, 4, 5, 6]);
  expect(opaque.filter((v) => v !== 0)).toHaveLength(6);
  expect(opaque).toHaveLength(24);
  const clear = ontoCanvas(raster, canvas, { needsAlpha: true });
  expect(clear.channels).toBe(4);
  expect(Array.from(clear.data.subarray(16))).toEqual([
    0, 0, 0, 0, 1, 2, 3, 65535, 4, 5, 6, 65535, 0, 0, 0, 0,
  ]);
});
