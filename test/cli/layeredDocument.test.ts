/** Photoshop documents on the command line: results go into them and everything else stays. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { openPicture, outputFormat, writeResults } from '../../service/cli/pictures.ts';
import { decodePicture } from '../../service/engine/picture/decode.ts';
import { resultPlanes } from '../../service/engine/picture/composite.ts';
import { cropImage } from '../../service/engine/picture/crop.ts';
import { toFloatImage } from '../../service/engine/picture/convert.ts';
import { readChannel } from '../../service/engine/picture/psd/document/channelPixels.ts';
import { layerTree } from '../../service/engine/picture/psd/document/layerTree.ts';
import { profileOf, readDocument } from '../../service/engine/picture/psd/document/readDocument.ts';
import { writePsd } from '../../service/engine/picture/psd/writePsd.ts';
import type { Raster } from '../../service/engine/picture/raster.ts';
import { sourceOfBytes } from '../../service/recipes/containers/byteSource.ts';
import { readRecipe } from '../../service/recipes/readRecipe.ts';
import { PentimentoError } from '../../shared/errors.ts';
import { Recipe } from '../../shared/recipe.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';

const folder = temporaryFolder();
const samples = join(import.meta.dirname, '../reference/cases/psd');
const bounds = { x: 8, y: 4, width: 20, height: 12 };

function withSeed(seed: number): Recipe {
  return Recipe.parse({
    version: 1,
    made: 'pentimento 0.1.0',
    index: 0,
    seed,
    context: bounds,
    workingSize: { width: 64, height: 64 },
    request: {
      kind: 'image',
      document: { id: 'd', name: 'p', width: 40, height: 30, depth: 8, mode: 'rgb' },
      region: bounds,
      model: '',
      prompt: 'a boat',
      negativePrompt: '',
      sampler: 'Euler',
      schedule: 'automatic',
      steps: 20,
      cfgScale: 7,
      clipSkip: 1,
      dialect: 'pentimento',
      seed,
      count: 1,
      strength: 0.5,
      colorMatch: 1,
    },
  });
}

/** The picture itself, brighter, as a run would answer it; the mask has soft values. */
function resultOf(raster: Raster, seed: number) {
  const { image } = toFloatImage(raster);
  const generated = { ...image, data: image.data.map((v) => Math.min(1, v * 0.8 + 0.1)) };
  const count = raster.width * raster.height;
  const alpha = {
    ...image,
    data: Uint8Array.from({ length: count }, (_, i) => [255, 128, 0][i % 3] ?? 0),
  };
  const { channels, depth } = raster;
  const planes = resultPlanes({ generated, alpha, bounds, channels, depth });
  const body = { bounds, recipe: withSeed(seed) };
  const color = { name: 'color', ...planes.color };
  const mask = { name: 'alpha', channels: 1, depth: 8, ...planes.alpha } as const;
  return { frame: { body, planes: [color, mask] }, wanted: cropImage(generated, bounds) };
}

function landscape(depth: 8 | 16): Raster {
  const data = Array.from({ length: 40 * 30 * 3 }, (_, i) => ((i * 37) % 200) + 20);
  const values = depth === 8 ? Uint8Array.from(data) : Uint16Array.from(data, (v) => v * 250);
  return { width: 40, height: 30, channels: 3, depth, data: values };
}

function documentOf(raster: Raster, icc?: Uint8Array): Uint8Array {
  return writePsd({
    width: raster.width,
    height: raster.height,
    depth: raster.depth === 8 ? 8 : 16,
    mode: 'rgb',
    layers: [
      { kind: 'pixels', name: 'Background', x: 0, y: 0, pixels: raster, background: true },
      {
        kind: 'group',
        name: 'Retouch',
        children: [{ kind: 'pixels', name: 'dust', x: 1, y: 1, pixels: raster }],
      },
    ],
    composite: raster,
    ...(icc ? { icc } : {}),
  });
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    if (!(error instanceof PentimentoError)) throw error;
    return error.code;
  }
}

function saved(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe('a result in a Photoshop document', () => {
  it.each([8, 16] as const)('leaves its layers as they were at %i bits', async (depth) => {
    const bytes = documentOf(landscape(depth));
    const path = saved(`layers-${depth}.psd`, bytes);
    const out = join(folder, `out-${depth}.psd`);
    const picture = await openPicture(path, out);
    const made = resultOf(picture.raster, 5);
    await writeResults(out, picture, [made.frame]);
    const [before, after] = [bytes, readFileSync(out)].map((b) => readDocument(new Uint8Array(b)));
    const tree = layerTree(after);
    expect(tree.map((l) => l.name)).toEqual(['Background', 'Retouch', 'a boat']);
    before.layers?.records.forEach((old, i) => {
      const now = after.layers?.records[i];
      for (const part of ['span', 'data'] as const) {
        const [a, b] = [before.bytes.slice(old[part].start, old[part].end), now?.[part]];
        expect(Buffer.compare(a, after.bytes.slice(b?.start, b?.end))).toBe(0);
      }
    });
    const composite = (await decodePicture(out)).raster;
    expect(composite.depth).toBe(depth);
    const inside = ((bounds.y + 1) * 40 + bounds.x + 1) * 3;
    expect(composite.data[0]).toBe(picture.raster.data[0]);
    expect(composite.data.slice(inside, inside + 9)).not.toEqual(
      picture.raster.data.slice(inside, inside + 9),
    );
  });

  it('carries its recipe on its layer, where it is found again', async () => {
    for (const name of ['clipping-mask.psd', '16bit5x5.psd', 'mask-psb.psb']) {
      const out = join(folder, `recipe-${name}`);
      const picture = await openPicture(join(samples, name), out);
      const small = { x: 0, y: 0, width: 2, height: 2 };
      const colors = { ...small, channels: 3, depth: picture.raster.depth } as const;
      const data = picture.raster.data.slice(0, 12);
      const frames = [5, 6].map((seed) => ({
        body: { bounds: small, recipe: withSeed(seed) },
        planes: [
          { name: 'color', ...colors, data },
          {
            name: 'alpha',
            ...small,
            channels: 1,
            depth: 8,
            data: new Uint8Array(4).fill(255),
          } as const,
        ],
      }));
      await writeResults(out, picture, frames);
      const found = await readRecipe(sourceOfBytes(readFileSync(out)));
      expect(found.recipes.map((r) => r.seed)).toEqual([5, 6]);
    }
  });

  it('is in the colours of its profile, and looks the same', async () => {
    const wide = await sharp(new Uint8Array(48), { raw: { width: 4, height: 4, channels: 3 } })
      .withIccProfile('p3')
      .png()
      .toBuffer();
    const { icc } = await sharp(wide).metadata();
    if (!icc) return expect.fail('Expected a profile');
    for (const depth of [8, 16] as const) {
      const path = saved(`wide-${depth}.psd`, documentOf(landscape(depth), icc));
      const out = join(folder, `wide-out-${depth}.psd`);
      const picture = await openPicture(path, out);
      const made = resultOf(picture.raster, 1);
      await writeResults(out, picture, [made.frame]);
      const after = readDocument(readFileSync(out));
      expect(Buffer.compare(profileOf(after) ?? Buffer.of(), icc)).toBe(0);
      const shown = (await decodePicture(out)).raster;
      const max = depth === 8 ? 255 : 65535;
      let furthest = 0;
      for (let i = 0; i < bounds.width * bounds.height; i++) {
        const at = (bounds.y + Math.floor(i / bounds.width)) * 40 + bounds.x + (i % bounds.width);
        if (at % 3 !== 0) continue;
        for (let c = 0; c < 3; c++) {
          const wanted = made.wanted.data[i * 3 + c] ?? 0;
          furthest = Math.max(furthest, Math.abs((shown.data[at * 3 + c] ?? 0) / max - wanted));
        }
      }
      // Two conversions by tables of the colour library, a few levels where blue is dark.
      expect(furthest).toBeLessThan(0.02);
      const record = after.layers?.records.at(-1);
      const red = record?.channels.find((c) => c.id === 0);
      if (!record || !red) return expect.fail('Expected a layer');
      const stored = readChannel(after, record, red);
      const unchanged = stored.every(
        (v, i) => Math.abs(v / max - (made.wanted.data[i * 3] ?? 0)) < 0.004,
      );
      expect(unchanged).toBe(false);
    }
  });

  it('needs a name that fits, and a mode that takes colours', async () => {
    const psb = join(samples, 'mask-psb.psb');
    const psd = join(samples, 'mask.psd');
    expect(outputFormat('x.PSB')).toBe('psd');
    expect(await codeOf(openPicture(psb, 'a.psd'))).toBe('E_OUTPUT_TYPE');
    expect(await codeOf(openPicture(psd, 'a.psb'))).toBe('E_OUTPUT_TYPE');
    expect(await codeOf(openPicture(psb, 'a.psb'))).toBe('none');
    const indexed = join(samples, 'colormodes-4x4_8bit_index_color.psd');
    expect(await codeOf(openPicture(indexed, 'a.psd'))).toBe('E_IMAGE_CHANNELS');
    expect(await codeOf(openPicture(indexed, 'a.png'))).toBe('none');
  });

  it.each(['a.psd', 'a.png'])(
    'of which only the layers were saved says so: into %s',
    async (out) => {
      const bare = join(samples, 'layers-minimal-pixel-layer.psd');
      expect(await codeOf(openPicture(bare, out, { isRegionEnough: true }))).toBe(
        'E_IMAGE_COMPOSITE',
      );
      const layer = await openPicture(bare, 'a.psd', { layer: '@active' });
      expect(layer.raster).toMatchObject({ width: 32, height: 32 });
    },
  );

  it.each(['a.psd', 'a.png'])('that is not there is named: into %s', async (out) => {
    const opening = openPicture(join(samples, 'nowhere.psd'), out);
    await expect(opening).rejects.toMatchObject({
      code: 'E_FILE',
      detail: '"nowhere.psd": It cannot be opened.',
    });
  });
});
