/** Preprocessors that change tones and colours (sd-webui-controlnet 1.1.455), without any model. RGB in. */
import { rgbToGray8, rgbToHsv8 } from '../opencv/color8.ts';
import { blurImage8 } from '../opencv/gaussianBlurImage.ts';
import { rgbToLab8 } from '../opencv/lab8.ts';
import { resizeOpencv } from '../opencv/resize8.ts';
import { remapLinear8 } from '../opencv/remap8.ts';
import { aboveLevel, otsuThreshold } from '../opencv/threshold8.ts';
import { maskImage, newImage8, toChannels, type Image8 } from '../pillow/image8.ts';
import { resizeWithPad, withoutPadding } from './preprocessorSize.ts';

/** 255 - v. */
export function inverted(image: Image8): Image8 {
  const data = image.data.map((v) => 255 - v);
  return newImage8(image.width, image.height, image.channels, data);
}

/** White where the darkest channel lies above `level`, RGB. */
export function thresholdMap(image: Image8, resolution: number, level: number): Image8 {
  const { padded, size } = resizeWithPad(image, resolution);
  const least = padded.data.map((_, i, data) => {
    const at = i - (i % 3);
    return Math.min(data[at], data[at + 1], data[at + 2]) > level ? 255 : 0;
  });
  return withoutPadding(newImage8(padded.width, padded.height, 3, least), size);
}

/** Black where the grey value lies above `level`, white elsewhere; 0 and 255 find the level themselves (Otsu). */
export function binaryMap(image: Image8, level: number): Image8 {
  const gray = rgbToGray8(image);
  const chosen = level === 0 || level === 255 ? otsuThreshold(gray) : level;
  return toChannels(inverted(maskImage(aboveLevel(gray, chosen))), 3);
}

/** A Gaussian blur at the preprocessor's resolution; sigma in its pixels. */
export function gaussianMap(image: Image8, resolution: number, sigma: number): Image8 {
  const { padded, size } = resizeWithPad(image, resolution);
  return blurImage8(withoutPadding(padded, size), sigma);
}

/** Below this the picture is left as it is. */
const leastReduction = 1.1;

/** The picture averaged to a `reduction`th of its size. */
export function tileMap(image: Image8, reduction: number): Image8 {
  if (reduction < leastReduction) return image;
  const width = Math.max(1, Math.trunc(image.width / reduction));
  const height = Math.max(1, Math.trunc(image.height / reduction));
  return resizeOpencv(image, width, height, 'area');
}

/** Lightness, as the original computes it: with red and blue exchanged. `gamma` 0.1..2. */
export function luminanceMap(image: Image8, gamma: number): Image8 {
  const exchanged = image.data.map((_, i, data) => data[i - (i % 3) + (2 - (i % 3))]);
  const lab = rgbToLab8(newImage8(image.width, image.height, 3, exchanged));
  return grayOfChannel(lab, 0, gamma);
}

/** The largest channel. `gamma` 0.1..2. */
export function intensityMap(image: Image8, gamma: number): Image8 {
  return grayOfChannel(rgbToHsv8(image), 2, gamma);
}

function grayOfChannel({ width, height, data }: Image8, channel: number, gamma: number): Image8 {
  const level = Uint8Array.from({ length: 256 }, (_, v) => {
    const share = Math.fround(Math.fround(v / 255) ** gamma);
    return Math.min(255, Math.trunc(Math.fround(share * 255)));
  });
  return newImage8(
    width,
    height,
    3,
    data.map((_, i) => level[data[i - (i % 3) + channel]]),
  );
}

/** Side of a block of one colour, pixels. */
const colorBlock = 64;

/** Blocks of the picture's colours. The shorter side becomes `resolution` pixels. */
export function colorMap(image: Image8, resolution: number): Image8 {
  const scale = resolution / Math.min(image.width, image.height);
  const width = Math.round(image.width * scale);
  const height = Math.round(image.height * scale);
  const resized = resizeOpencv(image, width, height, 'area');
  const few = { width: Math.floor(width / colorBlock), height: Math.floor(height / colorBlock) };
  const small = resizeOpencv(resized, Math.max(1, few.width), Math.max(1, few.height), 'cubic');
  return resizeOpencv(small, width, height, 'nearest');
}

/** The picture's pieces carried elsewhere by a flow of source positions, x and y of each pixel. */
export function shuffledMap(image: Image8, flow: Float32Array): Image8 {
  return remapLinear8(image, { width: image.width, height: image.height, data: flow });
}
