/**
 * Between the passes of AUTOMATIC1111's hires fix (modules/processing.py
 * StableDiffusionProcessingTxt2Img): sizes, and latents made larger.
 */
import type { Size } from '../../shared/geometry.ts';
import {
  resizeLatent,
  type LatentResize,
} from '../../service/engine/picture/webui/latentResize.ts';
import type { Latent } from '../../service/engine/sampling/types.ts';

/**
 * The first pass's latents resized for the second and cut evenly to the sides asked for, one more off
 * the far end (a1111: sample_hr_pass). `first` in pixels.
 */
export function enlargeLatent(
  latent: Latent,
  first: Size,
  asked: Enlargement,
  mode: LatentResize,
): Latent {
  const [images, channels, height, width] = latent.shape;
  const { enlarged, surplus } = enlargedSize(first, asked);
  const size = { width: Math.floor(enlarged.width / 8), height: Math.floor(enlarged.height / 8) };
  const data = resizeLatent(latent.data, { width, height }, size, mode);
  const left = Math.floor(surplus.width / 2);
  const top = Math.floor(surplus.height / 2);
  const kept = { width: size.width - surplus.width, height: size.height - surplus.height };
  const planes = images * channels;
  const out = new Float32Array(planes * kept.width * kept.height);
  for (let row = 0; row < planes * kept.height; row++) {
    const plane = Math.floor(row / kept.height);
    const y = top + (row % kept.height);
    const from = (plane * size.height + y) * size.width + left;
    out.set(data.subarray(from, from + kept.width), row * kept.width);
  }
  return { data: out, shape: [images, channels, kept.height, kept.width] };
}

/** How large the second pass is: a factor, or sides of which one may be 0. */
type Enlargement = { readonly scale: number } | { readonly width: number; readonly height: number };

interface EnlargedSize {
  /** What the first pass's latents are resized to, pixels. */
  readonly enlarged: Size;
  /** What is cut off on each axis to get the sides asked for, latents in all. */
  readonly surplus: Size;
}

/**
 * A factor gives whole pixels, cut; one side gives the other by the first pass's ratio; two sides are
 * covered and the surplus is cut off in latents.
 */
function enlargedSize(first: Size, asked: Enlargement): EnlargedSize {
  const none = { width: 0, height: 0 };
  if ('scale' in asked) {
    const side = (pixels: number) => Math.trunc(pixels * asked.scale);
    return { enlarged: { width: side(first.width), height: side(first.height) }, surplus: none };
  }
  const { width, height } = asked;
  const byWidth = { width, height: Math.floor((width * first.height) / first.width) };
  const byHeight = { width: Math.floor((height * first.width) / first.height), height };
  if (height === 0) return { enlarged: byWidth, surplus: none };
  if (width === 0) return { enlarged: byHeight, surplus: none };
  const isTaller = first.width / first.height < width / height;
  const enlarged = isTaller ? byWidth : byHeight;
  return {
    enlarged,
    surplus: {
      width: Math.floor((enlarged.width - width) / 8),
      height: Math.floor((enlarged.height - height) / 8),
    },
  };
}
