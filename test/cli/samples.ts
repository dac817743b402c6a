/** Pictures of every kind that people bring, made from one sample photograph. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { decodePicture } from '../../service/engine/picture/decode.ts';
import { writeDocument } from '../../service/engine/picture/psd/writeDocument.ts';
import type { Raster } from '../../service/engine/picture/raster.ts';
import type { Rect, Size } from '../../shared/geometry.ts';
import { Recipe } from '../../shared/recipe.ts';
import { packageRoot } from '../fixtures/builtProgram.ts';

export const width = 144;
export const height = 96;
/** The white part of `mask.png`. */
export const hole = { x: 60, y: 40, width: 30, height: 24 };

/** Writes the pictures and `mask.png`; answers their folder. */
export async function writeSamples(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const path = (name: string) => join(folder, name);
  const photo = () =>
    sharp(join(packageRoot, 'plugin/samples/landscape.jpg')).resize(width, height, { fit: 'fill' });
  await photo().jpeg({ quality: 92 }).toFile(path('photo.jpg'));
  await photo().toColourspace('cmyk').jpeg({ quality: 92 }).toFile(path('cmyk.jpg'));
  await photo().withIccProfile('p3').jpeg({ quality: 92 }).toFile(path('wide-gamut.jpg'));
  await photo().greyscale().toColourspace('b-w').png().toFile(path('grey.png'));
  await photo().png({ palette: true, colours: 64 }).toFile(path('palette.png'));
  await photo().webp({ quality: 90 }).toFile(path('photo.webp'));
  await photo().rotate(270).withMetadata({ orientation: 6 }).jpeg().toFile(path('rotated.jpg'));
  await sharp(deep(3), { raw: { width, height, channels: 3 } })
    .toColourspace('rgb16')
    .png()
    .toFile(path('deep.png'));
  await sharp(deep(3), { raw: { width, height, channels: 3 } })
    .toColourspace('rgb16')
    .tiff({ compression: 'lzw' })
    .toFile(path('deep.tif'));
  const rgb = await photo().removeAlpha().raw().toBuffer();
  await sharp(fading(rgb), { raw: { width, height, channels: 4 } })
    .png()
    .toFile(path('alpha.png'));
  const { raster } = await decodePicture(path('photo.jpg'));
  writeFileSync(path('photo.psd'), writeDocument({ name: 'photo.jpg', raster }, []));
  await writeMasks(folder);
  return folder;
}

/** Noise in all 16 bits over a gradient. */
function deep(channels: number): Uint16Array {
  let state = 1;
  return Uint16Array.from({ length: width * height * channels }, (_, i) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return 15_000 + (i * 40_000) / (width * height * channels) + (state >>> 20);
  });
}

/** With an alpha that is clear at the left and opaque at the right. */
function fading(rgb: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: width * height * 4 }, (_, i) => {
    const pixel = Math.floor(i / 4);
    if (i % 4 < 3) return rgb[pixel * 3 + (i % 4)];
    return ((pixel % width) * 255) / (width - 1);
  });
}

async function writeMasks(folder: string): Promise<void> {
  const data = Buffer.alloc(width * height);
  for (let y = hole.y; y < hole.y + hole.height; y++) {
    data.fill(y < hole.y + 4 ? 128 : 255, y * width + hole.x, y * width + hole.x + hole.width);
  }
  const raw = { width, height, channels: 1 } as const;
  const save = (name: string, pixels: Buffer) =>
    sharp(pixels, { raw }).toColourspace('b-w').png().toFile(join(folder, name));
  await save('mask.png', data);
  await save('mask-empty.png', Buffer.alloc(width * height));
  await save('mask-full.png', Buffer.alloc(width * height, 255));
  await sharp(data.subarray(0, width * 50), { raw: { ...raw, height: 50 } })
    .png()
    .toFile(join(folder, 'mask-small.png'));
  const rgba = Buffer.alloc(width * height * 4);
  data.forEach((v, i) => (rgba[i * 4 + 3] = v));
  await sharp(rgba, { raw: { ...raw, channels: 4 } })
    .png()
    .toFile(join(folder, 'mask-alpha.png'));
}

/** How far the two differ: pixels far from the hole, and pixels inside it. */
export function differences(before: Raster, after: Raster, reach: number) {
  let outside = 0;
  let inside = 0;
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const dx = Math.max(hole.x - x, x - (hole.x + hole.width - 1), 0);
    const dy = Math.max(hole.y - y, y - (hole.y + hole.height - 1), 0);
    const at = i * before.channels;
    const isSame = before.data
      .subarray(at, at + before.channels)
      .every((v, c) => v === after.data[at + c]);
    if (isSame) continue;
    if (Math.max(dx, dy) > reach) outside++;
    else if (dx === 0 && dy === 0) inside++;
  }
  return { outside, inside };
}

/** Of a removal within the bounds of a picture, or of another region of it. */
export function removalRecipe(size: Size, bounds: Rect, region = bounds): Recipe {
  return Recipe.parse({
    version: 1,
    made: 'pentimento 0.1.0',
    index: 0,
    seed: 3,
    context: bounds,
    workingSize: { width: 24, height: 16 },
    request: {
      kind: 'remove',
      document: { id: 'd', name: 'p', ...size, depth: 8, mode: 'rgb' },
      region,
      seed: 3,
      count: 1,
      featherPx: 0,
      growPx: 0,
      colorMatch: 1,
    },
  });
}

/** `count` pixels of one colour (0..255), as many channels of it as there are, in a depth's own numbers. */
export function evenPixels(
  color: readonly number[],
  form: { readonly count: number; readonly channels: number; readonly depth: 8 | 16 | 32 },
): Uint8Array | Uint16Array | Float32Array {
  const { count, channels, depth } = form;
  const scale = { 8: 1, 16: 257, 32: 1 / 255 }[depth];
  const values = Array.from({ length: count * channels }, (_, i) => {
    return (color[i % channels] ?? 0) * scale;
  });
  if (depth === 8) return Uint8Array.from(values);
  return depth === 16 ? Uint16Array.from(values) : Float32Array.from(values);
}
