/** The size the networks run at. Pure. */
import { shiftInside, rectOfSize, type Rect, type Size } from '../../../shared/geometry.ts';
import { limits as ranges } from '../../../shared/limits.ts';
import { grownAround } from './contextRect.ts';

export interface WorkingLimits {
  /** Side the model was trained at, pixels. */
  readonly nativeSide: number;
}

/** The UNet halves three times on top of the VAE's 8: multiples of 64 meet every skip exactly. */
const step = 64;
/** SD 1.x holds together up to about 1.5 times its native area (512x768). */
const areaRoom = 1.5;
/** Beyond this, scaling up only invents blur. */
const maxUpscale = 8;

/**
 * Scale for a context: up until its area reaches the native area, down until it is at most 1.5 times
 * that; in between pixels stay as they are. A very long one is held to the longest side there is.
 */
export function workingScale(context: Size, limits: WorkingLimits): number {
  const longest = Math.max(context.width, context.height);
  return Math.min(scaleByArea(context, limits), ranges.side.max / longest);
}

function scaleByArea(context: Size, limits: WorkingLimits): number {
  const native = limits.nativeSide * limits.nativeSide;
  const area = context.width * context.height;
  if (area > native * areaRoom) return Math.sqrt((native * areaRoom) / area);
  if (area < native) return Math.min(maxUpscale, Math.sqrt(native / area));
  return 1;
}

/**
 * Context and working size together: the working size is the scaled context rounded up to multiples
 * of 64 and the context grows by the same share where the document has room; where it has not, the
 * working size is the nearest multiple of 8 and the stretch stays below one per cent or so.
 */
export function fitWorkingSize(
  context: Rect,
  document: Size,
  limits: WorkingLimits,
): { context: Rect; workingSize: Size; scale: number } {
  const scale = workingScale(context, limits);
  const wanted = {
    width: Math.max(step, Math.ceil((context.width * scale) / step) * step),
    height: Math.max(step, Math.ceil((context.height * scale) / step) * step),
  };
  const grown = shiftInside(
    grownAround(context, {
      width: Math.round(wanted.width / scale),
      height: Math.round(wanted.height / scale),
    }),
    rectOfSize(document),
  );
  const workingSize = {
    width: roundSide(grown.width, scale),
    height: roundSide(grown.height, scale),
  };
  return { context: grown, workingSize, scale };
}

/** Working size for a rectangle that may not grow (a whole layer, a picture from nothing). */
export function fixedWorkingSize(
  context: Rect,
  limits: WorkingLimits,
): { context: Rect; workingSize: Size; scale: number } {
  const scale = workingScale(context, limits);
  const workingSize = {
    width: roundSide(context.width, scale),
    height: roundSide(context.height, scale),
  };
  return { context, workingSize, scale };
}

/** The nearest multiple of 64 when it is within one per cent, else the nearest multiple of 8. */
function roundSide(side: number, scale: number): number {
  const exact = side * scale;
  const coarse = Math.max(step, Math.round(exact / step) * step);
  if (Math.abs(coarse - exact) <= exact / 100) return coarse;
  return Math.max(8, Math.round(exact / 8) * 8);
}
