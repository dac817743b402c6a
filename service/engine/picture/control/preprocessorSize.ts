/** The size at which ControlNet preprocessors work (sd-webui-controlnet 1.1.455). */
import type { Size } from '../../../../shared/geometry.ts';
import type { ControlFit } from '../../../../shared/control.ts';
import { resizeOpencv } from '../opencv/resize8.ts';
import { roundEven } from '../opencv/roundEven.ts';
import { cropImage, newImage8, type Image8 } from '../pillow/image8.ts';

/** Networks of preprocessors want multiples of this, and all preprocessors are given them. */
const block = 64;

export interface PaddedImage {
  /** Sides are multiples of 64; the last column and row are repeated. */
  readonly padded: Image8;
  /** Of the resized picture in its upper left corner. */
  readonly size: Size;
}

/** The shorter side becomes `resolution` pixels (averaged when shrunk, cubic when enlarged), then padding. */
export function resizeWithPad(image: Image8, resolution: number): PaddedImage {
  const scale = resolution / Math.min(image.width, image.height);
  const width = roundEven(image.width * scale);
  const height = roundEven(image.height * scale);
  const resized = resizeOpencv(image, width, height, scale > 1 ? 'cubic' : 'area');
  return { padded: padded(resized), size: { width, height } };
}

function padded(image: Image8): Image8 {
  const width = Math.ceil(image.width / block) * block;
  const height = Math.ceil(image.height / block) * block;
  const { channels, data } = image;
  const out = newImage8(width, height, channels);
  for (let y = 0, o = 0; y < height; y++) {
    const row = Math.min(y, image.height - 1) * image.width;
    for (let x = 0; x < width; x++) {
      const from = (row + Math.min(x, image.width - 1)) * channels;
      for (let c = 0; c < channels; c++) out.data[o++] = data[from + c];
    }
  }
  return out;
}

/** The padding cut away again. */
export function withoutPadding(image: Image8, { width, height }: Size): Image8 {
  return cropImage(image, [0, 0, width, height]);
}

/** The resolution ("pixel perfect") at which a picture has the pixels that will be seen of it. */
export function pixelPerfectResolution(picture: Size, target: Size, fit: ControlFit): number {
  const down = target.height / picture.height;
  const across = target.width / picture.width;
  const scale = fit === 'fill' ? Math.min(down, across) : Math.max(down, across);
  return roundEven(scale * Math.min(picture.width, picture.height));
}
