/** The mask of a run: files, colours and transparency, united, inverted. */
import { PentimentoError } from '../../shared/errors.ts';
import {
  alphaMask,
  colorAt,
  colorMask,
  colorOfHex,
  connectedColorMask,
  type ColorRange,
} from '../../shared/mask/colorMask.ts';
import { inverted, united } from '../../shared/mask/dilate.ts';
import type { Spot } from '../../shared/mask/floodFill.ts';
import type { Mask, Raster } from '../engine/picture/raster.ts';
import { wholeOption, type Options } from './options.ts';
import { isBlank, openMask } from './openMask.ts';

const toleranceRange = { min: 0, max: 255, default: 32 };

/** Whether any option makes a mask. */
export function asksForMask(options: Options): boolean {
  const { mask, 'mask-from-color': colors, 'mask-from-alpha': isAlpha } = options;
  return mask !== undefined || colors !== undefined || isAlpha === true;
}

/** Whether a mask is made from the picture's own pixels. */
export function asksForPicture(options: Options): boolean {
  return options['mask-from-color'] !== undefined || options['mask-from-alpha'] === true;
}

/** The files that are read for it. */
export function maskFiles({ mask = [] }: Options): readonly string[] {
  return mask;
}

/**
 * All the masks that are asked for together, over the picture; undefined without any. Throws E_USAGE, E_PARAM,
 * E_FILE, E_IMAGE_*, E_MASK_SIZE, E_MASK_EMPTY.
 */
export async function readMask(options: Options, picture: Raster): Promise<Mask | undefined> {
  if (!asksForMask(options)) return undefined;
  const masks: Mask[] = [];
  for (const path of maskFiles(options)) masks.push(await openMask(path, picture));
  const { width, height } = picture;
  for (const text of options['mask-from-color'] ?? []) {
    masks.push({ width, height, data: ofColor(text, options, picture) });
  }
  if (options['mask-from-alpha'] === true) {
    if (picture.channels === 1 || picture.channels === 3)
      throw new PentimentoError('E_PARAM', '--mask-from-alpha: The picture has no transparency.');
    masks.push({ width, height, data: alphaMask(picture) });
  }
  const all = united(masks);
  const mask = all && options['invert-mask'] === true ? inverted(all) : all;
  if (!mask || isBlank(mask.data)) throw new PentimentoError('E_MASK_EMPTY');
  return mask;
}

/** Throws E_USAGE. */
export function checkMaskOptions(options: Options): void {
  const { tolerance, contiguous, 'mask-from-color': colors = [] } = options;
  if (colors.length === 0 && (tolerance !== undefined || contiguous === true)) {
    throw new PentimentoError('E_USAGE', '--mask-from-color COLOR is missing.');
  }
  if (contiguous === true && !colors.every((text) => spotOf(text))) {
    const spot = '--contiguous needs a point: --mask-from-color X,Y.';
    throw new PentimentoError('E_USAGE', spot);
  }
  if (options['invert-mask'] === true && !asksForMask(options)) {
    throw new PentimentoError('E_USAGE', '--invert-mask: There is no mask to invert.');
  }
}

function ofColor(text: string, options: Options, picture: Raster): Uint8Array {
  const tolerance = wholeOption(options, 'tolerance', toleranceRange);
  const spot = spotOf(text);
  if (!spot) {
    const color = colorOfHex(text);
    if (color) return colorMask(picture, { color, tolerance });
    const expected = '--mask-from-color expects "#rrggbb" or a point X,Y';
    throw new PentimentoError('E_PARAM', `${expected} but received "${text}".`);
  }
  if (spot.x >= picture.width || spot.y >= picture.height) {
    const size = `${picture.width} x ${picture.height}`;
    throw new PentimentoError('E_PARAM', `--mask-from-color ${text}: The picture is ${size}.`);
  }
  const range: ColorRange = { color: colorAt(picture, spot), tolerance };
  return options.contiguous === true
    ? connectedColorMask(picture, range, spot)
    : colorMask(picture, range);
}

function spotOf(text: string): Spot | undefined {
  const [, x, y] = /^\s*(\d+)\s*,\s*(\d+)\s*$/.exec(text) ?? [];
  return x === undefined || y === undefined ? undefined : { x: Number(x), y: Number(y) };
}
