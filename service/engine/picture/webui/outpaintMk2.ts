/**
 * "Outpainting mk2" (AUTOMATIC1111's script of that name; reference version 1.10.1): one side after the
 * other, the new strip begun with noise that matches the picture.
 */
import type { Size } from '../../../../shared/geometry.ts';
import {
  type Direction,
  directions,
  expansionOf,
  onCanvasStep,
} from '../../../../shared/outpaintScript.ts';
import { cropImage, type Image8, maskImage, newImage8, pasteImage } from '../pillow/image8.ts';
import type { Mask } from '../raster.ts';
import { keptMask } from './outpaintCanvas.ts';

export interface Mk2Options {
  readonly expandPx: number;
  /** 0..64 (8): a quarter of the mask blur. */
  readonly maskBlurPx: number;
  readonly directions: readonly Direction[];
  /** The longest strip that a run works on, across the side that grows. */
  readonly processing: Size;
  /** The canvas with its new part (mask above 0) filled. */
  readonly fill: (canvas: Image8, mask: Mask) => Image8;
}

/** One image-to-image run. */
export interface Mk2Step {
  readonly picture: Image8;
  readonly mask: Mask;
  readonly latentMask: Mask;
  /** What the run takes as mask blur, across and down. */
  readonly maskBlurPx: readonly [x: number, y: number];
}

/** All steps; each is answered before the next one, which builds on it. `picture` is RGB, and so is the end. */
export function* outpaintMk2(
  picture: Image8,
  options: Mk2Options,
): Generator<Mk2Step, Image8, Image8> {
  const grown = expansionOf(picture, options.expandPx, options.directions);
  let current = picture;
  for (const side of directions) {
    if (grown[side] > 0) current = yield* outpaintSide(current, { side, px: grown[side], options });
  }
  return current;
}

interface Side {
  readonly side: Direction;
  readonly px: number;
  readonly options: Mk2Options;
}

function* outpaintSide(
  picture: Image8,
  { side, px, options }: Side,
): Generator<Mk2Step, Image8, Image8> {
  const isAcross = side === 'left' || side === 'right';
  const width = picture.width + (isAcross ? px : 0);
  const height = picture.height + (isAcross ? 0 : px);
  const blur = blurOf(options);
  const canvas = newImage8(onCanvasStep(width), onCanvasStep(height), 3);
  pasteImage(canvas, picture, side === 'left' ? px : 0, side === 'up' ? px : 0);
  const keep = (size: Size, times: number) =>
    keptMask(size, [
      side === 'left' ? px + blur.x * times : 0,
      side === 'up' ? px + blur.y * times : 0,
      side === 'right' ? size.width - px - blur.x * times : width,
      side === 'down' ? size.height - px - blur.y * times : height,
    ]);
  const mask = keep(canvas, 1);
  const filled = options.fill(canvas, mask);
  const strip = {
    width: isAcross ? Math.min(options.processing.width, width) : canvas.width,
    height: isAcross ? canvas.height : Math.min(options.processing.height, height),
  };
  const x = side === 'left' ? 0 : canvas.width - strip.width;
  const y = side === 'up' ? 0 : canvas.height - strip.height;
  const box = [x, y, x + strip.width, y + strip.height] as const;
  const answer = yield {
    picture: cropImage(filled, box),
    mask: { ...strip, data: cropImage(maskImage(mask), box).data },
    latentMask: keep(strip, 2),
    maskBlurPx: [blur.x * 4, blur.y * 4],
  };
  const whole = newImage8(filled.width, filled.height, 3, filled.data.slice());
  pasteImage(whole, answer, x, y);
  return cropImage(whole, [0, 0, width, height]);
}

/** Only along directions that grow somewhere. */
function blurOf({ directions: chosen, maskBlurPx }: Mk2Options): { x: number; y: number } {
  const has = (...sides: Direction[]) => sides.some((side) => chosen.includes(side));
  return { x: has('left', 'right') ? maskBlurPx : 0, y: has('up', 'down') ? maskBlurPx : 0 };
}
