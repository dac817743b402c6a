/**
 * AUTOMATIC1111's way from pixels to the networks and back, in its 8-bit integer arithmetic
 * (webui/inpaint.ts). The overlay that it composites at the end becomes our layer mask: the result
 * is the generated picture with alpha = the mask of the overlay. Laid over the original that is the
 * same blend in exact arithmetic; the overlay's own 8-bit rounding (premultiplied and back) is not.
 */
import { PentimentoError } from '../../../shared/errors.ts';
import {
  boundsOfMask,
  intersectRects,
  rectOfSize,
  type Rect,
  type Size,
} from '../../../shared/geometry.ts';
import { tensor, type Tensor } from '../tensor.ts';
import { cropMask, cropRaster } from './crop.ts';
import { growMask } from './mask.ts';
import {
  cropImage,
  maskImage,
  newImage8,
  toChannels,
  toImage8,
  type Image8,
} from './pillow/image8.ts';
import { untouchedPlanes, type Finished, type Prepared, type Workpiece } from './prepare.ts';
import type { Mask, Raster, SoftMask } from './raster.ts';
import { correctColors, rememberColors } from './webui/colorCorrection.ts';
import { decodedImage, encoderInput } from './webui/decodedImage.ts';
import { prepareInpaint, type MaskedContent, type PreparedInpaint } from './webui/inpaint.ts';
import { conditioningMask, lumaMask, paintShare } from './webui/mask.ts';
import { uncrop } from './webui/overlay.ts';
import { placeInCanvas, resizeImage } from './webui/resizeImage.ts';
import { softDifferenceMask, softSeen, type LatentChange } from './webui/softMask.ts';
import { mapInto } from './mapInto.ts';

const resizeModes = { stretch: 0, crop: 1, fill: 2, latent: 3 } as const;
/** Of a picture that is encoded as it is: the plan knows the memory for the working size only. */
const mostEncodedPixels = 2048 * 2048;
const fillModes = { fill: 0, original: 1, 'latent-noise': 2, 'latent-nothing': 3 } as const;

/**
 * Feather is taken as its mask blur, area "masked" as "only masked" with its padding; growing, which it has
 * not, comes before. Throws E_MASK_EMPTY when shrinking or the blur leaves nothing of a small selection (there it would work the whole picture over).
 */
export function prepareWebui(piece: Workpiece): Prepared {
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
  const { context } = piece;
  if (piece.resizeMode === 'latent' && context.width * context.height > mostEncodedPixels) {
    throw new PentimentoError(
      'E_PARAM',
      `advanced.resizeMode: "latent" is for pictures of at most 4 megapixels; this one has ${context.width} x ${context.height} pixels.`,
    );
  }
  const round = piece.softMask === undefined;
  const prepared = preparedInpaint(piece, toImage8(piece.picture));
  const overlay = piece.selection && overlayOf(prepared, piece.context);
  if (piece.selection && !overlay) {
    throw new PentimentoError('E_MASK_EMPTY', 'Shrinking or the feather leaves nothing of it.');
  }
  const { width, height } = prepared.image;
  const start = tensor(encoderInput(prepared.image), [1, 3, height, width]);
  return {
    start,
    latentMask: prepared.latentMask?.data,
    shown: shownWebui(start, prepared.mask, round),
    paintMask: paintMaskWebui(prepared.mask, round),
    finish: (decoded, change) =>
      finish(decoded, {
        piece,
        prepared,
        overlay: overlay && softOverlayOf(overlay, { piece, prepared }, change),
      }),
    untouched: () => untouchedPlanes(piece, piece.selection, undefined),
  };
}

function preparedInpaint(
  piece: Omit<Workpiece, 'picture' | 'colorMatch' | 'latentMask'>,
  picture: Image8,
): PreparedInpaint {
  const fillMode: MaskedContent = fillModes[piece.maskedContent];
  return prepareInpaint({
    picture,
    mask: piece.selection && maskImage(growMask(piece.selection, piece.growPx)),
    ...piece.workingSize,
    resizeMode: resizeModes[piece.resizeMode ?? 'stretch'],
    maskBlurX: piece.script?.maskBlurPx[0] ?? piece.featherPx,
    maskBlurY: piece.script?.maskBlurPx[1] ?? piece.featherPx,
    latentMask: piece.script?.latentMask,
    invert: false,
    fullRes: piece.onlyMasked,
    padding: piece.paddingPx,
    fillMode,
    maskRound: piece.softMask === undefined,
  });
}

/**
 * What of a selection is seen (with soft inpainting at most: its cells spread over their neighbours), over the
 * context, and what may change, in latent cells over `over` (context pixels).
 * Undefined when nothing is left of it.
 */
export function masksWebui(
  piece: Pick<
    Workpiece,
    'context' | 'workingSize' | 'featherPx' | 'growPx' | 'paddingPx' | 'onlyMasked' | 'softMask'
  > & { readonly selection: Mask },
): (Overlay & { readonly cells: SoftMask; readonly over: Rect }) | undefined {
  // Masks do not depend on the picture.
  const blank = newImage8(piece.context.width, piece.context.height, 3);
  const prepared = preparedInpaint({ ...piece, maskedContent: 'original' }, blank);
  const own = overlayOf(prepared, piece.context);
  const { latentMask: cells, pasteTo } = prepared;
  if (!own || !cells) return undefined;
  const overlay = softOverlayOf(own, { piece, prepared }, mostChange(cells));
  const [x, y, width, height] = pasteTo ?? [0, 0, piece.context.width, piece.context.height];
  return { ...overlay, cells, over: { x, y, width, height } };
}

/** The hole of the 8-bit mask, rounded or by its levels, in mid gray (conditioning of inpainting models). */
export function shownWebui(
  start: Tensor,
  mask: Mask | undefined,
  round: boolean,
): Tensor | undefined {
  if (!mask) return undefined;
  const pixels = mask.data.length;
  const kept = Float32Array.from(mask.data, (level) => 1 - paintShare(level, round));
  return { data: start.data.map((v, i) => v * kept[i % pixels]), shape: start.shape };
}

/** The mask, rounded or its levels, at the first pixel of each latent cell (torch's nearest interpolation). */
export function paintMaskWebui(mask: Mask | undefined, round: boolean): Float32Array | undefined {
  if (!mask) return undefined;
  const width = Math.floor(mask.width / 8);
  const height = Math.floor(mask.height / 8);
  return conditioningMask(mask, width, height, round).data;
}

interface Overlay {
  readonly alpha: Mask;
  readonly bounds: Rect;
}

/** What of the result is seen, over the context; undefined when nothing is. */
function overlayOf({ maskForOverlay }: PreparedInpaint, context: Size): Overlay | undefined {
  return maskForOverlay && overlayBy(maskImage(maskForOverlay), context);
}

function overlayBy(seen: Image8, context: Size): Overlay | undefined {
  const alpha = lumaMask(fitted(seen, context));
  const bounds = boundsOfMask(alpha.data, alpha);
  return bounds && { alpha, bounds };
}

/** All that may change has changed beyond any threshold: what soft inpainting can show at most. */
function mostChange({ data }: SoftMask): LatentChange {
  const far = 1e6;
  return { original: new Float32Array(data.length), processed: data.map((v) => (v > 0 ? far : 0)) };
}

/** With soft inpainting: by what has changed, which may be nothing. */
function softOverlayOf(
  overlay: Overlay,
  {
    piece,
    prepared,
  }: {
    readonly piece: Pick<Workpiece, 'softMask' | 'workingSize' | 'context'>;
    readonly prepared: PreparedInpaint;
  },
  change: LatentChange,
): Overlay {
  const { latentMask: mask, original, pasteTo } = prepared;
  const { softMask, workingSize, context } = piece;
  if (!mask || !softMask) return overlay;
  const difference = softDifferenceMask({ mask, ...change }, softMask);
  const seen = softSeen(difference, original, { ...workingSize, pasteTo });
  const nothing = { ...overlay.alpha, data: new Uint8Array(overlay.alpha.data.length) };
  return overlayBy(seen, context) ?? { alpha: nothing, bounds: overlay.bounds };
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
  const own = decodedImage(decoded.data, width, height);
  const generated =
    piece.correctsColors && prepared ? correctColors(own, rememberColors(prepared.image)) : own;
  if (prepared && piece.resizeMode && !piece.selection) return finishPart(generated, piece);
  const whole = prepared?.pasteTo
    ? uncrop(generated, piece.context.width, piece.context.height, prepared.pasteTo)
    : fitted(generated, piece.context);
  const picture = imageInForm(whole, piece.picture);
  if (!overlay) {
    const opaque = new Uint8Array(picture.width * picture.height).fill(255);
    const size = { width: picture.width, height: picture.height };
    return { color: picture, alpha: { ...size, data: opaque }, bounds: rectOfSize(size) };
  }
  const { alpha, bounds } = overlay;
  return { color: cropRaster(picture, bounds), alpha: cropMask(alpha, bounds), bounds };
}

/** The part of the picture that was worked over: all of it but what was cut off, without the bars beside it. */
function finishPart(generated: Image8, { context, resizeMode, picture }: Workpiece): Finished {
  // Latents are drawn to the working size as a picture would be.
  const mode = resizeMode === 'latent' ? 'stretch' : (resizeMode ?? 'stretch');
  const place = placeInCanvas(resizeModes[mode], context, generated);
  const seen = intersectRects(place, rectOfSize(generated));
  const across = (x: number) => Math.round(((x - place.x) * context.width) / place.width);
  const down = (y: number) => Math.round(((y - place.y) * context.height) / place.height);
  const [x, y] = [across(seen.x), down(seen.y)];
  const size = {
    width: across(seen.x + seen.width) - x,
    height: down(seen.y + seen.height) - y,
  };
  const part = cropImage(generated, [seen.x, seen.y, seen.x + seen.width, seen.y + seen.height]);
  const color = imageInForm(fitted(part, size), picture);
  const opaque = new Uint8Array(size.width * size.height).fill(255);
  return { color, alpha: { ...size, data: opaque }, bounds: { x, y, ...size } };
}

/** "Whole picture" answers at the working size; a layer has to have the document's. */
function fitted(image: Image8, size: Size): Image8 {
  const same = image.width === size.width && image.height === size.height;
  return same ? image : resizeImage(0, image, size.width, size.height);
}

/** The document's depth and channels; a deep document gets the 8-bit values spread over its range. */
export function imageInForm(image: Image8, like: Raster | undefined): Raster {
  const colors = like && like.channels <= 2 ? toChannels(image, 1) : toChannels(image, 3);
  if (!like || like.depth === 8) return colors;
  const data =
    like.depth === 16
      ? mapInto(new Uint16Array(colors.data.length), colors.data, (v) => v * 257)
      : mapInto(new Float32Array(colors.data.length), colors.data, (v) => v / 255);
  return { ...colors, depth: like.depth, data };
}
