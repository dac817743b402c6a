import { describe, expect, it } from 'vitest';
import { createEditor } from '../../../plugin/host/workbench/editor.ts';
import { fullLayer, type Layer, type PixelLayer } from '../../../plugin/host/workbench/layers.ts';
import type { PictureDocument } from '../../../plugin/host/workbench/pictureDocument.ts';
import { coverageAt, type Selection } from '../../../plugin/host/workbench/selection.ts';
import { rectangleShape } from '../../../plugin/host/workbench/shapes.ts';
import { grownSelection, layerShape, wandShape } from '../../../plugin/host/workbench/wand.ts';
import {
  changeSelection,
  growSelection,
  selectColor,
  selectLayer,
} from '../../../plugin/workbench/selectionCommands.ts';
import { maskPixels } from '../../../plugin/workbench/maskOverlay.ts';
import { plane } from '../../fakes/session.ts';

const size = { width: 12, height: 8 };

/** Red, with two blue blocks of 2 x 3 pixels at (2,2) and (8,2). */
function blocks(): PictureDocument {
  const rgba = new Uint8ClampedArray(size.width * size.height * 4);
  for (let i = 0; i < size.width * size.height; i++) {
    const [x, y] = [i % size.width, Math.floor(i / size.width)];
    const isBlue = y >= 2 && y < 5 && [2, 3, 8, 9].includes(x);
    rgba.set(isBlue ? [0, 0, 250, 255] : [250, 0, 0, 255], i * 4);
  }
  return documentOf([fullLayer(1, 'Background', size, { rgba })]);
}

function documentOf(layers: readonly Layer[]): PictureDocument {
  return {
    id: 'd',
    name: 'd',
    ...size,
    layers,
    activeId: 1,
    selection: undefined,
    origin: { depth: 8, profile: undefined },
    extra: undefined,
  };
}

const at = (x: number, y: number) => ({ x: x + 0.5, y: y + 0.5 });
const count = (selection: Selection | undefined) =>
  selection?.data.reduce((n, v) => n + (v > 0 ? 1 : 0), 0) ?? 0;

describe('the wand', () => {
  it('takes one block, or all of that colour', () => {
    const one = wandShape(blocks(), at(2, 3), { tolerance: 20, isContiguous: true });
    expect(one?.bounds).toEqual({ x: 2, y: 2, width: 2, height: 3 });
    const all = wandShape(blocks(), at(2, 3), { tolerance: 20, isContiguous: false });
    expect(all?.bounds).toEqual({ x: 2, y: 2, width: 8, height: 3 });
    expect(count(all)).toBe(12);
  });

  it('leaves the blocks as holes of what is around them', () => {
    const around = wandShape(blocks(), at(0, 0), { tolerance: 20, isContiguous: true });
    expect(around && coverageAt(around, 2, 3)).toBe(0);
    expect(count(around)).toBe(96 - 12);
  });

  it('goes by what is seen, and selects nothing outside', () => {
    const over: PixelLayer = {
      ...fullLayer(
        2,
        'Over',
        { width: 2, height: 3 },
        { rgba: new Uint8ClampedArray(24).fill(255) },
      ),
      bounds: { x: 8, y: 2, width: 2, height: 3 },
    };
    const document = documentOf([...blocks().layers, over]);
    const white = wandShape(document, at(8, 2), { tolerance: 0, isContiguous: false });
    expect(white?.bounds).toEqual(over.bounds);
    expect(wandShape(document, at(12, 2), { tolerance: 0, isContiguous: false })).toBeUndefined();
    expect(wandShape(document, { x: -0.5, y: 1 }, { tolerance: 0, isContiguous: true })).toBe(
      undefined,
    );
  });
});

describe('a layer as a selection', () => {
  it('is its transparency under its mask, whatever its opacity', () => {
    const rgba = new Uint8ClampedArray(4 * 4).fill(255);
    rgba[3] = 0;
    rgba[7] = 128;
    const layer: PixelLayer = {
      ...fullLayer(2, 'Spot', { width: 2, height: 2 }, { rgba }),
      bounds: { x: 3, y: 3, width: 2, height: 2 },
      opacity: 0.3,
      isVisible: false,
      mask: {
        bounds: { x: 3, y: 4, width: 1, height: 1 },
        data: Uint8Array.of(0),
        outside: 255,
        isEnabled: true,
      },
    };
    const shape = layerShape(documentOf([...blocks().layers, layer]), 2);
    expect(shape?.bounds).toEqual({ x: 4, y: 3, width: 1, height: 2 });
    expect([...(shape?.data ?? [])]).toEqual([128, 255]);
    expect(layerShape(blocks(), 99)).toBeUndefined();
  });
});

describe('growing a selection', () => {
  it('reaches the edge of the document, and shrinks to nothing', () => {
    const block = rectangleShape({ x: 2, y: 2 }, { x: 4, y: 5 })!;
    expect(grownSelection(block, 1, size)?.bounds).toEqual({ x: 1, y: 1, width: 4, height: 5 });
    expect(grownSelection(block, 5, size)?.bounds).toEqual({ x: 0, y: 0, width: 9, height: 8 });
    expect(grownSelection(block, -1, size)).toBeUndefined();
    const whole = rectangleShape({ x: 0, y: 0 }, { x: 12, y: 8 })!;
    expect(grownSelection(whole, -3, size)?.bounds).toEqual({ x: 0, y: 0, ...size });
  });
});

describe('commands', () => {
  function editing() {
    const editor = createEditor();
    editor.open(blocks());
    return editor;
  }
  const boundsIn = (editor: ReturnType<typeof createEditor>) =>
    editor.document()?.selection?.bounds;

  it('put several parts together and take some away, a step each', () => {
    const editor = editing();
    selectColor(editor, at(2, 3), 'replace');
    selectColor(editor, at(8, 3), 'add');
    expect(boundsIn(editor)).toEqual({ x: 2, y: 2, width: 8, height: 3 });
    expect(count(editor.document()?.selection)).toBe(12);
    growSelection(editor, 1);
    expect(boundsIn(editor)).toEqual({ x: 1, y: 1, width: 10, height: 5 });
    selectColor(editor, at(2, 3), 'subtract');
    expect(count(editor.document()?.selection)).toBeLessThan(34);
    selectLayer(editor, 1, 'replace');
    expect(boundsIn(editor)).toEqual({ x: 0, y: 0, ...size });
    changeSelection(editor, 'invert');
    expect(editor.document()?.selection).toBeUndefined();
    const names = editor.getState().history?.past.map((step) => step.name);
    expect(names).toEqual([
      'Colour selection',
      'Colour selection',
      'Grow selection',
      'Colour selection',
      'Select layer pixels',
      'Invert selection',
    ]);
  });

  it('keep what would vanish, and say so', () => {
    const editor = editing();
    selectColor(editor, at(2, 3), 'replace');
    growSelection(editor, -4);
    expect(boundsIn(editor)).toEqual({ x: 2, y: 2, width: 2, height: 3 });
    expect(editor.getState().message?.text).toContain('Nothing of the selection would be left');
  });
});

describe('masks over the picture', () => {
  const one = { width: 3, height: 1 };
  const shown = {
    region: { x: 0, y: 0, ...one },
    seen: { ...plane('alpha', one, 1, 0), data: Uint8Array.of(255, 0, 0) },
    change: { ...plane('denoise', one, 1, 0), data: Uint8Array.of(255, 255, 0) },
    pictures: { both: '', seen: '', change: '' },
  };

  it('are red where it will be seen, blue where it may change, clear elsewhere', () => {
    const [, , , a0, r1, , b1, a1, , , , a2] = maskPixels({ shown, view: 'both' });
    expect(a0).toBeGreaterThan(a1 ?? 0);
    expect([r1, b1]).toEqual([64, 240]);
    expect(a2).toBe(0);
    expect([...maskPixels({ shown, view: 'seen' })].slice(0, 8)).toEqual([
      230, 64, 64, 140, 0, 0, 0, 0,
    ]);
    expect([...maskPixels({ shown, view: 'change' })].slice(0, 4)).toEqual([64, 132, 240, 128]);
  });
});
