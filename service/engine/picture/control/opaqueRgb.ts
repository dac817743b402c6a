import { newImage8, toChannels, type Image8 } from '../pillow/image8.ts';

/** A picture of any channels as RGB over white, levels cut (sd-webui-controlnet 1.1.455, HWC3). */
export function opaqueRgb(image: Image8): Image8 {
  if (image.channels === 3) return image;
  const rgb = toChannels(image, 3);
  if (image.channels === 1) return rgb;
  const { channels, data } = image;
  const over = rgb.data.map((v, i) => {
    const alpha = data[Math.floor(i / 3) * channels + channels - 1] / 255;
    return v * alpha + 255 * (1 - alpha);
  });
  return newImage8(image.width, image.height, 3, over);
}
