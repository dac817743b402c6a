import { describe, expect, it } from 'vitest';
import type { Placement } from '../../../plugin/host/host.ts';
import { compositeLayers } from '../../../plugin/host/workbench/compositeLayers.ts';
import { createEditor } from '../../../plugin/host/workbench/editor.ts';
import { fullLayer, type LayerGroup } from '../../../plugin/host/workbench/layers.ts';
import { place, type PictureDocument } from '../../../plugin/host/workbench/pictureDocument.ts';
import { createWorkbenchHost } from '../../../plugin/host/workbench/workbenchHost.ts';
import { rectOfSize } from '../../../shared/geometry.ts';
import { inpaintRequest, recipeOf } from '../../fakes/session.ts';

const size = { width: 6, height: 4 };
const canvas = { x: -2, y: -1, width: 10, height: 7 };

function photo(): PictureDocument {
  const rgba = Uint8ClampedArray.from({ length: 96 }, (_, i) => (i % 4 === 3 ? 255 : i));
  const layer = fullLayer(1, 'Background', size, { rgba });
  const mask = { bounds: { x: 1, y: 1, width: 2, height: 2 }, data: new Uint8Array(4).fill(255) };
  const inner = { ...layer, id: 2, mask: { ...mask, outside: 255, isEnabled: true } as const };
  const group: LayerGroup = {
    kind: 'group',
    id: 3,
    name: 'Group',
    isVisible: true,
    opacity: 1,
    isOpen: true,
    children: [inner],
    extra: undefined,
  };
  return {
    id: 'doc',
    name: 'photo.jpg',
    ...size,
    layers: [layer, group],
    activeId: 1,
    selection: { bounds: { x: 0, y: 0, width: 2, height: 2 }, data: new Uint8Array(4).fill(9) },
    origin: { depth: 8, profile: undefined },
    extra: undefined,
  };
}

function placement(more: Partial<Placement> = {}): Placement {
  const pixels = canvas.width * canvas.height;
  const shape = { width: canvas.width, height: canvas.height, depth: 8 } as const;
  const color = new Uint8Array(pixels * 3).fill(200);
  const alpha = new Uint8Array(pixels).fill(255);
  for (let y = 1; y < 5; y++) alpha.fill(0, y * canvas.width + 2, y * canvas.width + 8);
  return {
    documentId: 'doc',
    aboveLayerId: '1',
    documentSize: size,
    canvas,
    pictures: [
      {
        name: 'more sky',
        bounds: canvas,
        color: { name: 'color', ...shape, channels: 3, data: color },
        alpha: { name: 'alpha', ...shape, channels: 1, data: alpha },
        recipe: recipeOf(inpaintRequest, 0),
      },
    ],
    groupName: 'more sky',
    historyName: 'Expand',
    ...more,
  };
}

describe('a result past the edges', () => {
  it('enlarges the canvas; everything in it keeps its place in the picture', () => {
    const before = photo();
    const { document } = place(before, placement());
    expect([document.width, document.height]).toEqual([10, 7]);
    const all = compositeLayers(document.layers, rectOfSize(document));
    const old = compositeLayers(before.layers, rectOfSize(before));
    const shown = (x: number, y: number) => [
      ...all.subarray((y * 10 + x) * 4, (y * 10 + x) * 4 + 4),
    ];
    expect(shown(0, 0)).toEqual([200, 200, 200, 255]);
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 6; x++) {
        const at = (y * 6 + x) * 4;
        expect(shown(x + 2, y + 1)).toEqual([...old.subarray(at, at + 4)]);
      }
    }
    expect(document.selection?.bounds).toEqual({ x: 2, y: 1, width: 2, height: 2 });
    const group = document.layers.at(-1);
    const inner = group?.kind === 'group' ? group.children[0] : undefined;
    expect(inner?.kind === 'pixels' && inner.mask?.bounds).toEqual({
      x: 3,
      y: 2,
      width: 2,
      height: 2,
    });
  });

  it('goes into a document that has grown to its canvas already, and into no other', () => {
    const { document } = place(photo(), placement());
    const again = place(document, placement());
    expect([again.document.width, again.document.height]).toEqual([10, 7]);
    expect(again.document.layers).toHaveLength(4);
    const other = placement({ canvas: { ...canvas, width: 11 } });
    expect(() => place(document, other)).toThrow(/closed or has changed its size/);
  });

  it('is one step of the history, canvas and layer together', async () => {
    const editor = createEditor();
    editor.open(photo());
    const host = createWorkbenchHost(editor);
    await host.place(placement());
    expect(editor.document()).toMatchObject({ width: 10, height: 7 });
    editor.undo();
    expect(editor.document()).toEqual(photo());
  });
});
