/** Blocks of layers that say where something lies on the canvas (Adobe Photoshop File Formats Specification). */
import type { Span } from '../byteCursor.ts';
import { notMoved, type CanvasMove, type Overwriter } from './canvasMove.ts';
import { movePath } from './movePaths.ts';
import { moveShapes } from './moveShapes.ts';

/** Nothing in them is a place on the canvas. */
const placeless: ReadonlySet<string> = new Set(
  [
    'luni lyid lsct lsdk lclr lspf clbl infx knko lnsr lyvr tsly lmgm vmgm iOpa brst sn2P vowv lrFX',
    'SoCo CgEd curv expA levl vibA hue2 blnc blwh phfl mixr clrL nvrt post thrs selc grdm brit',
  ].flatMap((keys) => keys.split(' ')),
);
type MoveBlock = (document: Overwriter, data: Span, move: CanvasMove) => void;

const movers: Readonly<Partial<Record<string, MoveBlock>>> = {
  vmsk: moveVectorMask,
  vsms: moveVectorMask,
  fxrp: moveReference,
  TySh: moveText,
  SoLd: moveSmartObject,
  PlLd: movePlaced,
  vogk: moveShapes,
  lfx2: assertAligned,
  lmfx: assertAligned,
  lfxs: assertAligned,
  vstk: assertAligned,
  vscg: assertAligned,
  shmd: assertPlainMetadata,
};

/** False for a block that is not known. Throws E_OUTPUT_TYPE where it holds what cannot be moved. */
export function moveBlock(
  document: Overwriter,
  { key, data }: { readonly key: string; readonly data: Span },
  move: CanvasMove,
): boolean {
  movers[key]?.(document, data, move);
  return placeless.has(key) || movers[key] !== undefined;
}

/** Version and flags, then a path. */
function moveVectorMask(document: Overwriter, { start, end }: Span, move: CanvasMove): void {
  movePath(document, { start: start + 8, end }, move);
}

/** Where patterns of effects begin: it goes with the layer. */
function moveReference(document: Overwriter, { start, end }: Span, { dx, dy }: CanvasMove): void {
  if (end - start < 16) throw new RangeError('reference point');
  document.addF64(start, dx);
  document.addF64(start + 8, dy);
}

const transformAt = 2;

/** Version and a transformation of six numbers; what follows is told in the text's own pixels. */
function moveText(document: Overwriter, { start, end }: Span, { dx, dy }: CanvasMove): void {
  const isRead = end - start > 70 && document.u16(start) === 1;
  if (!isRead || !document.isZero({ start: end - 16, end }))
    throw notMoved('The document has text of an unknown form');
  document.addF64(start + transformAt + 4 * 8, dx);
  document.addF64(start + transformAt + 5 * 8, dy);
}

/** A descriptor: the corners of what was placed, with a perspective and without. */
function moveSmartObject(document: Overwriter, data: Span, move: CanvasMove): void {
  assertUnwarped(document, data);
  const lists = ['TrnfVlLs', 'nonAffineTransformVlLs'].flatMap((key) =>
    [...document.places(key, data)].map((at) => at + key.length),
  );
  if (lists.length === 0) throw notMoved('The document has smart objects of an unknown form');
  for (const at of lists) {
    if (at + 4 + 8 * 12 > data.end) throw new RangeError('corners');
    // Each number has its kind before it.
    const numbers = Array.from({ length: 8 }, (_, i) => at + 4 + i * 12);
    const isRead =
      document.u32(at) === 8 &&
      numbers.every((n) => document.has('doub', { start: n, end: n + 4 }));
    if (!isRead) throw notMoved('The document has smart objects of an unknown form');
    numbers.forEach((n, i) => document.addF64(n + 4, i % 2 === 0 ? move.dx : move.dy));
  }
}

const placedVersion = 3;

/** Letters, version, a name with its length, four numbers, the eight of the corners, and a warp. */
function movePlaced(document: Overwriter, { start, end }: Span, move: CanvasMove): void {
  assertUnwarped(document, { start, end });
  if (document.u32(start + 4) !== placedVersion)
    throw notMoved('The document has smart objects of an unknown form');
  const at = start + 8 + 1 + document.u8(start + 8) + 16;
  if (at + 8 * 8 > end) throw new RangeError('corners');
  for (let i = 0; i < 8; i++) document.addF64(at + i * 8, i % 2 === 0 ? move.dx : move.dy);
}

function assertUnwarped(document: Overwriter, data: Span): void {
  const isPlain = document.has('warpNone', data) && !document.has('filterFX', data);
  if (!isPlain || document.has('quiltWarp', data))
    throw notMoved('The document has warped or filtered smart objects');
}

/** Gradients and patterns of effects, strokes and shapes that begin at the canvas, not at the layer. */
function assertAligned(document: Overwriter, data: Span): void {
  if (document.has('Algnbool\0', data))
    throw notMoved('The document has effects that are aligned with the canvas');
}

/** Of a layer only when it was made and what programs keep there; no frames and comps, which move it. */
function assertPlainMetadata(document: Overwriter, { start, end }: Span): void {
  let at = start + 4;
  for (let left = document.u32(start); left > 0 && at + 16 <= end; left--) {
    if (!document.has('cust', { start: at + 4, end: at + 8 })) {
      throw notMoved('The document has layer comps or frames of an animation');
    }
    at += 16 + document.u32(at + 12);
  }
}
