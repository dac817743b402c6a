/**
 * Sizes and rectangles in whole pixels: the only rectangle arithmetic in the product.
 * A Rect covers x <= px < x + width and y <= py < y + height; x and y may be negative (layers may
 * reach past the canvas).
 */
import { z } from 'zod';

export const Size = z.strictObject({
  width: z.number().int().min(0),
  height: z.number().int().min(0),
});
export type Size = Readonly<z.infer<typeof Size>>;

export const Rect = z.strictObject({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().min(0),
  height: z.number().int().min(0),
});
export type Rect = Readonly<z.infer<typeof Rect>>;

export function rectOfSize(size: Size): Rect {
  return { x: 0, y: 0, width: size.width, height: size.height };
}

export function isEmptyRect(r: Rect): boolean {
  return r.width <= 0 || r.height <= 0;
}

export function isSameRect(a: Rect, b: Rect): boolean {
  return a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;
}

/** The common part; width or height 0 when there is none. */
export function intersectRects(a: Rect, b: Rect): Rect {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const right = Math.min(a.x + a.width, b.x + b.width);
  const bottom = Math.min(a.y + a.height, b.y + b.height);
  return { x, y, width: Math.max(0, right - x), height: Math.max(0, bottom - y) };
}

/** The smallest rectangle around both; an empty one does not count. */
export function unionRects(a: Rect, b: Rect): Rect {
  if (isEmptyRect(a)) return b;
  if (isEmptyRect(b)) return a;
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  const right = Math.max(a.x + a.width, b.x + b.width);
  const bottom = Math.max(a.y + a.height, b.y + b.height);
  return { x, y, width: right - x, height: bottom - y };
}

/** Grown by `px` on each side (negative: shrunk, never below 0). */
export function padRect(r: Rect, px: number): Rect {
  return {
    x: r.x - px,
    y: r.y - px,
    width: Math.max(0, r.width + 2 * px),
    height: Math.max(0, r.height + 2 * px),
  };
}

/** Moved inside `outer` keeping its size; a side longer than `outer` is cut to it. */
export function shiftInside(r: Rect, outer: Rect): Rect {
  const width = Math.min(r.width, outer.width);
  const height = Math.min(r.height, outer.height);
  const x = Math.min(Math.max(r.x, outer.x), outer.x + outer.width - width);
  const y = Math.min(Math.max(r.y, outer.y), outer.y + outer.height - height);
  return { x, y, width, height };
}

export function containsRect(outer: Rect, inner: Rect): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

/** The same rectangle seen from `origin`'s upper left corner. */
export function relativeTo(r: Rect, origin: { readonly x: number; readonly y: number }): Rect {
  return { x: r.x - origin.x, y: r.y - origin.y, width: r.width, height: r.height };
}

/** Bounding box of the values above 0 in a one-channel plane, in the plane's own pixels; undefined if none. */
export function boundsOfMask(mask: ArrayLike<number>, size: Size): Rect | undefined {
  if (mask instanceof Uint8Array) return boundsOfBytes(mask, size);
  let left = size.width;
  let right = -1;
  let top = -1;
  let bottom = -1;
  for (let y = 0; y < size.height; y++) {
    const row = y * size.width;
    let first = 0;
    while (first < size.width && mask[row + first] === 0) first++;
    if (first === size.width) continue;
    let last = size.width - 1;
    while (mask[row + last] === 0) last--;
    if (top < 0) top = y;
    bottom = y;
    if (first < left) left = first;
    if (last > right) right = last;
  }
  if (top < 0) return undefined;
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/** Four bytes at a time where that is possible; nothing is read between what is known of both sides. */
function boundsOfBytes(mask: Uint8Array, { width, height }: Size): Rect | undefined {
  const begin = firstAbove0(mask, width * height);
  if (begin === width * height) return undefined;
  const top = Math.floor(begin / width);
  const bottom = Math.floor(lastAbove0(mask, width * height) / width);
  const words = width % 4 === 0 ? wordsOf(mask, width * height) : mask;
  const bytesEach = words === mask ? 1 : 4;
  const sides = sidesOf(words, width / bytesEach, { top, bottom });
  const isEmpty = (x: number): boolean => {
    let y = top;
    while (y <= bottom && mask[y * width + x] === 0) y++;
    return y > bottom;
  };
  let left = sides.left * bytesEach;
  while (isEmpty(left)) left++;
  let right = (sides.right + 1) * bytesEach - 1;
  while (isEmpty(right)) right--;
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/** The first and the last column that is not 0 everywhere. */
function sidesOf(
  values: Uint8Array | Int32Array,
  width: number,
  { top, bottom }: { readonly top: number; readonly bottom: number },
): { left: number; right: number } {
  let left = width;
  let right = -1;
  for (let row = top * width; row <= bottom * width; row += width) {
    for (let x = 0; x < left; x++) if (values[row + x] !== 0) left = x;
    for (let x = width - 1; x > right; x--) if (values[row + x] !== 0) right = x;
  }
  return { left, right };
}

/** The bytes four at a time, without those left over; they themselves where they do not lie as words do. */
function wordsOf(bytes: Uint8Array, length: number): Int32Array | Uint8Array {
  const { buffer, byteOffset } = bytes;
  return byteOffset % 4 === 0 ? new Int32Array(buffer, byteOffset, length >> 2) : bytes;
}

/** `length` when there is none. */
function firstAbove0(mask: Uint8Array, length: number): number {
  const words = wordsOf(mask, length);
  const bytesEach = words === mask ? 1 : 4;
  let word = 0;
  while (word < words.length && words[word] === 0) word++;
  let i = Math.min(word * bytesEach, length);
  while (i < length && mask[i] === 0) i++;
  return i;
}

/** There is one. */
function lastAbove0(mask: Uint8Array, length: number): number {
  const words = wordsOf(mask, length);
  const bytesEach = words === mask ? 1 : 4;
  const whole = Math.min(length, words.length * bytesEach);
  let i = length - 1;
  while (i >= whole && mask[i] === 0) i--;
  if (i >= whole) return i;
  let word = whole / bytesEach - 1;
  while (words[word] === 0) word--;
  i = (word + 1) * bytesEach - 1;
  while (mask[i] === 0) i--;
  return i;
}
