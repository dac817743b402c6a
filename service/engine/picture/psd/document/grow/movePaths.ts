/** Paths and vector masks: their points are shares of the canvas (Adobe Photoshop File Formats Specification, path resources). */
import type { Span } from '../byteCursor.ts';
import type { CanvasMove, Overwriter } from './canvasMove.ts';

const recordBytes = 26;
const knots: ReadonlySet<number> = new Set([1, 2, 4, 5]);
const clipboard = 7;
/** Coordinates are 8.24 fixed point. */
const one = 2 ** 24;

/** Records of a path from the start of the span on. A point moves by at most 2^-25 of the canvas beside its pixels. */
export function movePath(document: Overwriter, { start, end }: Span, move: CanvasMove): void {
  for (let at = start; at + recordBytes <= end; at += recordBytes) {
    const selector = document.u16(at);
    if (!knots.has(selector) && selector !== clipboard) continue;
    const count = selector === clipboard ? 4 : 6;
    for (let i = 0; i < count; i++)
      movePoint(document, at + 2 + i * 4, { move, isAcross: i % 2 === 1 });
  }
}

function movePoint(
  document: Overwriter,
  at: number,
  { move, isAcross }: { readonly move: CanvasMove; readonly isAcross: boolean },
): void {
  const { from, to, dx, dy } = move;
  const [length, wider, by] = isAcross ? [from.width, to.width, dx] : [from.height, to.height, dy];
  const pixels = (document.i32(at) / one) * length + by;
  document.set32(at, Math.round((pixels / wider) * one));
}
