/** The extent of a vector mask (Adobe Photoshop File Formats Specification, path resource format). */
import type { Rect, Size } from '../../../../../shared/geometry.ts';
import { ByteCursor, type Span } from './byteCursor.ts';

const recordBytes = 26;
const closedLength = 0;
const openLength = 3;
const knotSelectors: ReadonlySet<number> = new Set([1, 2, 4, 5]);
/** Coordinates are 8.24 fixed point, shares of the document. */
const one = 1 << 24;

/** Positions of one knot along one axis: the handle before it, the point, the handle after it. */
type Knot = readonly [before: number, point: number, after: number];
interface Subpath {
  readonly closed: boolean;
  readonly x: Knot[];
  readonly y: Knot[];
}

/** In whole document pixels, rounded half to even; the whole document when there is no knot. Throws RangeErrors. */
export function pathBounds(bytes: Uint8Array, span: Span, document: Size): Rect {
  const paths = readPaths(bytes, span);
  const [left, right] = extent(paths.map(({ closed, x }) => ({ closed, knots: x })));
  const [top, bottom] = extent(paths.map(({ closed, y }) => ({ closed, knots: y })));
  const x = roundEven(left * document.width);
  const y = roundEven(top * document.height);
  return {
    x,
    y,
    width: roundEven(right * document.width) - x,
    height: roundEven(bottom * document.height) - y,
  };
}

function roundEven(v: number): number {
  const low = Math.floor(v);
  if (v - low !== 0.5) return Math.round(v);
  return low % 2 === 0 ? low : low + 1;
}

function readPaths(bytes: Uint8Array, span: Span): Subpath[] {
  const cursor = new ByteCursor(bytes, span);
  cursor.take(8);
  const paths: Subpath[] = [];
  while (cursor.left >= recordBytes) {
    const record = new ByteCursor(bytes, cursor.take(recordBytes));
    const selector = record.u16();
    if (selector === closedLength || selector === openLength) {
      paths.push({ closed: selector === closedLength, x: [], y: [] });
    }
    const path = paths.at(-1);
    if (!knotSelectors.has(selector) || !path) continue;
    const values = Array.from({ length: 6 }, () => record.i32() / one);
    path.y.push([values[0], values[2], values[4]]);
    path.x.push([values[1], values[3], values[5]]);
  }
  return paths;
}

interface Axis {
  readonly closed: boolean;
  readonly knots: readonly Knot[];
}

function extent(paths: readonly Axis[]): [low: number, high: number] {
  let low = Infinity;
  let high = -Infinity;
  const reach = (v: number) => {
    low = Math.min(low, v);
    high = Math.max(high, v);
  };
  for (const { closed, knots } of paths) {
    if (knots.length > 0) reach(knots[0][1]);
    const last = closed ? knots.length : knots.length - 1;
    for (let i = 0; i < last; i++) {
      reachCurve(knots[i], knots[(i + 1) % knots.length], reach);
    }
  }
  return low > high ? [0, 1] : [low, high];
}

/** Ends and turning points of the cubic between two knots: the roots of its derivative. */
function reachCurve(from: Knot, to: Knot, reach: (v: number) => void): void {
  const [p0, p1, p2, p3] = [from[1], from[2], to[0], to[1]];
  reach(p0);
  reach(p3);
  const a = -p0 + 3 * p1 - 3 * p2 + p3;
  const b = 2 * (p0 - 2 * p1 + p2);
  const c = p1 - p0;
  for (const t of roots(a, b, c)) {
    if (!(t > 0 && t < 1)) continue;
    const u = 1 - t;
    reach(u ** 3 * p0 + 3 * u * u * t * p1 + 3 * u * t * t * p2 + t ** 3 * p3);
  }
}

function roots(a: number, b: number, c: number): number[] {
  if (Math.abs(a) < 1e-12) return Math.abs(b) < 1e-12 ? [] : [-c / b];
  const discriminant = b * b - 4 * a * c;
  if (discriminant < -1e-12) return [];
  const root = Math.sqrt(Math.max(0, discriminant));
  return [(-b + root) / (2 * a), (-b - root) / (2 * a)];
}
