/**
 * How a picture grows: band after band, ring after ring, until it fills the new canvas. Pure; document pixels.
 *
 * A reach is the length that a model oversees: half the document's longer side, but at least its native
 * side and at most twice that (larger pictures are painted in more passes rather than ever blurrier). A pass
 * paints one stretch of one side's band: no thicker than half a reach and than the picture is deep there, so
 * that at least half of what the model sees is known; the rest of its reach is that known picture. Bands
 * longer than one and a half reaches are painted stretch by stretch, each next to the one before. What is
 * neither known nor painted in a pass is never in its context. Upper and lower bands come after the sides
 * and are as wide as the picture is by then, which fills the corners.
 */
import { PentimentoError } from '../../../shared/errors.ts';
import { checkCanvas, sidesOfCanvas, type Sides } from '../../../shared/expand.ts';
import { intersectRects, unionRects, type Rect, type Size } from '../../../shared/geometry.ts';

export interface ExpandInput {
  readonly document: Size;
  /** The new canvas; holds the document. */
  readonly canvas: Rect;
  /** The part of the document whose pixels are there: all of it, or what the plan's context asked for. */
  readonly known: Rect;
  /** Side the model was trained at, pixels. */
  readonly nativeSide: number;
}

export interface ExpandPass {
  /** New pixels. */
  readonly area: Rect;
  /** What the model sees: the area and what is known next to it. */
  readonly context: Rect;
}

/** More would take hours, and each picture part would know less of the first one. */
const mostPasses = 64;
/** A band longer than this many reaches is cut. */
const longestStretch = 1.5;
/** Of the stretch before, this share of a reach is seen at least. */
const seenBefore = 0.25;

type Side = keyof Sides;
const order: readonly Side[] = ['left', 'right', 'top', 'bottom'];

function reachOf({ document, nativeSide }: Pick<ExpandInput, 'document' | 'nativeSide'>) {
  const half = Math.ceil(Math.max(document.width, document.height) / 2);
  return Math.min(2 * nativeSide, Math.max(nativeSide, half));
}

/**
 * The passes in order; their areas cover the new part exactly once. Throws E_EXPAND_NOTHING,
 * E_EXPAND_TOO_LARGE, E_PARAM, E_TOO_EXPENSIVE (more than 64).
 */
export function expandPasses(input: ExpandInput): ExpandPass[] {
  checkCanvas(input.document, input.canvas);
  checkKnown(input);
  const reach = reachOf(input);
  const missing: Record<Side, number> = { ...sidesOfCanvas(input.document, input.canvas) };
  const passes: ExpandPass[] = [];
  let known = input.known;
  while (order.some((side) => missing[side] > 0)) {
    for (const side of order.filter((s) => missing[s] > 0)) {
      const depth = side === 'left' || side === 'right' ? known.width : known.height;
      const px = thicknessOf(missing[side], Math.min(depth, Math.floor(reach / 2)));
      const band = bandOf(known, side, px);
      passes.push(...stretches(band, { known, side, reach }));
      known = unionRects(known, band);
      missing[side] -= px;
      checkCount(passes.length);
    }
  }
  return passes;
}

/** What of the document the passes see: the region to capture and send. */
export function seenOfDocument(passes: readonly ExpandPass[], document: Size): Rect {
  const canvas = { x: 0, y: 0, ...document };
  return passes
    .map(({ context }) => intersectRects(context, canvas))
    .reduce((all, seen) => unionRects(all, seen));
}

/** A growing side's pixels have to be there all along it. */
function checkKnown({ document, canvas, known }: ExpandInput): void {
  const sides = sidesOfCanvas(document, canvas);
  const spansHeight = known.y === 0 && known.height === document.height;
  const spansWidth = known.x === 0 && known.width === document.width;
  const reaches =
    (sides.left === 0 || known.x === 0) &&
    (sides.right === 0 || known.x + known.width === document.width) &&
    (sides.top === 0 || known.y === 0) &&
    (sides.bottom === 0 || known.y + known.height === document.height) &&
    (sides.left + sides.right === 0 || spansHeight) &&
    (sides.top + sides.bottom === 0 || spansWidth);
  if (reaches && known.width > 0 && known.height > 0) return;
  throw new PentimentoError(
    'E_PARAM',
    'region: It has to hold the picture along every side that grows.',
  );
}

function checkCount(count: number): void {
  if (count <= mostPasses) return;
  throw new PentimentoError(
    'E_TOO_EXPENSIVE',
    `It would take more than ${mostPasses} passes: expand by less at once.`,
  );
}

/** Equal shares where the limit allows. */
function thicknessOf(missing: number, most: number): number {
  return Math.ceil(missing / Math.ceil(missing / most));
}

function bandOf(known: Rect, side: Side, px: number): Rect {
  const { x, y, width, height } = known;
  switch (side) {
    case 'left':
      return { x: x - px, y, width: px, height };
    case 'right':
      return { x: x + width, y, width: px, height };
    case 'top':
      return { x, y: y - px, width, height: px };
    case 'bottom':
      return { x, y: y + height, width, height: px };
  }
}

interface Growth {
  readonly known: Rect;
  readonly side: Side;
  readonly reach: number;
}

function stretches(band: Rect, { known, side, reach }: Growth): ExpandPass[] {
  const upright = side === 'left' || side === 'right';
  const cuts = cutsOf(upright ? band.height : band.width, reach);
  const across = acrossOf(band, { known, side, reach });
  return cuts.map(({ from, to, seenFrom }) => {
    const along = (start: number) => (upright ? band.y : band.x) + start;
    return upright
      ? {
          area: { ...band, y: along(from), height: to - from },
          context: { ...across, y: along(seenFrom), height: to - seenFrom },
        }
      : {
          area: { ...band, x: along(from), width: to - from },
          context: { ...across, x: along(seenFrom), width: to - seenFrom },
        };
  });
}

/** The band and the known picture beside it, a reach in all. */
function acrossOf(band: Rect, { known, side, reach }: Growth): Rect {
  const whole = unionRects(known, band);
  const width = Math.min(reach, whole.width);
  const height = Math.min(reach, whole.height);
  switch (side) {
    case 'left':
      return { ...whole, width };
    case 'right':
      return { ...whole, x: whole.x + whole.width - width, width };
    case 'top':
      return { ...whole, height };
    case 'bottom':
      return { ...whole, y: whole.y + whole.height - height, height };
  }
}

interface Cut {
  readonly from: number;
  readonly to: number;
  /** Where the context begins. */
  readonly seenFrom: number;
}

function cutsOf(length: number, reach: number): Cut[] {
  const longest = Math.floor(longestStretch * reach);
  if (length <= longest) return [{ from: 0, to: length, seenFrom: 0 }];
  const seen = Math.ceil(seenBefore * reach);
  const count = Math.ceil((length - seen) / (longest - seen));
  const ends = Array.from({ length: count + 1 }, (_, i) =>
    i === 0 ? 0 : seen + Math.round(((length - seen) * i) / count),
  );
  return ends.slice(1).map((to, i) => ({
    from: ends[i],
    to,
    seenFrom: Math.max(0, Math.min(ends[i] - seen, to - longest)),
  }));
}
