import { describe, expect, it } from 'vitest';
import {
  combineSelections,
  coverageAt,
  invertSelection,
  selectAll,
  type Selection,
} from '../../../plugin/host/workbench/selection.ts';
import { selectionOutline } from '../../../plugin/host/workbench/selectionOutline.ts';
import {
  ellipseShape,
  polygonShape,
  rectangleShape,
  strokeShape,
} from '../../../plugin/host/workbench/shapes.ts';

const size = { width: 20, height: 16 };
const rect = (x: number, y: number, w: number, h: number): Selection =>
  rectangleShape({ x, y }, { x: x + w, y: y + h })!;
const area = (s: Selection | undefined) => (s ? s.data.reduce((sum, v) => sum + v, 0) / 255 : 0);

describe('shapes', () => {
  it('covers whole pixels with a rectangle, whichever corner comes first', () => {
    expect(rectangleShape({ x: 5.4, y: 6.6 }, { x: 2.2, y: 3 })?.bounds).toEqual({
      x: 2,
      y: 3,
      width: 3,
      height: 4,
    });
    expect(rectangleShape({ x: 1, y: 1 }, { x: 1.2, y: 9 })).toBeUndefined();
  });

  it('covers the area of an ellipse with a soft rim', () => {
    const ellipse = ellipseShape({ x: 1, y: 2 }, { x: 41, y: 22 })!;
    expect(area(ellipse)).toBeCloseTo(Math.PI * 20 * 10, -1);
    expect(coverageAt(ellipse, 21, 12)).toBe(255);
    expect(ellipse.data.some((v) => v > 0 && v < 255)).toBe(true);
  });

  it('covers half of each pixel that a diagonal cuts', () => {
    const triangle = polygonShape([
      { x: 0, y: 0 },
      { x: 8, y: 8 },
      { x: 0, y: 8 },
    ])!;
    expect(area(triangle)).toBeCloseTo(32, 0);
    expect(Math.abs(coverageAt(triangle, 3, 3) - 128)).toBeLessThan(2);
    expect(coverageAt(triangle, 5, 3)).toBe(0);
    expect(coverageAt(triangle, 1, 6)).toBe(255);
  });

  it('leaves a hole where a lasso crosses itself twice', () => {
    const ring = polygonShape([
      { x: 0, y: 0 },
      { x: 9, y: 0 },
      { x: 9, y: 9 },
      { x: 0, y: 9 },
      { x: 0, y: 0 },
      { x: 3, y: 3 },
      { x: 6, y: 3 },
      { x: 6, y: 6 },
      { x: 3, y: 6 },
      { x: 3, y: 3 },
    ])!;
    expect(coverageAt(ring, 4, 4)).toBe(0);
    expect(coverageAt(ring, 1, 4)).toBe(255);
  });

  it('paints a stroke that is soft as asked', () => {
    const at = { x: 10, y: 10 };
    const hard = strokeShape(at, at, { radiusPx: 5, hardness: 1 });
    const soft = strokeShape(at, at, { radiusPx: 5, hardness: 0 });
    expect(area(hard)).toBeCloseTo(Math.PI * 25, 0);
    expect(area(soft)).toBeLessThan(area(hard) * 0.6);
    expect(
      coverageAt(strokeShape(at, { x: 18, y: 10 }, { radiusPx: 2, hardness: 1 }), 14, 10),
    ).toBe(255);
  });
});

describe('combining selections', () => {
  const a = rect(2, 2, 6, 6);
  const b = rect(5, 5, 6, 6);

  it.each([
    ['replace', 36, { x: 5, y: 5, width: 6, height: 6 }],
    ['add', 63, { x: 2, y: 2, width: 9, height: 9 }],
    ['subtract', 27, { x: 2, y: 2, width: 6, height: 6 }],
  ] as const)('%s', (how, expected, bounds) => {
    const result = combineSelections(a, b, how, size);
    expect(area(result)).toBe(expected);
    expect(result?.bounds).toEqual(bounds);
  });

  it('stays inside the document and is nothing when nothing is left', () => {
    expect(combineSelections(undefined, rect(-4, -4, 8, 8), 'replace', size)?.bounds).toEqual({
      x: 0,
      y: 0,
      width: 4,
      height: 4,
    });
    expect(combineSelections(a, rect(0, 0, 20, 16), 'subtract', size)).toBeUndefined();
    expect(combineSelections(a, rect(30, 30, 4, 4), 'replace', size)).toBeUndefined();
    expect(combineSelections(a, undefined, 'add', size)).toBe(a);
  });

  it('inverts with its grey levels', () => {
    const soft: Selection = {
      bounds: { x: 0, y: 0, width: 2, height: 1 },
      data: Uint8Array.of(255, 100),
    };
    const inverted = invertSelection(soft, { width: 3, height: 1 });
    expect(inverted).toEqual({
      bounds: { x: 1, y: 0, width: 2, height: 1 },
      data: Uint8Array.of(155, 255),
    });
    expect(invertSelection(selectAll(size), size)).toBeUndefined();
    expect(area(invertSelection(undefined, size))).toBe(320);
  });
});

describe('the outline', () => {
  it('is one loop of four corners around a rectangle', () => {
    expect(selectionOutline(rect(2, 3, 4, 5))).toEqual([[2, 3, 6, 3, 6, 8, 2, 8]]);
  });

  it('has a loop for each part and each hole', () => {
    const parts = combineSelections(rect(1, 1, 3, 3), rect(8, 8, 2, 2), 'add', size)!;
    expect(selectionOutline(parts)).toHaveLength(2);
    const ring = combineSelections(rect(1, 1, 9, 9), rect(4, 4, 2, 2), 'subtract', size)!;
    expect(selectionOutline(ring)).toHaveLength(2);
  });

  it('ends for pixels that touch at a corner', () => {
    const corners: Selection = {
      bounds: { x: 0, y: 0, width: 2, height: 2 },
      data: Uint8Array.of(255, 0, 0, 255),
    };
    expect(selectionOutline(corners)).toHaveLength(2);
  });
});
