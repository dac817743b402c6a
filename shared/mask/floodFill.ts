/** What of a mask hangs together with one of its pixels. */
import type { Size } from '../geometry.ts';

export interface Spot {
  readonly x: number;
  readonly y: number;
}

/**
 * The fully covered pixels (255) that are reached from a spot over their sides, and around them the partly
 * covered ones that touch these, corners too; everything else is 0. Nothing when the spot itself is not
 * fully covered or outside. Whole rows at once, so that time grows with the area only.
 */
export function floodFill(coverage: Uint8Array, { width, height }: Size, from: Spot): Uint8Array {
  const out = new Uint8Array(coverage.length);
  const isInside = from.x >= 0 && from.y >= 0 && from.x < width && from.y < height;
  const stack = isInside ? [from.y * width + from.x] : [];
  while (stack.length > 0) {
    const at = stack.pop()!;
    if (coverage[at] !== 255 || out[at] === 255) continue;
    const row = at - (at % width);
    let left = at;
    while (left > row && coverage[left - 1] === 255) left--;
    let right = at;
    while (right < row + width - 1 && coverage[right + 1] === 255) right++;
    out.fill(255, left, right + 1);
    if (row > 0) pushRuns(coverage, out, stack, left - width, right - width);
    if (row < (height - 1) * width) pushRuns(coverage, out, stack, left + width, right + width);
  }
  addRim(coverage, out, width, height);
  return out;
}

/** One pixel of each run that has not been reached, between two indices of a row. */
function pushRuns(
  coverage: Uint8Array,
  out: Uint8Array,
  stack: number[],
  first: number,
  last: number,
): void {
  let isRun = false;
  for (let i = first; i <= last; i++) {
    const isOpen = coverage[i] === 255 && out[i] === 0;
    if (isOpen && !isRun) stack.push(i);
    isRun = isOpen;
  }
}

function addRim(coverage: Uint8Array, out: Uint8Array, width: number, height: number): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const level = coverage[i]!;
      if (level === 0 || level === 255) continue;
      if (touchesFull(out, { x, y, width, height })) out[i] = level;
    }
  }
}

function touchesFull(out: Uint8Array, { x, y, width, height }: Spot & Size): boolean {
  const bottom = Math.min(height - 1, y + 1);
  const right = Math.min(width - 1, x + 1);
  for (let v = Math.max(0, y - 1); v <= bottom; v++) {
    for (let u = Math.max(0, x - 1); u <= right; u++) if (out[v * width + u] === 255) return true;
  }
  return false;
}
