/**
 * Everything AUTOMATIC1111's img2img does with a picture and a mask before the network, and after it
 * (StableDiffusionProcessingImg2Img.init and apply_overlay; reference version 1.10.1).
 */
import { PentimentoError } from '../../../../shared/errors.ts';
import { flattenOnto } from '../pillow/alpha.ts';
import { cropImage, type Image8, maskImage, toChannels } from '../pillow/image8.ts';
import type { Mask, SoftMask } from '../raster.ts';
import { cropRegion, expandCropRegion } from './cropRegion.ts';
import { encoderInput } from './decodedImage.ts';
import { fill } from './fill.ts';
import {
  createBinaryMask,
  doubledMask,
  invertMask,
  latentMask,
  lumaMask,
  maskBlur,
  paintShare,
} from './mask.ts';
import { applyOverlay, buildOverlay, type PasteTo } from './overlay.ts';
import { resizeImage, type ResizeMode, type Upscale } from './resizeImage.ts';

/** 0 fill, 1 original, 2 latent noise, 3 latent nothing; all but 1 also fill the picture. */
export type MaskedContent = 0 | 1 | 2 | 3;

export interface InpaintInput {
  /** Any number of channels; alpha is flattened onto `background`. */
  readonly picture: Image8;
  /** Gray, colour or alpha (createBinaryMask); without one the picture is only resized. */
  readonly mask?: Image8 | undefined;
  /** Working size in pixels, multiples of 8. */
  readonly width: number;
  readonly height: number;
  /** 3 (latent upscale) leaves the picture as it is and treats the mask as 2, which misaligns both. */
  readonly resizeMode: ResizeMode | 3;
  /** Sigmas in pixels of the mask as given. */
  readonly maskBlurX: number;
  readonly maskBlurY: number;
  readonly invert: boolean;
  /** "Only masked": work on the region around the mask, `padding` in pixels of the original. */
  readonly fullRes: boolean;
  readonly padding: number;
  readonly fillMode: MaskedContent;
  /** False for soft inpainting: keep gray levels. */
  readonly maskRound: boolean;
  /** What may change in place of the mask, at working size, not blurred: scripts set it ("latent mask"). */
  readonly latentMask?: Mask | undefined;
  /** Colour behind a transparent picture; white by default. */
  readonly background?: readonly [number, number, number];
  readonly upscale?: Upscale;
}

export interface PreparedInpaint {
  /** RGB, what the VAE encodes. */
  readonly image: Image8;
  /** RGB, what an overlay is made of: the picture, resized where all of it is worked over. */
  readonly original: Image8;
  /** At working size, blurred; undefined when there is nothing to repaint by. */
  readonly mask?: Mask;
  /** 1 = repaint, (width / 8) x (height / 8). */
  readonly latentMask?: SoftMask;
  readonly maskForOverlay?: Mask;
  /** The original with the hole, RGB + alpha, at the size of the finished picture. */
  readonly overlay?: Image8;
  readonly pasteTo?: PasteTo;
  /** "Only masked" met an empty mask: mask and overlay are dropped, the whole picture is repainted. */
  readonly croppedEmpty: boolean;
}

/** RGB, with any alpha composited over one colour. */
function flatten(
  picture: Image8,
  background: readonly [number, number, number] = [255, 255, 255],
): Image8 {
  return picture.channels === 4 ? flattenOnto(picture, background) : toChannels(picture, 3);
}

function resizeMask(mode: ResizeMode | 3, mask: Mask, width: number, height: number): Mask {
  // Mode 3 falls into the branch of mode 2 where a mask is concerned.
  return lumaMask(resizeImage(mode === 3 ? 2 : mode, maskImage(mask), width, height));
}

function fitMask(mode: ResizeMode | 3, mask: Mask, image: Image8): Mask {
  const fits = mask.width === image.width && mask.height === image.height;
  return fits ? mask : resizeMask(mode, mask, image.width, image.height);
}

function readMask(input: InpaintInput, mask: Image8): Mask {
  const read = createBinaryMask(mask, input.maskRound);
  return maskBlur(input.invert ? invertMask(read) : read, input.maskBlurX, input.maskBlurY);
}

function prepareRegion(input: InpaintInput, picture: Image8, blurred: Mask): PreparedInpaint {
  const { width, height } = input;
  const tight = cropRegion(blurred, input.padding);
  if (!tight) {
    return { image: prepareWhole(input, picture), original: picture, croppedEmpty: true };
  }
  const [x1, y1, x2, y2] = expandCropRegion(tight, input, blurred);
  const region = cropImage(picture, [x1, y1, x2, y2]);
  const mask = resizeMask(
    2,
    lumaMask(cropImage(maskImage(blurred), [x1, y1, x2, y2])),
    width,
    height,
  );
  const maskForOverlay = fitMask(input.resizeMode, blurred, picture);
  return withContent(input, {
    image: resizeImage(2, region, width, height, input.upscale),
    original: picture,
    mask,
    maskForOverlay,
    overlay: buildOverlay(picture, maskForOverlay),
    pasteTo: [x1, y1, x2 - x1, y2 - y1],
    croppedEmpty: false,
  });
}

function prepareWhole(input: InpaintInput, picture: Image8): Image8 {
  if (input.resizeMode === 3) return picture;
  return resizeImage(input.resizeMode, picture, input.width, input.height, input.upscale);
}

function withContent(
  input: InpaintInput,
  prepared: PreparedInpaint & { readonly mask: Mask },
): PreparedInpaint {
  const { image, mask: own } = prepared;
  const mask = input.latentMask ?? own;
  if (input.fillMode !== 1 && (image.width !== mask.width || image.height !== mask.height)) {
    throw new PentimentoError(
      'E_PARAM',
      'Latent upscale keeps the picture size, so the masked area cannot be filled.',
    );
  }
  const w = Math.floor(input.width / 8);
  const h = Math.floor(input.height / 8);
  return {
    ...prepared,
    image: input.fillMode === 1 ? image : fill(image, mask),
    latentMask: latentMask(mask, w, h, input.maskRound),
  };
}

/**
 * One picture and its mask, made ready: blur, crop or whole, resize, fill, latent mask, overlay. Throws
 * E_PARAM when resize mode 3 is combined with masked content other than "original" (sizes differ there).
 */
export function prepareInpaint(input: InpaintInput): PreparedInpaint {
  const picture = flatten(input.picture, input.background);
  if (!input.mask) {
    const image = prepareWhole(input, picture);
    return { image, original: image, croppedEmpty: false };
  }
  const blurred = readMask(input, input.mask);
  if (input.fullRes) return prepareRegion(input, picture, blurred);
  const image = prepareWhole(input, picture);
  const mask = resizeMask(input.resizeMode, blurred, input.width, input.height);
  const maskForOverlay = fitMask(input.resizeMode, doubledMask(mask), image);
  const overlay = buildOverlay(image, maskForOverlay);
  return withContent(input, {
    image,
    original: image,
    mask,
    maskForOverlay,
    overlay,
    croppedEmpty: false,
  });
}

/**
 * What an inpainting model is shown besides the mask, planar float32 -1..1 [3, height, width]: the picture
 * with the masked part gray (0), mixed with the plain picture by `weight` (option "inpainting mask weight").
 */
export function maskedPicture(image: Image8, mask: Mask, round = true, weight = 1): Float32Array {
  const planes = encoderInput(image);
  const size = image.width * image.height;
  for (let i = 0; i < planes.length; i++) {
    const masked = Math.fround(paintShare(mask.data[i % size], round));
    const shown = Math.fround(planes[i] * Math.fround(1 - masked));
    const difference = Math.fround(shown - planes[i]);
    planes[i] = weight < 0.5 ? planes[i] + weight * difference : shown - (1 - weight) * difference;
  }
  return planes;
}

/** The decoded picture (RGB at working size) in its place under the original's overlay: RGB. */
export function finishInpaint(generated: Image8, prepared: PreparedInpaint): Image8 {
  return applyOverlay(generated, prepared.overlay, prepared.pasteTo).picture;
}
