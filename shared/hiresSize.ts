/** Sizes of a second pass (AUTOMATIC1111 modules/processing.py calculate_target_resolution). Pure. */
import type { Size } from './geometry.ts';
import type { Enlargement } from './stages.ts';

export interface EnlargedSize {
  /** What the first pass's picture is resized to, pixels. */
  readonly enlarged: Size;
  /** What is cut off on each axis to get the sides asked for, latents in all. */
  readonly surplus: Size;
}

const latentPx = 8;

/**
 * A factor gives whole pixels, cut; one side gives the other by the first pass's ratio; two sides are
 * covered and the surplus is cut off in latents.
 */
export function enlargedSize(first: Size, { scale = 1, size }: Enlargement): EnlargedSize {
  const none = { width: 0, height: 0 };
  if (!size) {
    const side = (pixels: number) => Math.trunc(pixels * scale);
    return { enlarged: { width: side(first.width), height: side(first.height) }, surplus: none };
  }
  const { width, height } = size;
  const byWidth = { width, height: Math.floor((width * first.height) / first.width) };
  const byHeight = { width: Math.floor((height * first.width) / first.height), height };
  if (height === 0) return { enlarged: byWidth, surplus: none };
  if (width === 0) return { enlarged: byHeight, surplus: none };
  const isTaller = first.width / first.height < width / height;
  const enlarged = isTaller ? byWidth : byHeight;
  return {
    enlarged,
    surplus: {
      width: Math.floor((enlarged.width - width) / latentPx),
      height: Math.floor((enlarged.height - height) / latentPx),
    },
  };
}

/** Size of the second pass's picture, pixels: multiples of 8. */
export function hiresSize(first: Size, asked: Enlargement): Size {
  const { enlarged, surplus } = enlargedSize(first, asked);
  const side = (pixels: number, cut: number) => (Math.floor(pixels / latentPx) - cut) * latentPx;
  return {
    width: side(enlarged.width, surplus.width),
    height: side(enlarged.height, surplus.height),
  };
}
