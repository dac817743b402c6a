/**
 * From a selection to what is seen and what is generated (docs/decisions: two masks).
 *
 * alpha    what the artist sees: feather(grow(selection)), 8 bit. 0 means the original, bit for bit.
 * denoise  what the model may change: never below alpha, 1 wherever alpha is at least a third, and
 *          falling to 0 outside over a ramp, so that the model blends with what it may not change.
 *
 * A selection that touches the picture's edge is treated as going on past it: growing, shrinking and
 * feathering leave that side as it is.
 */
import { PentimentoError } from '../../../shared/errors.ts';
import {
  boundsOfMask,
  intersectRects,
  padRect,
  rectOfSize,
  type Rect,
} from '../../../shared/geometry.ts';
import { inverted } from '../../../shared/mask/dilate.ts';
import { toMask, toSoftMask } from './convert.ts';
import { cropMask } from './crop.ts';
import { gaussianBlur, gaussianBlurArea, gaussianReach } from './gaussian.ts';
import type { Mask, SoftMask } from './raster.ts';
import { distanceSquares } from './simd/distance.ts';
import { growDisk } from './simd/growDisk.ts';

/** From this alpha on the generated picture is what is seen, so that it must be generated in full. */
const fullFromAlpha = 1 / 3;
/** The denoise mask's ramp outside, pixels: at least this, and wider with a wide feather. */
const leastRampPx = 16;

/**
 * Sigma of a feather of `px` pixels: half of it, so that the soft edge (16 % to 84 % is one px; 2 % to
 * 98 % two px) is about twice the feather wide, centred on the edge.
 */
function featherSigma(px: number): number {
  return Math.max(0, px) / 2;
}

/**
 * The selection grown by a disk of `px` pixels (all offsets with dx^2 + dy^2 <= px^2; negative px:
 * shrunk by it). Grey levels spread as they are: each pixel takes the largest (smallest) level under
 * the disk, so that an anti-aliased edge stays one.
 */
export function growMask(mask: Mask, px: number): Mask {
  const radius = Math.abs(px);
  if (radius < 1) return mask;
  if (px > 0) return aroundContent(mask, Math.ceil(radius), (piece) => growDisk(piece, radius));
  return inverted(growDisk(inverted(mask), radius));
}

/**
 * The selection with a soft edge: a Gaussian with `featherSigma(px)`, centred on the edge. Grey levels
 * of a soft selection survive. 0 returns the levels unchanged. What is too small to stay half visible
 * under so wide a feather is raised until its brightest spot is, instead of vanishing.
 */
export function featherMask(mask: Mask, px: number): SoftMask {
  const sigma = featherSigma(px);
  if (sigma < 0.05) return toSoftMask(mask);
  const { width, height } = mask;
  const data = new Float32Array(width * height);
  const bounds = boundsOfMask(mask.data, mask);
  if (!bounds) return { width, height, data };
  const area = intersectRects(padRect(bounds, gaussianReach(sigma)), rectOfSize(mask));
  const least = 0.5 * (largest(mask.data, 255) / 255);
  if (gaussianBlurArea(mask, area, sigma, data) < least) {
    const soft = gaussianBlur(toSoftMask(cropMask(mask, area)), sigma);
    raise(soft.data, least);
    pasteRows(soft.data, area, { data, width });
  }
  return { width, height, data };
}

/** None is above `most`. */
function largest(data: Uint8Array | Float32Array, most: number): number {
  let found = 0;
  for (let i = 0; i < data.length && found < most; i++) if (data[i] > found) found = data[i];
  return found;
}

function raise(data: Float32Array, least: number): void {
  const peak = largest(data, Infinity);
  const factor = peak > 0 && peak < least ? least / peak : 1;
  for (let i = 0; i < data.length; i++) {
    const v = data[i] * factor;
    // Running sums leave dust far below one level; what is not there must be exactly 0.
    data[i] = v < 1e-5 ? 0 : v > 1 ? 1 : v;
  }
}

interface MaskOptions {
  /** Whole document pixels; negative shrinks. */
  readonly growPx: number;
  /** Document pixels. */
  readonly featherPx: number;
}

export interface Masks {
  readonly alpha: Mask;
  readonly denoise: SoftMask;
  /** Of the pixels with alpha above 0; undefined when nothing is left of the selection. */
  readonly bounds: Rect | undefined;
}

/**
 * Both masks of a selection, at its size. Shrinking can leave nothing: then `bounds` is undefined and
 * both masks are 0 everywhere.
 */
export function makeMasks(selection: Mask, options: MaskOptions): Masks {
  const { width, height } = selection;
  const alpha = { width, height, data: new Uint8Array(width * height) };
  const denoise = { width, height, data: new Float32Array(width * height) };
  const selected = boundsOfMask(selection.data, selection);
  if (!selected) return { alpha, denoise, bounds: undefined };
  const area = intersectRects(padRect(selected, reachOf(options)), rectOfSize(selection));
  const piece = cropMask(selection, area);
  const shown = toMask(featherMask(growMask(piece, options.growPx), options.featherPx));
  pasteRows(shown.data, area, alpha);
  pasteRows(denoiseMask(shown, options.featherPx).data, area, denoise);
  const bounds = boundsOfMask(shown.data, shown);
  return { alpha, denoise, bounds: bounds && { ...bounds, ...shifted(bounds, area) } };
}

/** E_MASK_EMPTY with the reason, for masks without bounds. */
export function nothingLeft({ growPx }: Pick<MaskOptions, 'growPx'>): PentimentoError {
  const detail = growPx < 0 ? `Shrunk by ${-growPx} px nothing is left of it.` : undefined;
  return new PentimentoError('E_MASK_EMPTY', detail);
}

/** How far from the selection either mask can be above 0; at least the one pixel that shrinking looks at. */
function reachOf({ growPx, featherPx }: MaskOptions): number {
  const grown = Math.max(1, Math.ceil(growPx));
  return grown + gaussianReach(featherSigma(featherPx)) + Math.ceil(rampOf(featherPx));
}

function shifted(rect: Rect, by: Rect): { x: number; y: number } {
  return { x: rect.x + by.x, y: rect.y + by.y };
}

function rampOf(featherPx: number): number {
  return Math.max(leastRampPx, 2 * featherPx);
}

/**
 * The denoise mask of an alpha: min(1, 3 alpha), and around all that is at least a third visible a
 * smooth ramp that falls from 1 to 0 over max(16, 2 x feather) pixels of distance.
 */
function denoiseMask(alpha: Mask, featherPx: number): SoftMask {
  const { width, height } = alpha;
  const ramp = rampOf(featherPx);
  const strong = new Uint8Array(alpha.data.length);
  for (let i = 0; i < strong.length; i++) if (alpha.data[i] >= 255 * fullFromAlpha) strong[i] = 1;
  const distance = distanceSquares(strong, alpha, ramp);
  const data = new Float32Array(strong.length);
  for (let i = 0; i < data.length; i++) {
    if (strong[i] === 1) data[i] = 1;
    else {
      // Most pixels are so far away that nothing of the ramp is left.
      const t = distance[i] < ramp * ramp ? 1 - Math.sqrt(distance[i]) / ramp : 0;
      data[i] = Math.max(t * t * (3 - 2 * t), shareGenerated(alpha.data[i]));
    }
  }
  return { width, height, data };
}

/** How much of the generated picture an 8-bit alpha needs, 0..1: all of it from a third on. */
export function shareGenerated(alpha: number): number {
  return Math.min(1, alpha / 255 / fullFromAlpha);
}

/** Whether the model may as well have changed nothing here. */
export function isKnown(denoise: number): boolean {
  return denoise < 0.02;
}

/** 1 where the model was not allowed to change anything: there a difference to the original is drift. */
export function knownPixels(denoise: SoftMask): SoftMask {
  const data = new Float32Array(denoise.data.length);
  for (let i = 0; i < data.length; i++) data[i] = isKnown(denoise.data[i]) ? 1 : 0;
  return { width: denoise.width, height: denoise.height, data };
}

function pasteRows<T extends Uint8Array | Float32Array>(
  data: T,
  area: Rect,
  target: { readonly data: T; readonly width: number },
): void {
  for (let y = 0; y < area.height; y++) {
    const row = data.subarray(y * area.width, (y + 1) * area.width);
    target.data.set(row, (area.y + y) * target.width + area.x);
  }
}

/** Works on the selection's bounds and `reach` pixels around them; the rest stays 0. */
function aroundContent(mask: Mask, reach: number, change: (piece: Mask) => Mask): Mask {
  const out = new Uint8Array(mask.data.length);
  const bounds = boundsOfMask(mask.data, mask);
  if (!bounds) return { ...mask, data: out };
  const area = intersectRects(padRect(bounds, reach), rectOfSize(mask));
  const changed = { ...mask, data: out };
  pasteRows(change(cropMask(mask, area)).data, area, changed);
  return changed;
}
