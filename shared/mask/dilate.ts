/** Masks grown and shrunk by a disk; engine and workbench do it alike. Pure. */
import { squaredDistance } from './distance.ts';
import { growSoft } from './growSoft.ts';
import type { MaskPixels } from './maskPixels.ts';

/**
 * Each pixel takes the largest level at offsets with dx^2 + dy^2 <= radius^2; pixels outside the plane do not
 * count. What is fully selected takes linear time, and so does a soft rim; only masks that are soft all over
 * take longer with the radius.
 */
export function dilate(mask: MaskPixels, radius: number): MaskPixels {
  const soft = softPixels(mask.data);
  if (isDear(soft.length, mask, radius)) return growSoft(mask, radius);
  const data = new Uint8Array(mask.data.length);
  const full = soft.length === 0 ? mask.data : mask.data.map((v) => (v === 255 ? 255 : 0));
  const distance = squaredDistance(full, mask, radius);
  const limit = radius * radius;
  for (let i = 0; i < data.length; i++) if (distance[i] <= limit) data[i] = 255;
  const out = { ...mask, data };
  for (const i of soft) stamp(out, { at: i, level: mask.data[i], radius });
  return out;
}

/** The smallest level under the disk: what lies outside the plane counts as selected. */
export function erode(mask: MaskPixels, radius: number): MaskPixels {
  return inverted(dilate(inverted(mask), radius));
}

/** Selected becomes unselected. */
export function inverted(mask: MaskPixels): MaskPixels {
  const data = new Uint8Array(mask.data.length);
  for (let i = 0; i < data.length; i++) data[i] = 255 - mask.data[i];
  return { ...mask, data };
}

/** All of several masks of the same size: the largest level of each pixel. */
export function united(masks: readonly MaskPixels[]): MaskPixels | undefined {
  const [first, ...others] = masks;
  if (!first || others.length === 0) return first;
  const data = first.data.slice();
  for (const other of others) {
    for (let i = 0; i < data.length; i++) if (other.data[i] > data[i]) data[i] = other.data[i];
  }
  return { ...first, data };
}

/** Indices of the partly selected pixels. */
function softPixels(data: Uint8Array): Int32Array {
  let count = 0;
  for (let i = 0; i < data.length; i++) if (data[i] > 0 && data[i] < 255) count++;
  const indices = new Int32Array(count);
  for (let i = 0, at = 0; at < count; i++) if (data[i] > 0 && data[i] < 255) indices[at++] = i;
  return indices;
}

/** Stamps cost the disk's area each; the running maxima of growSoft about eight passes a pixel of radius. */
function isDear(softCount: number, { data }: MaskPixels, radius: number): boolean {
  return softCount * Math.PI * radius > 8 * data.length;
}

interface Stamp {
  readonly at: number;
  readonly level: number;
  readonly radius: number;
}

/** A disk of one level, where nothing is larger. */
function stamp({ width, height, data }: MaskPixels, { at, level, radius }: Stamp): void {
  const x = at % width;
  const y = (at - x) / width;
  const reach = Math.floor(radius);
  const bottom = Math.min(height - 1, y + reach);
  for (let v = Math.max(0, y - reach); v <= bottom; v++) {
    const half = Math.floor(Math.sqrt(radius * radius - (v - y) * (v - y)) + 1e-9);
    const end = v * width + Math.min(width - 1, x + half);
    for (let i = v * width + Math.max(0, x - half); i <= end; i++) {
      if (data[i] < level) data[i] = level;
    }
  }
}
