/** Grey dilation by a disk: the largest level among all pixels within a distance. */
import type { MaskPixels } from './maskPixels.ts';

/**
 * Each pixel becomes the largest level at offsets with dx^2 + dy^2 <= radius^2; pixels outside the
 * plane do not count. The disk is taken apart into rows: for each half-width one running maximum per
 * row (van Herk 1992, Gil and Werman 1993), whose time does not depend on the width.
 */
export function growSoft(mask: MaskPixels, radius: number): MaskPixels {
  const { width, height } = mask;
  const out = mask.data.slice();
  const reach = Math.floor(radius);
  let from = 0;
  while (from <= reach) {
    const half = halfWidth(radius, from);
    let to = from;
    while (to < reach && halfWidth(radius, to + 1) === half) to++;
    const wide = runningMaximum(mask, half);
    for (let dy = from; dy <= to; dy++) {
      takeLarger(out, wide, dy * width);
      if (dy > 0) takeLarger(out, wide, -dy * width);
    }
    from = to + 1;
  }
  return { width, height, data: out };
}

function halfWidth(radius: number, dy: number): number {
  return Math.floor(Math.sqrt(Math.max(0, radius * radius - dy * dy)) + 1e-9);
}

/** out[i] = max(out[i], plane[i - shift]) where both exist; `shift` is a whole number of rows. */
function takeLarger(out: Uint8Array, plane: Uint8Array, shift: number): void {
  const start = Math.max(0, shift);
  const end = Math.min(out.length, out.length + shift);
  for (let i = start; i < end; i++) {
    const v = plane[i - shift];
    if (v > out[i]) out[i] = v;
  }
}

function runningMaximum(mask: MaskPixels, half: number): Uint8Array {
  const { width, height, data } = mask;
  if (half === 0) return data;
  const out = new Uint8Array(data.length);
  const block = 2 * half + 1;
  const padded = Math.ceil((width + 2 * half) / block) * block;
  const line = new Uint8Array(padded);
  const forward = new Uint8Array(padded);
  const backward = new Uint8Array(padded);
  for (let y = 0; y < height; y++) {
    line.set(data.subarray(y * width, (y + 1) * width), half);
    for (let i = 0; i < padded; i++) {
      forward[i] = i % block === 0 ? line[i] : Math.max(forward[i - 1], line[i]);
    }
    for (let i = padded - 1; i >= 0; i--) {
      backward[i] = (i + 1) % block === 0 ? line[i] : Math.max(backward[i + 1], line[i]);
    }
    const at = y * width;
    for (let x = 0; x < width; x++) {
      out[at + x] = Math.max(backward[x], forward[x + 2 * half]);
    }
  }
  return out;
}
