import { coverageAt, type Selection } from './selection.ts';

/** A closed line along pixel edges: x0, y0, x1, y1, ... in document pixels. */
export type Loop = readonly number[];

/** Steps along the pixel grid: right, down, left, up. The inside is on the right hand. */
const stepsX = [1, 0, -1, 0] as const;
const stepsY = [0, 1, 0, -1] as const;

/**
 * Where coverage crosses one half, as editors draw their marching ants: closed loops, corners only, so
 * that dashes run through. Outer borders run clockwise, holes the other way.
 */
export function selectionOutline(selection: Selection): readonly Loop[] {
  const { x: left, y: top, width, height } = selection.bounds;
  const isIn = (x: number, y: number) => coverageAt(selection, x, y) >= 128;
  // Every loop has a stretch that runs right, with the inside below it.
  const seen = new Uint8Array(width * height);
  const loops: Loop[] = [];
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) {
      const at = (y - top) * width + x - left;
      if (seen[at] !== 0 || !isIn(x, y) || isIn(x, y - 1)) continue;
      const mark = (px: number, py: number) => (seen[(py - top) * width + px - left] = 1);
      loops.push(walk(x, y, isIn, mark));
    }
  }
  return loops;
}

function walk(
  startX: number,
  startY: number,
  isIn: (x: number, y: number) => boolean,
  mark: (x: number, y: number) => void,
): Loop {
  const corners: number[] = [startX, startY];
  let x = startX;
  let y = startY;
  let direction = 0;
  do {
    if (direction === 0) mark(x, y);
    x += stepsX[direction]!;
    y += stepsY[direction]!;
    const next = turn(x, y, direction, isIn);
    if (next !== direction && (x !== startX || y !== startY)) corners.push(x, y);
    direction = next;
  } while (x !== startX || y !== startY || direction !== 0);
  return corners;
}

/** The next direction at a corner: keep the inside on the right, and turn right at touching corners. */
function turn(
  x: number,
  y: number,
  direction: number,
  isIn: (x: number, y: number) => boolean,
): number {
  const [aheadRight, aheadLeft] = pixelsAhead(x, y, direction);
  if (!isIn(...aheadRight)) return (direction + 1) % 4;
  return isIn(...aheadLeft) ? (direction + 3) % 4 : direction;
}

type Pixel = [number, number];

/** The pixels beyond a corner, on the right and on the left hand. */
function pixelsAhead(x: number, y: number, direction: number): readonly [Pixel, Pixel] {
  switch (direction) {
    case 0:
      return [
        [x, y],
        [x, y - 1],
      ];
    case 1:
      return [
        [x - 1, y],
        [x, y],
      ];
    case 2:
      return [
        [x - 1, y - 1],
        [x - 1, y],
      ];
    default:
      return [
        [x, y - 1],
        [x - 1, y - 1],
      ];
  }
}
