/** AUTOMATIC1111's resize modes, byte for byte (modules/images.py, resize_image; reference version 1.10.1). */
import { PentimentoError } from '../../../../shared/errors.ts';
import type { Rect, Size } from '../../../../shared/geometry.ts';
import { type Image8, newImage8, pasteImage } from '../pillow/image8.ts';
import { resizePillow } from '../pillow/resample.ts';

/** 0 just resize, 1 crop and resize, 2 resize and fill. 3 (latent upscale) leaves the picture; masks take 2. */
export type ResizeMode = 0 | 1 | 2;

/** Enlarges a picture about `scale` times; the exact size is left to the caller. */
export type Upscale = (image: Image8, scale: number) => Image8;

/** One pass of an upscaling model: a picture in, a larger one out. */
export type UpscalePass = (image: Image8, scale: number) => Image8;

/** The same where a pass is a network's. */
export type SlowUpscalePass = (image: Image8, scale: number) => Image8 | Promise<Image8>;

/** The built-in upscalers "Nearest" and "Lanczos": one resize to the scaled size, cut to whole pixels. */
export function resizePass(kernel: 'nearest' | 'lanczos'): UpscalePass {
  return (image, scale) =>
    resizePillow(image, Math.trunc(image.width * scale), Math.trunc(image.height * scale), kernel);
}

/**
 * Runs a model's pass at most three times, until the picture has reached `scale` times its size rounded
 * down to multiples of 8, then brings it to just that size by Lanczos.
 */
export function upscaleInPasses(image: Image8, scale: number, pass: UpscalePass): Image8 {
  const work = passes(image, scale);
  let state = work.next();
  while (state.done !== true) state = work.next(pass(state.value, scale));
  return state.value;
}

/** The same with passes that take their time. */
export async function upscaleInSlowPasses(
  image: Image8,
  scale: number,
  pass: SlowUpscalePass,
): Promise<Image8> {
  const work = passes(image, scale);
  let state = work.next();
  while (state.done !== true) state = work.next(await pass(state.value, scale));
  return state.value;
}

/** Yields what is to be enlarged, is given it enlarged. */
function* passes(image: Image8, scale: number): Generator<Image8, Image8, Image8> {
  const width = Math.floor((image.width * scale) / 8) * 8;
  const height = Math.floor((image.height * scale) / 8) * 8;
  let current = image;
  for (let i = 0; i < 3; i++) {
    const reached = current.width >= width && current.height >= height;
    if (reached && (i > 0 || scale !== 1)) break;
    const next = yield current;
    const same = next.width === current.width && next.height === current.height;
    current = next;
    if (same) break;
  }
  return resizePillow(current, width, height, 'lanczos');
}

function resizeExactly(image: Image8, width: number, height: number, upscale?: Upscale): Image8 {
  const scale = Math.max(width / image.width, height / image.height);
  const enlarged = upscale && image.channels !== 1 && scale > 1 ? upscale(image, scale) : image;
  return resizePillow(enlarged, width, height, 'lanczos');
}

/** Stretches the first and last row (or column) of the resized picture over the bars beside it. */
function fillBars(canvas: Image8, resized: Image8, upright: boolean): void {
  const { width, height } = canvas;
  const w = resized.width;
  const h = resized.height;
  if (upright) {
    const bar = Math.floor(height / 2) - Math.floor(h / 2);
    if (bar <= 0) return;
    pasteImage(canvas, resizePillow(resized, width, bar, 'bicubic', [0, 0, width, 0]), 0, 0);
    pasteImage(canvas, resizePillow(resized, width, bar, 'bicubic', [0, h, width, h]), 0, bar + h);
  } else {
    const bar = Math.floor(width / 2) - Math.floor(w / 2);
    if (bar <= 0) return;
    pasteImage(canvas, resizePillow(resized, bar, height, 'bicubic', [0, 0, 0, height]), 0, 0);
    pasteImage(
      canvas,
      resizePillow(resized, bar, height, 'bicubic', [w, 0, w, height]),
      bar + w,
      0,
    );
  }
}

/**
 * Brings a picture to width x height by one of the resize modes, with Lanczos or first with `upscale` where
 * it grows. Modes 1 and 2 answer RGB whatever comes in (gray is expanded, alpha is dropped); mode 0 keeps
 * the channels. Sizes in pixels, at least 1. Throws E_IMAGE_TOO_SMALL where a picture is so thin that mode 1 or 2
 * would leave no pixel of a side (the original fails there as well), else as resizePillow.
 */
export function resizeImage(
  mode: ResizeMode,
  image: Image8,
  width: number,
  height: number,
  upscale?: Upscale,
): Image8 {
  if (mode === 0) return resizeExactly(image, width, height, upscale);
  const place = placeInCanvas(mode, image, { width, height });
  const resized = resizeExactly(image, place.width, place.height, upscale);
  const canvas = newImage8(width, height, 3);
  pasteImage(canvas, resized, place.x, place.y);
  const ratio = width / height;
  const imageRatio = image.width / image.height;
  if (mode === 2 && ratio !== imageRatio) fillBars(canvas, resized, ratio < imageRatio);
  return canvas;
}

/** Where on a canvas the resized picture lies: past its edges with mode 1. Throws E_IMAGE_TOO_SMALL as resizeImage. */
export function placeInCanvas(mode: ResizeMode, image: Size, { width, height }: Size): Rect {
  if (mode === 0) return { x: 0, y: 0, width, height };
  const ratio = width / height;
  const imageRatio = image.width / image.height;
  const fitWidth = mode === 1 ? ratio > imageRatio : ratio < imageRatio;
  const fitHeight = mode === 1 ? ratio <= imageRatio : ratio >= imageRatio;
  const w = fitWidth ? width : Math.floor((image.width * height) / image.height);
  const h = fitHeight ? height : Math.floor((image.height * width) / image.width);
  if (w < 1 || h < 1) {
    const shape = `${image.width} x ${image.height} to ${width} x ${height} pixels`;
    throw new PentimentoError('E_IMAGE_TOO_SMALL', `Fitting ${shape} would leave nothing of it.`);
  }
  const [x, y] = [
    Math.floor(width / 2) - Math.floor(w / 2),
    Math.floor(height / 2) - Math.floor(h / 2),
  ];
  return { x, y, width: w, height: h };
}
