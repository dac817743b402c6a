/** Latents between the passes of AUTOMATIC1111's hires fix (modules/processing.py sample_hr_pass). */
import type { Size } from '../../../../shared/geometry.ts';
import { enlargedSize } from '../../../../shared/hiresSize.ts';
import type { Enlargement, LatentUpscaler } from '../../../../shared/stages.ts';
import type { Tensor } from '../../tensor.ts';
import { resizeLatent, type LatentResize } from './latentResize.ts';

const latentResizes: Readonly<Record<LatentUpscaler, LatentResize>> = {
  latent: { kernel: 'bilinear', antialias: false },
  'latent-antialiased': { kernel: 'bilinear', antialias: true },
  'latent-bicubic': { kernel: 'bicubic', antialias: false },
  'latent-bicubic-antialiased': { kernel: 'bicubic', antialias: true },
  'latent-nearest': { kernel: 'nearest', antialias: false },
  'latent-nearest-exact': { kernel: 'nearest-exact', antialias: false },
};

/** `[B,4,h,w]` resized for the second pass and cut to the sides asked for. `first` in pixels. */
export function enlargeLatent(
  latent: Tensor,
  first: Size,
  asked: Enlargement,
  upscaler: LatentUpscaler,
): Tensor {
  const [images, channels, height, width] = latent.shape;
  const { enlarged, surplus } = enlargedSize(first, asked);
  const size = { width: Math.floor(enlarged.width / 8), height: Math.floor(enlarged.height / 8) };
  const data = resizeLatent(latent.data, { width, height }, size, latentResizes[upscaler]);
  return cutLatent({ data, shape: [images, channels, size.height, size.width] }, surplus);
}

/** `surplus` latents cut off evenly on each axis, one more off the far end. */
export function cutLatent(latent: Tensor, surplus: Size): Tensor {
  if (surplus.width === 0 && surplus.height === 0) return latent;
  const [images, channels, tall, wide] = latent.shape;
  const left = Math.floor(surplus.width / 2);
  const top = Math.floor(surplus.height / 2);
  const height = tall - surplus.height;
  const width = wide - surplus.width;
  const planes = images * channels;
  const data = new Float32Array(planes * width * height);
  for (let row = 0; row < planes * height; row++) {
    const plane = Math.floor(row / height);
    const from = (plane * tall + top + (row % height)) * wide + left;
    data.set(latent.data.subarray(from, from + width), row * width);
  }
  return { data, shape: [images, channels, height, width] };
}
