/** --layer and --above: which layer of a document is read, and where results go. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openPicture, picturePlane, writeResults } from '../../service/cli/pictures.ts';
import { decodePicture } from '../../service/engine/picture/decode.ts';
import { cropRaster } from '../../service/engine/picture/crop.ts';
import { layerTree, type TreeLayer } from '../../service/engine/picture/psd/document/layerTree.ts';
import { readRegion } from '../../service/engine/picture/psd/document/documentRegion.ts';
import {
  openDocument,
  readDocument,
} from '../../service/engine/picture/psd/document/readDocument.ts';
import { readComposite } from '../../service/engine/picture/psd/readComposite.ts';
import { writePsd, type PsdNode } from '../../service/engine/picture/psd/writePsd.ts';
import type { Raster } from '../../service/engine/picture/raster.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { removalRecipe } from './samples.ts';

const folder = temporaryFolder();
const size = { width: 16, height: 12 };
const small = { x: 5, y: 4, width: 4, height: 3 };

function plain(of: { readonly width: number; readonly height: number }, value: number): Raster {
  const { width, height } = of;
  const data = new Uint8Array(width * height * 3).fill(value);
  for (let i = 0; i < data.length; i += 5) data[i] = i & 255;
  return { width, height, channels: 3, depth: 8, data };
}

const whole = plain(size, 90);
const patch = plain(small, 200);
const layers: PsdNode[] = [
  { kind: 'pixels', name: 'Background', x: 0, y: 0, pixels: whole, background: true },
  {
    kind: 'group',
    name: 'Retouch',
    children: [{ kind: 'pixels', name: 'dust', x: small.x, y: small.y, pixels: patch }],
  },
  { kind: 'pixels', name: 'top', x: 0, y: 0, pixels: whole },
];
const path = join(folder, 'layers.psd');
writeFileSync(path, writePsd({ ...size, depth: 8, mode: 'rgb', layers, composite: whole }));

const bounds = { x: 1, y: 1, width: 3, height: 2 };
const recipe = removalRecipe(size, bounds);
const result = {
  body: { bounds, recipe },
  planes: [
    { name: 'color', ...bounds, channels: 3, depth: 8, data: new Uint8Array(18).fill(7) },
    { name: 'alpha', ...bounds, channels: 1, depth: 8, data: new Uint8Array(6).fill(255) },
  ] as const,
};

function names(tree: readonly TreeLayer[]): unknown[] {
  return tree.map((l) => (l.children.length > 0 ? [l.name, names(l.children)] : l.name));
}

async function placed(reading: Parameters<typeof openPicture>[2], name: string) {
  const out = join(folder, `${name}.psd`);
  await writeResults(out, await openPicture(path, out, reading), [result]);
  return names(layerTree(readDocument(readFileSync(out))));
}

describe('results in a document', () => {
  it('lie on top where nothing is said', async () => {
    expect(await placed({}, 'on-top')).toEqual([
      'Background',
      ['Retouch', ['dust']],
      'top',
      'Remove',
    ]);
  });

  it('lie above the layer that is named, inside its group', async () => {
    const above = await placed({ above: 'dust' }, 'above');
    expect(above).toEqual(['Background', ['Retouch', ['dust', 'Remove']], 'top']);
    const aboveGroup = await placed({ above: 'Retouch' }, 'above-group');
    expect(aboveGroup).toEqual(['Background', ['Retouch', ['dust']], 'Remove', 'top']);
  });

  it('lie above the layer that is read', async () => {
    expect(await placed({ layer: 'dust' }, 'from-layer')).toEqual([
      'Background',
      ['Retouch', ['dust', 'Remove']],
      'top',
    ]);
  });

  it('are refused above a layer that is not there, which is named, with those that are', async () => {
    const opening = openPicture(path, join(folder, 'x.psd'), { above: 'dost' });
    await expect(opening).rejects.toMatchObject({
      code: 'E_PARAM',
      detail: expect.stringMatching(/No layer "dost".*"dust"/) as string,
    });
    const chosen = openPicture(path, join(folder, 'x.psd'), { layer: '@active' });
    await expect(chosen).rejects.toMatchObject({ code: 'E_PARAM' });
  });

  it('need a document to go into', async () => {
    for (const reading of [{ above: 'dust' }, { layer: 'dust' }]) {
      const opening = openPicture(path, join(folder, 'x.png'), reading);
      await expect(opening).rejects.toMatchObject({ code: 'E_OUTPUT_TYPE' });
    }
  });
});

describe('what is read of a document', () => {
  it('is the layer alone, clear around it', async () => {
    const { raster } = await openPicture(path, join(folder, 'x.psd'), { layer: 'dust' });
    expect(raster).toMatchObject({ ...size, channels: 4, depth: 8 });
    const at = (x: number, y: number) =>
      Array.from(raster.data.slice((y * 16 + x) * 4).slice(0, 4));
    expect(at(small.x, small.y)).toEqual([...patch.data.slice(0, 3), 255]);
    expect(at(small.x - 1, small.y)).toEqual([0, 0, 0, 0]);
  });

  it('is a region as it is in the whole', async () => {
    const out = join(folder, 'x.psd');
    const picture = await openPicture(path, out, { isRegionEnough: true });
    const region = { x: 3, y: 2, width: 9, height: 7 };
    const { raster } = await decodePicture(path);
    const plane = await picturePlane(picture, region);
    expect(plane).toMatchObject({ ...cropRaster(raster, region), name: 'picture' });
    expect(() => picture.raster.data).toThrow('Only regions');
  });

  it('goes into what the document has become during the run', async () => {
    const copy = join(folder, 'changing.psd');
    writeFileSync(copy, readFileSync(path));
    const out = join(folder, 'changed.psd');
    const picture = await openPicture(copy, out, { isRegionEnough: true });
    writeFileSync(
      copy,
      writePsd({ ...size, depth: 8, mode: 'rgb', layers: layers.slice(0, 1), composite: whole }),
    );
    await writeResults(out, picture, [result]);
    expect(names(layerTree(readDocument(readFileSync(out))))).toEqual(['Background', 'Remove']);
    const other = { width: 8, height: 8 };
    const shrunk = plain(other, 3);
    writeFileSync(
      copy,
      writePsd({ ...other, depth: 8, mode: 'rgb', layers: [], composite: shrunk }),
    );
    await expect(writeResults(out, picture, [result])).rejects.toMatchObject({ code: 'E_FILE' });
  });

  it('is the same in regions as whole, in every form of document', () => {
    const samples = join(import.meta.dirname, '../reference/cases/psd');
    let compared = 0;
    for (const name of readdirSync(samples).filter((n) => /\.ps[db]$/.test(n))) {
      const bytes = new Uint8Array(readFileSync(join(samples, name)));
      const all = wholeOf(bytes);
      if (!all) continue;
      const region = {
        x: Math.floor(all.width / 3),
        y: Math.floor(all.height / 4),
        width: Math.ceil(all.width / 2),
        height: Math.ceil(all.height / 2),
      };
      const part = readRegion(openDocument(join(samples, name)), region);
      expect(part.channels).toBe(all.channels);
      const raster = { ...all, depth: 8, channels: 4 } as const;
      for (let c = 0; c < all.channels; c++) {
        const plane = (data: ArrayLike<number>) =>
          Float32Array.from(
            { length: data.length / all.channels },
            (_, i) => data[i * all.channels + c] ?? 0,
          );
        const expected = cropRaster({ ...raster, channels: 1, data: plane(all.data) }, region);
        expect(Array.from(plane(part.data))).toEqual(Array.from(expected.data));
      }
      compared++;
    }
    expect(compared).toBeGreaterThan(20);
  });
});

function wholeOf(bytes: Uint8Array) {
  try {
    return readComposite(bytes);
  } catch {
    return undefined;
  }
}
