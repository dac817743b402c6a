/**
 * Expand: the picture goes on past its edges. The new canvas is a rectangle in document pixels that holds
 * the whole document, so that its x and y are 0 or negative.
 */
import { z } from 'zod';
import { PentimentoError } from './errors.ts';
import {
  containsRect,
  isSameRect,
  rectOfSize,
  unionRects,
  type Rect,
  type Size,
} from './geometry.ts';
import { maxPlanePixels, maxSidePx, type Range } from './limits.ts';

export const expandLimits = {
  /** Document pixels of the known picture next to the new part that are painted again and faded over. */
  overlapPx: { min: 0, max: 256, default: 32 },
  /** AUTOMATIC1111's scripts: mask blur (poor man's 4, mk2 8). */
  maskBlurPx: { min: 0, max: 64, default: 4 },
  /** Mk2: power of the known part's spectrum. */
  falloff: { min: 0, max: 4, default: 1 },
  /** Mk2: how far the noise's channels differ. */
  colorVariation: { min: 0, max: 1, default: 0.05 },
} as const satisfies Record<string, Range>;

export const mk2MaskBlurPx = 8;

/**
 * What the new part starts from. `structure` is ours: the picture continued by its own patches. With the
 * dialect `a1111`: `mk2` (spectral noise), or poor man's outpainting with one of its masked contents.
 */
export const ExpandFill = z.enum([
  'structure',
  'fill',
  'original',
  'latent-noise',
  'latent-nothing',
  'mk2',
]);
export type ExpandFill = z.infer<typeof ExpandFill>;

/** Of AUTOMATIC1111's scripts; what is absent is the script's default. */
export const OutpaintScript = z.strictObject({
  maskBlurPx: z.number().int().min(0).max(expandLimits.maskBlurPx.max).optional(),
  falloff: z.number().min(0).max(expandLimits.falloff.max).optional(),
  colorVariation: z.number().min(0).max(expandLimits.colorVariation.max).optional(),
});
export type OutpaintScript = z.infer<typeof OutpaintScript>;

export const overlapPx = z.number().int().min(0).max(expandLimits.overlapPx.max);

/** New pixels on each side. */
export interface Sides {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export const noSides: Sides = { left: 0, top: 0, right: 0, bottom: 0 };

export function canvasOfSides(document: Size, { left, top, right, bottom }: Sides): Rect {
  return {
    x: left === 0 ? 0 : -left,
    y: top === 0 ? 0 : -top,
    width: left + document.width + right,
    height: top + document.height + bottom,
  };
}

export function sidesOfCanvas(document: Size, canvas: Rect): Sides {
  return {
    left: canvas.x === 0 ? 0 : -canvas.x,
    top: canvas.y === 0 ? 0 : -canvas.y,
    right: canvas.x + canvas.width - document.width,
    bottom: canvas.y + canvas.height - document.height,
  };
}

/** Where the picture stays in the larger canvas. */
export const Anchor = z.enum(['center', 'left', 'right', 'top', 'bottom']);
export type Anchor = z.infer<typeof Anchor>;

/**
 * The sides that give a document the aspect `width : height` by growing one direction, the other stays.
 * `left` and `top` keep the picture at that edge (all new pixels on the other side), `center` shares them.
 */
export function sidesForAspect(document: Size, aspect: Size, anchor: Anchor): Sides {
  const { width, height } = document;
  const wantedWidth = Math.round((height * aspect.width) / aspect.height);
  const wantedHeight = Math.round((width * aspect.height) / aspect.width);
  if (wantedWidth > width) {
    const [left, right] = shared(wantedWidth - width, anchor === 'left', anchor === 'right');
    return { ...noSides, left, right };
  }
  const missing = Math.max(0, wantedHeight - height);
  const [top, bottom] = shared(missing, anchor === 'top', anchor === 'bottom');
  return { ...noSides, top, bottom };
}

function shared(px: number, atStart: boolean, atEnd: boolean): [number, number] {
  const before = atStart ? 0 : atEnd ? px : Math.floor(px / 2);
  return [before, px - before];
}

/** The smallest canvas that holds the document and a rectangle that reaches past it. */
export function canvasAround(document: Size, reaching: Rect): Rect {
  return unionRects(rectOfSize(document), reaching);
}

/** Throws E_EXPAND_NOTHING, E_EXPAND_TOO_LARGE, E_PARAM. */
export function checkCanvas(document: Size, canvas: Rect): void {
  const old = rectOfSize(document);
  if (isSameRect(canvas, old)) throw new PentimentoError('E_EXPAND_NOTHING');
  const sizeText = `It would be ${canvas.width} x ${canvas.height}.`;
  if (canvas.width > maxSidePx || canvas.height > maxSidePx) {
    throw new PentimentoError('E_EXPAND_TOO_LARGE', sizeText);
  }
  if (!containsRect(canvas, old)) {
    throw new PentimentoError('E_PARAM', 'canvas: It has to hold the whole picture.');
  }
  if (canvas.width * canvas.height > maxPlanePixels) {
    throw new PentimentoError('E_EXPAND_TOO_LARGE', sizeText);
  }
}
