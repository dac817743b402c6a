/** Documents with what the workbench does not draw: they look as they were saved, until one of their layers is changed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compositeLayers } from '../../../plugin/host/workbench/compositeLayers.ts';
import { growCanvas } from '../../../plugin/host/workbench/growCanvas.ts';
import {
  fullLayer,
  insertAbove,
  type LayerGroup,
  type PixelLayer,
} from '../../../plugin/host/workbench/layers.ts';
import { shownLayers } from '../../../plugin/host/workbench/mergedPicture.ts';
import {
  capture,
  withoutLayer,
  withVisibility,
  type PictureDocument,
} from '../../../plugin/host/workbench/pictureDocument.ts';
import { readPsdDocument } from '../../../plugin/host/workbench/readPsdDocument.ts';
import { writePsdDocument } from '../../../plugin/host/workbench/writePsdDocument.ts';
import { readMerged } from '../../../service/engine/picture/psd/document/channelPixels.ts';
import { readDocument } from '../../../service/engine/picture/psd/document/readDocument.ts';
import { rectOfSize, type Rect } from '../../../shared/geometry.ts';

const folder = join(import.meta.dirname, '../../reference/cases/psd');
const blended = 'clipping-mask.psd';

function opened(name: string) {
  const bytes = readFileSync(join(folder, name));
  const { document, notes } = readPsdDocument(Uint8Array.from(bytes).buffer, name, 'doc');
  return { document, notes, stored: readDocument(bytes) };
}

function seen(document: PictureDocument, region: Rect = rectOfSize(document)): Uint8ClampedArray {
  return compositeLayers(shownLayers(document), region);
}

function drawn(document: PictureDocument): Uint8ClampedArray {
  return compositeLayers(document.layers, rectOfSize(document));
}

/** Opaque red over a square. */
function patch(bounds: Rect, id = 9000): PixelLayer {
  const rgba = new Uint8ClampedArray(bounds.width * bounds.height * 4);
  for (let i = 0; i < rgba.length; i += 4) rgba.set([255, 0, 0, 255], i);
  return { ...fullLayer(id, 'result', bounds, { rgba }), bounds };
}

const square = { x: 3, y: 4, width: 2, height: 2 };

describe('a document with blend modes, effects or clipping', () => {
  it.each([
    blended,
    'blend-modes-multiply.psd',
    'effects-stroke-effect-transparent-shape.psd',
    'mask-density-layermask.psd',
  ])('%s is seen as it was saved', (name) => {
    const { document, notes, stored } = opened(name);
    expect(notes[0]).toMatch(/^Shown as it was saved until/);
    expect(notes.length).toBeGreaterThan(1);
    const rgba = seen(document);
    expect([...rgba]).not.toEqual([...drawn(document)]);
    const planes = readMerged(stored, 3);
    for (let i = 0; i < rgba.length / 4; i++) {
      const alpha = rgba[i * 4 + 3]!;
      for (let c = 0; c < 3; c++) {
        // Where it is partly clear the file holds the colour over white.
        const wanted = (rgba[i * 4 + c]! * alpha) / 255 + 255 - alpha;
        expect(Math.abs(planes[c]![i]! - wanted)).toBeLessThanOrEqual(alpha === 255 ? 0 : 1);
      }
    }
  });

  it('is sent, saved and reopened as it is seen', () => {
    const { document } = opened(blended);
    const region = rectOfSize(document);
    const request = { documentId: 'doc', region, source: 'composite', withMask: false } as const;
    expect([...capture(document, request).picture.data]).toEqual([...seen(document)]);
    const again = readPsdDocument(writePsdDocument(document), blended, 'doc').document;
    expect([...seen(again)]).toEqual([...seen(document)]);
  });

  it('keeps its look under a result above it, between its layers or in a group of it', () => {
    const { document } = opened(blended);
    const before = seen(document);
    for (const above of [undefined, document.layers[0]!.id]) {
      const layers = insertAbove(document.layers, above, patch(square));
      const after = seen({ ...document, layers });
      const different = after.reduce<number[]>((all, v, i) => {
        return v === before[i] ? all : [...all, i >> 2];
      }, []);
      const { width } = document;
      const inside = [3, 4].flatMap((x) => [4, 5].map((y) => y * width + x));
      expect(different.length).toBeGreaterThan(0);
      expect(inside).toEqual(expect.arrayContaining([...new Set(different)]));
    }
  });

  it('is drawn layer by layer once one of them is hidden or removed, and again whole after an undo', () => {
    const { document } = opened(blended);
    const id = document.layers[1]!.id;
    for (const changed of [withVisibility(document, id, false), withoutLayer(document, id)])
      expect([...seen(changed)]).toEqual([...drawn(changed)]);
    expect([...seen(document)]).not.toEqual([...drawn(document)]);
  });

  it('keeps its look on a larger canvas', () => {
    const { document } = opened(blended);
    const { width, height } = document;
    const larger = growCanvas(document, { x: -5, y: -2, width: width + 9, height: height + 2 });
    const part = seen(larger, { x: 5, y: 2, width, height });
    expect([...part]).toEqual([...seen(document)]);
  });

  it('is drawn as it is where nothing is missing', () => {
    const { document, notes } = opened('2layers.psd');
    expect(notes).toEqual([]);
    expect(document.merged).toBeUndefined();
  });
});

describe('layers over a merged picture', () => {
  const bottom = patch({ x: 0, y: 0, width: 4, height: 4 }, 1);
  const inner = patch({ x: 1, y: 1, width: 2, height: 2 }, 2);
  const group: LayerGroup = {
    kind: 'group',
    id: 3,
    name: 'g',
    isVisible: true,
    opacity: 1,
    isOpen: true,
    children: [inner],
    extra: undefined,
  };
  const picture = patch({ x: 0, y: 0, width: 4, height: 4 }, 0);
  const merged = { layers: [bottom, group], picture };
  const added = patch(square);

  it.each([
    ['inside a group', [bottom, { ...group, children: [inner, added] }], [picture, added]],
    ['below all', [added, bottom, group], [picture, added]],
    ['in another order', [group, bottom], undefined],
    ['with a changed one', [bottom, { ...group, opacity: 0.5 }], undefined],
    ['with a new one in a hidden group', [bottom, { ...group, isVisible: false }], undefined],
    ['without one of a group', [bottom, { ...group, children: [] }], undefined],
  ] as const)('%s', (_, layers, shown) => {
    expect(shownLayers({ layers, merged })).toEqual(shown ?? layers);
  });
});
