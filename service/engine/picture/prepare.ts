/**
 * The two crossings between the document's pixels and the networks: what goes in (`prepare`) and what
 * becomes the layer (`finish`). This is our way, in float and at the document's depth; the WebUI's
 * 8-bit way is prepareWebui.ts. Both have the shape of `Prepare`.
 */
import type { ResizeMode } from '../../../shared/advanced.ts';
import { PentimentoError } from '../../../shared/errors.ts';
import {
  boundsOfMask,
  intersectRects,
  padRect,
  rectOfSize,
  type Rect,
  type Size,
} from '../../../shared/geometry.ts';
import type { ColorReport, GrainReport } from '../../../shared/recipe.ts';
import type { MaskedContent } from '../../../shared/request.ts';
import type { Tensor } from '../tensor.ts';
import { correctDrift } from './color/drift.ts';
import { resultPlanes } from './composite.ts';
import { fromTensor, pixelData, toSoftMask, toTensor } from './convert.ts';
import { cropImage, cropMask, cropRaster } from './crop.ts';
import { denoiseToLatent, firstPixels } from './latentMask.ts';
import { isKnown, makeMasks, nothingLeft, type Masks } from './mask.ts';
import { diffuseFill } from './patch/diffuseFill.ts';
import type { FloatImage, Mask, Raster, SoftMask } from './raster.ts';
import { resizeImageWindow, resizeRaster, resizeSoftMask } from './resize.ts';
import { softAlpha, softlyShownPicture } from './softInpaint.ts';
import type { LatentChange, SoftMaskOptions } from './webui/softMask.ts';

/** What a run works on: the context, cropped out of the document. */
export interface Workpiece {
  /** Over the context; absent when there is nothing to start from. */
  readonly picture: Raster | undefined;
  /** Over the context; absent when everything may change. */
  readonly selection: Mask | undefined;
  readonly context: Size;
  readonly workingSize: Size;
  readonly featherPx: number;
  readonly growPx: number;
  readonly paddingPx: number;
  readonly onlyMasked: boolean;
  readonly maskedContent: MaskedContent;
  /** 0..1 */
  readonly colorMatch: number;
  /** Grey levels, 1 where any pixel of the cell is selected, or where its first one is (latentMask.ts). */
  readonly latentMask: 'soft' | 'binary' | 'nearest';
  /** Soft inpainting: masks keep their levels, and what has changed in latents is what is seen. */
  readonly softMask?: SoftMaskOptions | undefined;
  /** The WebUI's colour correction. */
  readonly correctsColors?: boolean;
  /** How the WebUI brings a whole picture to the working size. */
  readonly resizeMode?: ResizeMode | undefined;
  /** Set by one of the WebUI's scripts. */
  readonly script?: ScriptMasks | undefined;
}

/** What the WebUI's outpainting scripts set beyond a mask: two blurs, and what may change. */
export interface ScriptMasks {
  readonly maskBlurPx: readonly [x: number, y: number];
  /** At working size. */
  readonly latentMask: Mask;
}

export interface Prepared {
  /** What the VAE encodes, `[1,3,H,W]` in -1..1, masked content in place; absent for text to image. */
  readonly start: Tensor | undefined;
  /** `[H/8 * W/8]`, 1 = repaint; absent when everything may change. */
  readonly latentMask: Float32Array | undefined;
  /** What an inpainting model is shown, `[1,3,H,W]` in -1..1, mid gray where it shall paint. */
  readonly shown: Tensor | undefined;
  /** What an inpainting model is told to paint, `[H/8 * W/8]`, 0 or 1 (grey with soft inpainting). */
  readonly paintMask: Float32Array | undefined;
  /**
   * The decoded picture `[1,3,H,W]`, about -1..1, as the layer's planes; `change`: its latents and those
   * of the picture, which only soft inpainting looks at.
   */
  finish(decoded: Tensor, change: LatentChange): Finished;
  /** The picture's own pixels as the layer's planes (strength 0). */
  untouched(): Finished;
}

export interface Finished {
  readonly color: Raster;
  /** 8-bit layer mask of the same size. */
  readonly alpha: Mask;
  /** In the context's pixels. */
  readonly bounds: Rect;
  readonly report?: ColorReport;
  readonly grain?: GrainReport;
}

export type Prepare = (piece: Workpiece) => Prepared;

/** Throws E_MASK_EMPTY when growing by a negative number leaves nothing. */
export function prepareFloat(piece: Workpiece): Prepared {
  const masks = piece.selection && makeMasks(piece.selection, piece);
  if (masks && !masks.bounds) throw nothingLeft(piece);
  const small = piece.picture && resizeRaster(piece.picture, piece.workingSize);
  const latentMasks = masks && latentMasksOf(masks, piece);
  const finish = (decoded: Tensor, change: LatentChange) => {
    const seen = masks && latentMasks && seenAfter(masks, latentMasks.kept, piece, change);
    return finishFloat(fromTensor(decoded), { piece, small, masks, seen });
  };
  const untouched = () => untouchedPlanes(piece, masks?.alpha, masks?.bounds);
  if (!small) {
    const nothing = { start: undefined, latentMask: undefined, shown: undefined };
    return { ...nothing, paintMask: undefined, finish, untouched };
  }
  const fills = masks && piece.maskedContent !== 'original';
  return {
    start: toTensor(fills ? withHoleFilled(small, masks) : small),
    latentMask: latentMasks?.kept,
    paintMask: latentMasks?.paint,
    // Only inpainting models ask for it.
    get shown() {
      if (!masks) return undefined;
      return piece.softMask
        ? softlyShownPicture(small, toSoftMask(masks.alpha))
        : shownPicture(small, masks.denoise);
    },
    finish,
    untouched,
  };
}

/** Bit for bit the picture's colours over the mask's bounds, or over all of it. */
export function untouchedPlanes(
  piece: Workpiece,
  mask: Mask | undefined,
  maskBounds: Rect | undefined,
): Finished {
  if (!piece.picture) throw new PentimentoError('E_FRAME', 'No picture was sent.');
  const bounds = maskBounds ?? rectOfSize(piece.context);
  const alpha = cropMask(mask ?? fullMask(piece.context), bounds);
  return { color: withoutAlpha(cropRaster(piece.picture, bounds)), alpha, bounds };
}

function withoutAlpha(raster: Raster): Raster {
  const { channels, data } = raster;
  if (channels === 1 || channels === 3) return raster;
  const colors = channels === 2 ? 1 : 3;
  const out = pixelData(raster.depth, raster.width * raster.height * colors);
  for (let i = 0; i < out.length; i++) {
    out[i] = data[Math.floor(i / colors) * channels + (i % colors)];
  }
  return { ...raster, channels: colors, data: out };
}

/** Known pixels further off than this do not change a membrane. */
const fillMarginPx = 16;

/**
 * The surroundings spread into the hole, at working size. The latent modes start so too, for what shows
 * through at the hole's rim.
 */
function withHoleFilled(small: FloatImage, masks: Masks): FloatImage {
  const hole = nearestMask(masks.alpha, small);
  const bounds = boundsOfMask(hole.data, hole);
  if (!bounds) return small;
  const area = intersectRects(padRect(bounds, fillMarginPx), rectOfSize(small));
  const filled = diffuseFill(cropImage(small, area), cropMask(hole, area));
  const data = small.data.slice();
  for (let y = 0; y < area.height; y++) {
    const row = filled.data.subarray(y * area.width * 3, (y + 1) * area.width * 3);
    data.set(row, ((area.y + y) * small.width + area.x) * 3);
  }
  return { ...small, data };
}

/** What the sampler goes by, and what an inpainting model is told: 0 or 1, but for soft inpainting. */
export function latentMasksOf(
  { alpha, denoise }: Masks,
  piece: Pick<Workpiece, 'workingSize' | 'latentMask' | 'softMask'>,
) {
  if (piece.softMask) {
    const mask = denoiseToLatent(toSoftMask(alpha), piece.workingSize);
    return { kept: mask, paint: mask };
  }
  if (piece.latentMask === 'nearest') {
    const mask = firstPixels(resizeSoftMask(denoise, piece.workingSize));
    return { kept: mask, paint: mask };
  }
  const soft = denoiseToLatent(denoise, piece.workingSize);
  const paint = soft.map((v) => (v >= 0.5 ? 1 : 0));
  return { kept: piece.latentMask === 'binary' ? paint : soft, paint };
}

/** Undefined where the alpha is what is seen. */
function seenAfter(
  { alpha }: Masks,
  latentMask: Float32Array,
  { workingSize, softMask }: Workpiece,
  change: LatentChange,
): Mask | undefined {
  return softMask && softAlpha({ alpha, latentMask, workingSize, softMask }, change);
}

/** The picture at working size, mid gray (0 in -1..1) wherever at least half is to be painted. */
export function shownPicture(small: FloatImage, denoise: SoftMask): Tensor {
  const shown = toTensor(small);
  const mask = resizeSoftMask(denoise, small).data;
  const pixels = mask.length;
  for (let i = 0; i < pixels; i++) {
    if (mask[i] < 0.5) continue;
    for (let c = 0; c < 3; c++) shown.data[c * pixels + i] = 0;
  }
  return shown;
}

/**
 * Colours are compared at the working size, where generated and original are equally sharp; only what
 * the layer shows is scaled back.
 */
function finishFloat(
  generated: FloatImage,
  source: {
    readonly piece: Workpiece;
    /** The original at working size. */
    readonly small: FloatImage | undefined;
    readonly masks: Masks | undefined;
    /** In place of the alpha. */
    readonly seen: Mask | undefined;
  },
): Finished {
  const { piece, small, masks, seen } = source;
  const bounds = masks?.bounds ?? rectOfSize(piece.context);
  const alpha = cropMask(seen ?? masks?.alpha ?? fullMask(piece.context), bounds);
  const matched = small && matchColors(generated, small, { piece, masks });
  const shown = resizeImageWindow(matched?.image ?? generated, piece.context, bounds);
  const form = { channels: piece.picture?.channels ?? 3, depth: piece.picture?.depth ?? 8 };
  const planes = resultPlanes({ generated: shown, alpha, bounds: rectOfSize(shown), ...form });
  const report = matched?.report;
  return { ...planes, bounds, ...(report ? { report } : {}) };
}

/** A Lanczos filter takes three pixels on each side. */
const filterReachPx = 4;

/** What is enlarged to fill `bounds`, in working pixels. */
function enlargedFrom(bounds: Rect, piece: Workpiece): Rect {
  const { context, workingSize } = piece;
  const across = workingSize.width / context.width;
  const down = workingSize.height / context.height;
  const x = Math.floor(bounds.x * across);
  const y = Math.floor(bounds.y * down);
  const width = Math.ceil((bounds.x + bounds.width) * across) - x;
  const height = Math.ceil((bounds.y + bounds.height) * down) - y;
  return intersectRects(padRect({ x, y, width, height }, filterReachPx), rectOfSize(workingSize));
}

/** Undefined where colours are to stay as the model gave them. */
function matchColors(
  generated: FloatImage,
  small: FloatImage,
  how: { readonly piece: Workpiece; readonly masks: Masks | undefined },
): { image: FloatImage; report?: ColorReport } | undefined {
  const { piece, masks } = how;
  if (!masks && piece.colorMatch === 0) return undefined;
  const { seen, known } = masks ? evidence(masks, small) : everything(small);
  const strength = piece.colorMatch;
  const within = enlargedFrom(masks?.bounds ?? rectOfSize(piece.context), piece);
  return correctDrift(generated, small, { known, alpha: seen, within, strength });
}

/** Masks at working size for the comparison of colours, the nearest value taken: they change slowly or are far off. */
function evidence(masks: Masks, size: Size): { seen: SoftMask; known: SoftMask } {
  const { width, height } = size;
  const seen = new Float32Array(width * height);
  const known = new Float32Array(width * height);
  const { columns, rowStarts } = nearestPixels(masks.alpha, size);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const at = rowStarts[y] + columns[x];
      seen[i] = masks.alpha.data[at] / 255;
      known[i] = isKnown(masks.denoise.data[at]) ? 1 : 0;
    }
  }
  return { seen: { width, height, data: seen }, known: { width, height, data: known } };
}

/** A mask at another size, the nearest value taken. */
function nearestMask(mask: Mask, { width, height }: Size): Mask {
  const { columns, rowStarts } = nearestPixels(mask, { width, height });
  const data = new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) data[i] = mask.data[rowStarts[y] + columns[x]];
  }
  return { width, height, data };
}

/** Of a plane at another size: each column's pixel, and each row's first index. */
function nearestPixels(from: Size, to: Size): { columns: Int32Array; rowStarts: Int32Array } {
  return {
    columns: Int32Array.from({ length: to.width }, (_, x) =>
      Math.floor(((x + 0.5) * from.width) / to.width),
    ),
    rowStarts: Int32Array.from(
      { length: to.height },
      (_, y) => Math.floor(((y + 0.5) * from.height) / to.height) * from.width,
    ),
  };
}

function everything({ width, height }: Size): { seen: SoftMask; known: SoftMask } {
  const all = { width, height, data: new Float32Array(width * height).fill(1) };
  return { seen: all, known: all };
}

function fullMask(size: Size): Mask {
  return { ...size, data: new Uint8Array(size.width * size.height).fill(255) };
}
