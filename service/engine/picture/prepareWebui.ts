/**
 * AUTOMATIC1111's way from pixels to the networks and back, in its 8-bit integer arithmetic
 * (webui/inpaint.ts). The overlay that it composites at the end becomes our layer mask: the result
 * is the generated picture with alpha = the mask of the overlay. Laid over the original that is the
 * same blend in exact arithmetic; the overlay's own 8-bit rounding (premultiplied and back) is not.
 */
import { PentimentoError } from '../../../shared/errors.ts';
import { boundsOfMask, rectOfSize, type Rect, type Size } from '../../../shared/geometry.ts';
import { tensor, type Tensor } from '../tensor.ts';
import { cropMask, cropRaster } from './crop.ts';
import { maskImage, toChannels, toImage8, type Image8 } from './pillow/image8.ts';
import { untouchedPlanes, type Finished, type Prepared, type Workpiece } from './prepare.ts';
import type { Mask, Raster } from './raster.ts';
import { decodedImage, encoderInput } from './webui/decodedImage.ts';
import { prepareInpaint, type MaskedContent, type PreparedInpaint } from './webui/inpaint.ts';
import { lumaMask } from './webui/mask.ts';
import { uncrop } from './webui/overlay.ts';
import { resizeImage } from './webui/resizeImage.ts';

const fillModes = { fill: 0, original: 1, 'latent-noise': 2, 'latent-nothing': 3 } as const;

/**
 * Feather is taken as its mask blur, area "masked" as "only masked" with its padding. Throws E_MASK_EMPTY
 * when the blur leaves nothing of a small selection (there it would work the whole picture over).
 */
export function prepareWebui(piece: Workpiece): Prepared {
  const size = piece.workingSize;
  if (!piece.picture) {
    return {
      start: undefined,
      latentMask: undefined,
      shown: undefined,
      paintMask: undefined,
      finish: (decoded) => finish(decoded, { piece, prepared: undefined, overlay: undefined }),
      untouched: () => untouchedPlanes(piece, undefined, undefined),
    };
  }
  const fillMode: MaskedContent = fillModes[piece.maskedContent];
  const prepared = prepareInpaint({
    picture: toImage8(piece.picture),
    mask: piece.selection && maskImage(piece.selection),
    ...size,
    resizeMode: 0,
    maskBlurX: piece.featherPx,
    maskBlurY: piece.featherPx,
    invert: false,
    fullRes: piece.onlyMasked,
    padding: piece.paddingPx,
    fillMode,
    maskRound: true,
  });
  const overlay = piece.selection && overlayOf(prepared, piece.context);
  if (piece.selection && !overlay) {
    throw new PentimentoError('E_MASK_EMPTY', 'The feather leaves nothing of it.');
  }
  const start = tensor(encoderInput(prepared.image), [1, 3, size.height, size.width]);
  return {
    start,
    latentMask: prepared.latentMask?.data,
    shown: shownWebui(start, prepared.mask),
    paintMask: paintMaskWebui(prepared.mask),
    finish: (decoded) => finish(decoded, { piece, prepared, overlay }),
    untouched: () => untouchedPlanes(piece, piece.selection, undefined),
  };
}

/** The hole of the 8-bit mask, rounded, in mid gray (conditioning of inpainting models). */
export function shownWebui(start: Tensor, mask: Mask | undefined): Tensor | undefined {
  if (!mask) return undefined;
  const pixels = mask.data.length;
  const data = start.data.slice();
  for (let i = 0; i < data.length; i++) if (mask.data[i % pixels] >= 128) data[i] = 0;
  return { data, shape: start.shape };
}

/** The rounded mask at the first pixel of each latent cell (torch's nearest interpolation). */
export function paintMaskWebui(mask: Mask | undefined): Float32Array | undefined {
  if (!mask) return undefined;
  const width = Math.floor(mask.width / 8);
  const height = Math.floor(mask.height / 8);
  return Float32Array.from({ length: width * height }, (_, i) => {
    const at = Math.floor(i / width) * 8 * mask.width + (i % width) * 8;
    return mask.data[at] >= 128 ? 1 : 0;
  });
}

interface Overlay {
  readonly alpha: Mask;
  readonly bounds: Rect;
}

/** What of the result is seen, over the context; undefined when nothing is. */
function overlayOf(prepared: PreparedInpaint, context: Size): Overlay | undefined {
  const { maskForOverlay } = prepared;
  const alpha = maskForOverlay && lumaMask(fitted(maskImage(maskForOverlay), context));
  const bounds = alpha && boundsOfMask(alpha.data, alpha);
  return alpha && bounds && { alpha, bounds };
}

function finish(
  decoded: Tensor,
  source: {
    readonly piece: Workpiece;
    readonly prepared: PreparedInpaint | undefined;
    readonly overlay: Overlay | undefined;
  },
): Finished {
  const { piece, prepared, overlay } = source;
  const { width, height } = piece.workingSize;
  const generated = decodedImage(decoded.data, width, height);
  const whole = prepared?.pasteTo
    ? uncrop(generated, piece.context.width, piece.context.height, prepared.pasteTo)
    : fitted(generated, piece.context);
  const picture = inForm(whole, piece.picture);
  if (!overlay) {
    const opaque = new Uint8Array(picture.width * picture.height).fill(255);
    const size = { width: picture.width, height: picture.height };
    return { color: picture, alpha: { ...size, data: opaque }, bounds: rectOfSize(size) };
  }
  const { alpha, bounds } = overlay;
  return { color: cropRaster(picture, bounds), alpha: cropMask(alpha, bounds), bounds };
}

/** "Whole picture" answers at the working size; a layer has to have the document's. */
function fitted(image: Image8, size: Size): Image8 {
  const same = image.width === size.width && image.height === size.height;
  return same ? image : resizeImage(0, image, size.width, size.height);
}

/** The document's depth and channels; a deep document gets the 8-bit values spread over its range. */
function inForm(image: Image8, like: Raster | undefined): Raster {
  const colors = like && like.channels <= 2 ? toChannels(image, 1) : toChannels(image, 3);
  if (!like || like.depth === 8) return colors;
  const data =
    like.depth === 16
      ? Uint16Array.from(colors.data, (v) => v * 257)
      : Float32Array.from(colors.data, (v) => v / 255);
  return { ...colors, depth: like.depth, data };
}
