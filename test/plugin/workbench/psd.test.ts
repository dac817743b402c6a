import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { compositeLayers } from '../../../plugin/host/workbench/compositeLayers.ts';
import {
  fullLayer,
  type Layer,
  type LayerGroup,
  type PixelLayer,
} from '../../../plugin/host/workbench/layers.ts';
import type { PictureDocument } from '../../../plugin/host/workbench/pictureDocument.ts';
import { isPsd, readPsdDocument } from '../../../plugin/host/workbench/readPsdDocument.ts';
import { recipesOf, withRecipes } from '../../../plugin/host/workbench/recipeXmp.ts';
import { writePsdDocument } from '../../../plugin/host/workbench/writePsdDocument.ts';
import { rectOfSize } from '../../../shared/geometry.ts';
import { inpaintRequest, recipeOf } from '../../fakes/session.ts';
import { pngOf } from './pngOf.ts';

const size = { width: 21, height: 13 };

function pixels(count: number, seed: number, alpha: (i: number) => number): Uint8ClampedArray {
  let state = seed;
  return Uint8ClampedArray.from({ length: count * 4 }, (_, i) => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return i % 4 === 3 ? alpha(i >> 2) : state >>> 24;
  });
}

function result(id: number, index: number): PixelLayer {
  const bounds = { x: 4, y: -2, width: 9, height: 8 };
  return {
    kind: 'pixels',
    id,
    name: `boat & <co> ${index} ö`,
    isVisible: index === 0,
    opacity: 1,
    bounds,
    rgba: pixels(72, id, () => 255),
    mask: {
      bounds,
      data: Uint8Array.from({ length: 72 }, (_, i) => (i * 37) % 256),
      outside: 0,
      isEnabled: true,
    },
    recipe: recipeOf(
      { ...inpaintRequest, prompt: 'a "boat" & <sea> \u{1F6A3}' } as typeof inpaintRequest,
      index,
    ),
    extra: undefined,
  };
}

function layered(): PictureDocument {
  const group: LayerGroup = {
    kind: 'group',
    id: 9,
    name: 'boats',
    isVisible: true,
    opacity: 1,
    isOpen: true,
    children: [result(4, 1), result(3, 0)],
    extra: undefined,
  };
  const veil = {
    ...fullLayer(6, 'veil', size, { rgba: pixels(273, 5, (i) => i % 256) }),
    opacity: 128 / 255,
  };
  return {
    id: 'doc',
    name: 'x.psd',
    ...size,
    layers: [fullLayer(1, 'Background', size, { rgba: pixels(273, 1, () => 255) }), group, veil],
    activeId: 1,
    selection: undefined,
    origin: { depth: 8, profile: undefined },
    extra: undefined,
  };
}

/** A layer without what a PSD file adds to it. */
function plain(layer: Layer): unknown {
  const { extra: _extra, ...rest } = layer;
  if (rest.kind === 'group') return { ...rest, children: rest.children.map(plain) };
  return {
    ...rest,
    rgba: [...rest.rgba],
    mask: rest.mask && { ...rest.mask, data: [...rest.mask.data] },
  };
}

describe('a PSD', () => {
  const file = writePsdDocument(layered());
  const { document, notes } = readPsdDocument(file, 'x.psd', 'doc');

  it('comes back with every pixel, mask, group, name, visibility and recipe', () => {
    expect(isPsd(file)).toBe(true);
    expect(document.layers.map(plain)).toEqual(layered().layers.map(plain));
    expect(notes).toEqual([]);
  });

  it('comes back the same after a second round', () => {
    const again = readPsdDocument(writePsdDocument(document), 'x.psd', 'doc').document;
    expect(again.layers.map(plain)).toEqual(layered().layers.map(plain));
  });

  it('can be read again without a layer whose recipe it held', () => {
    const fewer = { ...document, layers: document.layers.slice(0, 1) };
    const again = readPsdDocument(writePsdDocument(fewer), 'x.psd', 'doc').document;
    expect(again.layers.map((l) => l.kind === 'pixels' && l.recipe)).toEqual([undefined]);
  });

  it('with a mask that has no pixels is saved', () => {
    const bounds = { x: 0, y: 0, width: 0, height: 0 };
    const mask = { bounds, data: new Uint8Array(0), outside: 255, isEnabled: true } as const;
    const masked = { ...fullLayer(1, 'a', size, { rgba: pixels(273, 1, () => 255) }), mask };
    const again = readPsdDocument(writePsdDocument({ ...layered(), layers: [masked] }), 'x', 'd');
    expect(again.document.layers).toMatchObject([{ mask: { outside: 255, isEnabled: true } }]);
  });

  it.each([
    ['E_IMAGE_CORRUPT', file.slice(0, 200)],
    ['E_IMAGE_CORRUPT', file.slice(0, 20)],
    ['E_IMAGE_CORRUPT', new Uint8Array([0x38, 0x42, 0x50, 0x53, 0, 1]).buffer],
  ])('that is damaged is refused with %s', (code, bytes) => {
    expect(() => readPsdDocument(bytes, 'x.psd', 'd')).toThrow(expect.objectContaining({ code }));
  });
});

describe('a PSD whose header asks for', () => {
  it.each([
    ['no rows', 'E_IMAGE_CORRUPT', [0, 21]],
    ['no columns', 'E_IMAGE_CORRUPT', [13, 0]],
    ['900 megapixels', 'E_IMAGE_PIXELS', [30_000, 30_000]],
    ['a longer side than there is', 'E_IMAGE_PIXELS', [1, 4_000_000_000]],
  ] as const)('%s is refused with %s before anything is decoded', (_, code, [height, width]) => {
    const file = writePsdDocument(layered());
    const header = new DataView(file);
    header.setUint32(14, height);
    header.setUint32(18, width);
    expect(() => readPsdDocument(file, 'x.psd', 'd')).toThrow(expect.objectContaining({ code }));
  });
});

describe('an exported PNG', () => {
  it('holds exactly what is visible and the newest visible recipe', async () => {
    const document = layered();
    const png = await pngOf(document);
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ ...size, channels: 3 });
    const expected = compositeLayers(document.layers, rectOfSize(size)).filter(
      (_, i) => i % 4 !== 3,
    );
    expect([...data]).toEqual([...expected]);
    const comments = (await sharp(png).metadata()).comments ?? [];
    expect(comments.find((c) => c.keyword === 'parameters')?.text).toContain('Seed: 5');
  });

  it('keeps transparency without premultiplying', async () => {
    const rgba = pixels(273, 3, (i) => (i * 11) % 256);
    const document = { ...layered(), layers: [fullLayer(1, 'veil', size, { rgba })] };
    const { data, info } = await sharp(await pngOf(document))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info.channels).toBe(4);
    const shown = rgba.map((v, i) => (rgba[i - (i % 4) + 3] === 0 ? 0 : v));
    expect([...data]).toEqual([...shown]);
  });
});

describe('recipes in XMP', () => {
  const recipes = [{ layerId: 3, recipe: recipeOf(inpaintRequest) }];

  it('replace older ones and leave other properties alone', () => {
    const other = withRecipes(undefined, []).replace(
      '</rdf:RDF>',
      '<rdf:Description dc:title="x"/></rdf:RDF>',
    );
    const twice = withRecipes(withRecipes(other, recipes), [{ ...recipes[0]!, layerId: 8 }]);
    expect(recipesOf(twice)).toEqual([{ ...recipes[0], layerId: 8 }]);
    expect(twice).toContain('dc:title="x"');
    expect(twice.match(/pentimento:recipes>/g)).toHaveLength(2);
  });

  it('are found when another program wrote them as attributes', () => {
    const json = JSON.stringify([recipes[0]!.recipe]).replaceAll('"', '&quot;');
    const xmp = `<rdf:Description xmlns:p="https://pentimento.app/ns/recipe/1.0/" p:recipes="${json}" p:layers="[3]"/>`;
    expect(recipesOf(xmp)).toEqual(recipes);
  });

  it.each([
    undefined,
    '',
    '<x/>',
    withRecipes(undefined, recipes).replaceAll('strength', 'strenght'),
  ])('are none in %j', (xmp) => {
    expect(recipesOf(xmp)).toEqual([]);
  });
});

it('has a sample photograph with its credits', () => {
  const folder = new URL('../../../plugin/samples/', import.meta.url);
  const credits = readFileSync(new URL('CREDITS.md', folder), 'utf8');
  for (const name of ['landscape.jpg', 'product.jpg']) {
    expect(credits).toContain(name);
    expect(readFileSync(new URL(name, folder)).length).toBeGreaterThan(10_000);
  }
});
