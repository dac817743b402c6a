/** What live shapes (rectangles, ellipses, lines) say of themselves beside their vector mask: all of it in pixels of the canvas. */
import type { Span } from '../byteCursor.ts';
import { readDescriptor, type DescriptorValue } from '../descriptor.ts';
import { notMoved, type CanvasMove, type Overwriter } from './canvasMove.ts';

/** Those with places, and those without. */
const known: ReadonlySet<string> = new Set(
  [
    'keyOriginShapeBBox keyOriginBoxCorners keyOriginLineStart keyOriginLineEnd Trnf',
    'keyOriginType keyOriginResolution keyOriginIndex keyOriginRRectRadii keyShapeInvalidated keyOriginLineWeight',
    'keyOriginLineArrowSt keyOriginLineArrowEnd keyOriginLineArrWdth keyOriginLineArrLngth keyOriginLineArrConc',
  ].flatMap((keys) => keys.split(' ')),
);
const across = ['Hrzndoub', 'LeftUntF#Pxl', 'RghtUntF#Pxl'];
const down = ['Vrtcdoub', 'Top UntF#Pxl', 'BtomUntF#Pxl'];

/** Throws E_OUTPUT_TYPE for shapes with properties that are not known. */
export function moveShapes(
  document: Overwriter,
  { start, end }: Span,
  { dx, dy }: CanvasMove,
): void {
  const read = readDescriptor(document.bytes, { start: start + 4, end });
  const shapes = read?.['keyDescriptorList'] ?? [];
  const areKnown = read !== undefined && Array.isArray(shapes) && shapes.every(isKnown);
  if (!areKnown) throw notMoved('The document has live shapes of an unknown form');
  const span = { start, end: end - 8 };
  const add = (keys: readonly string[], by: number) => {
    for (const key of keys)
      for (const at of document.places(key, span)) document.addF64(at + key.length, by);
  };
  add(across, dx);
  add(down, dy);
  // How the shape was transformed since it was drawn, and so moved.
  add(['txdoub'], dx);
  add(['tydoub'], dy);
}

function isKnown(shape: DescriptorValue): boolean {
  return isItems(shape) && Object.keys(shape).every((key) => known.has(key));
}

function isItems(value: DescriptorValue): value is Readonly<Record<string, DescriptorValue>> {
  return typeof value === 'object' && !Array.isArray(value);
}
