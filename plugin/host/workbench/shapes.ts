/** Selection shapes as anti-aliased coverage; pure. Coordinates are document pixels, edges between pixels. */
import type { Rect } from '../../../shared/geometry.ts';
import type { Selection } from './selection.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Whole pixels: the corners are rounded to the pixel grid. */
export function rectangleShape(a: Point, b: Point): Selection | undefined {
  const x = Math.round(Math.min(a.x, b.x));
  const y = Math.round(Math.min(a.y, b.y));
  const width = Math.round(Math.max(a.x, b.x)) - x;
  const height = Math.round(Math.max(a.y, b.y)) - y;
  if (width < 1 || height < 1) return undefined;
  return { bounds: { x, y, width, height }, data: new Uint8Array(width * height).fill(255) };
}

/** The ellipse inside the rectangle of two corners. */
export function ellipseShape(a: Point, b: Point): Selection | undefined {
  const radiusX = Math.abs(b.x - a.x) / 2;
  const radiusY = Math.abs(b.y - a.y) / 2;
  if (radiusX < 0.5 || radiusY < 0.5) return undefined;
  const center = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  // A chord this short strays less than a hundredth of a pixel from the arc.
  const count = Math.max(24, Math.ceil(8 * Math.sqrt(Math.max(radiusX, radiusY)) * Math.PI));
  const points = Array.from({ length: count }, (_, i) => {
    const angle = (i / count) * 2 * Math.PI;
    return { x: center.x + radiusX * Math.cos(angle), y: center.y + radiusY * Math.sin(angle) };
  });
  return polygonShape(points);
}

const subScans = 8;

/**
 * The inside of a closed polygon (even-odd rule). Coverage is exact along x and sampled on 8 lines
 * per pixel along y.
 */
export function polygonShape(points: readonly Point[]): Selection | undefined {
  if (points.length < 3) return undefined;
  const bounds = boundsOfPoints(points);
  if (bounds.width < 1 || bounds.height < 1) return undefined;
  const data = new Uint8Array(bounds.width * bounds.height);
  const row = new Float32Array(bounds.width);
  for (let y = 0; y < bounds.height; y++) {
    row.fill(0);
    for (let s = 0; s < subScans; s++) {
      const crossings = crossingsAt(points, bounds.y + y + (s + 0.5) / subScans);
      for (let i = 0; i + 1 < crossings.length; i += 2) {
        addSpan(row, crossings[i]! - bounds.x, crossings[i + 1]! - bounds.x);
      }
    }
    for (let x = 0; x < bounds.width; x++) {
      data[y * bounds.width + x] = Math.min(255, Math.round((row[x]! / subScans) * 255));
    }
  }
  return { bounds, data };
}

function crossingsAt(points: readonly Point[], y: number): readonly number[] {
  const crossings: number[] = [];
  let a = points[points.length - 1]!;
  for (const b of points) {
    if (a.y <= y !== b.y <= y) crossings.push(a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x));
    a = b;
  }
  return crossings.sort((m, n) => m - n);
}

function addSpan(row: Float32Array, from: number, to: number): void {
  const first = Math.max(0, Math.floor(from));
  const last = Math.min(row.length - 1, Math.ceil(to) - 1);
  for (let x = first; x <= last; x++) {
    row[x]! += Math.min(to, x + 1) - Math.max(from, x);
  }
}

function boundsOfPoints(points: readonly Point[]): Rect {
  const xs = points.map((p) => p.x);
  const ys = points.map((p) => p.y);
  const x = Math.floor(least(xs));
  const y = Math.floor(least(ys));
  return {
    x,
    y,
    width: Math.ceil(-least(xs.map((v) => -v))) - x,
    height: Math.ceil(-least(ys.map((v) => -v))) - y,
  };
}

function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}

export interface Brush {
  /** Document pixels. */
  readonly radiusPx: number;
  /** 1: a hard edge of one pixel; 0: soft from the middle to the rim. */
  readonly hardness: number;
}

/** A stroke from one point to another with a round brush. */
export function strokeShape(a: Point, b: Point, brush: Brush): Selection {
  const reach = brush.radiusPx + 1;
  const x = Math.floor(Math.min(a.x, b.x) - reach);
  const y = Math.floor(Math.min(a.y, b.y) - reach);
  const width = Math.ceil(Math.max(a.x, b.x) + reach) - x;
  const height = Math.ceil(Math.max(a.y, b.y) + reach) - y;
  const data = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const distance = distanceToSegment({ x: x + column + 0.5, y: y + row + 0.5 }, a, b);
      data[row * width + column] = Math.round(brushCoverage(distance, brush) * 255);
    }
  }
  return { bounds: { x, y, width, height }, data };
}

function brushCoverage(distance: number, { radiusPx, hardness }: Brush): number {
  const edge = Math.min(1, Math.max(0, radiusPx - distance + 0.5));
  const core = radiusPx * hardness;
  if (distance <= core || radiusPx - core < 1) return edge;
  const t = Math.min(1, (distance - core) / (radiusPx - core));
  return Math.min(edge, 1 - t * t * (3 - 2 * t));
}

function distanceToSegment(p: Point, a: Point, b: Point): number {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length2 = dx * dx + dy * dy;
  const t =
    length2 === 0 ? 0 : Math.min(1, Math.max(0, ((p.x - a.x) * dx + (p.y - a.y) * dy) / length2));
  return Math.hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}
