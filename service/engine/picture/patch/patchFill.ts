/**
 * Remove without a model: the hole is filled with patches of its surroundings, from coarse to fine, so
 * that large structure is settled before detail (Wexler et al. 2007 with Barnes et al. 2009).
 */
import { PentimentoError } from '../../../../shared/errors.ts';
import {
  boundsOfMask,
  intersectRects,
  padRect,
  rectOfSize,
  type Rect,
} from '../../../../shared/geometry.ts';
import { cropImage, cropMask } from '../crop.ts';
import type { FloatImage, Mask } from '../raster.ts';
import { giveWayBetween, inParts, type Sliced } from '../sliced.ts';
import { diffuseFill } from './diffuseFill.ts';
import { evenOut } from './evenOut.ts';
import { makeLevel, patchChannels, withTexture, type PatchLevel } from './patchLevel.ts';
import { seededRandom } from './patchMatch.ts';
import { priorsOf } from './sourcePrior.ts';
import { settleExpansion, visitsOfExpansion } from './settleExpansion.ts';
import { leastSources, scalesOf, settleScales, visitsOf } from './settleScales.ts';

export interface PatchFillOptions {
  /** The same seed gives the same pixels. */
  readonly seed: number;
  /** 0..1: by how much patches of other brightness are brought to their place's (1). */
  readonly evenness?: number;
  /** The hole lies past the picture's edges: see sourcePrior.ts (false). */
  readonly isExpansion?: boolean;
  /**
   * What an expansion begins with: large shifted copies of the picture (the default), sharp but as bright as where they
   * come from, or its mirror image, whose brightness goes on at the edge.
   */
  readonly start?: 'copies' | 'mirrored';
}

interface PatchFillWatch {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Surroundings that are looked at: this share of the hole's longer side, but at least and at most so many pixels. */
const contextShare = 0.75;
const leastContextPx = 64;
const mostContextPx = 512;
/**
 * The picture with every selected pixel (any level above 0) replaced; all others keep every bit. Gives
 * way to other work dozens of times a second. Throws E_MASK_EMPTY, E_MASK_FULL, E_CANCELLED (signal), and a
 * RangeError when the sizes differ.
 */
export async function fillFromSurroundings(
  image: FloatImage,
  hole: Mask,
  options: PatchFillOptions & PatchFillWatch,
): Promise<FloatImage> {
  const { onProgress, signal } = options;
  let expected = 0;
  const work = fillParts(image, hole, {
    ...options,
    onPlanned: (visits) => {
      expected = visits;
    },
  });
  const onVisits = (sum: number) => {
    if (expected > 0) onProgress?.(Math.min(sum, expected), expected);
  };
  const filled = await giveWayBetween(work, { signal, onVisits });
  onProgress?.(expected, expected);
  return filled;
}

interface Planned {
  /** Told once: the visits that all of it will take, about. */
  readonly onPlanned?: (visits: number) => void;
}

/** The same in parts that somebody else drives. */
export function* fillParts(
  image: FloatImage,
  hole: Mask,
  options: PatchFillOptions & Planned,
): Sliced<FloatImage> {
  if (hole.width !== image.width || hole.height !== image.height) {
    throw new RangeError(
      `Expected a mask of ${image.width}x${image.height} but received ${hole.width}x${hole.height}`,
    );
  }
  const bounds = boundsOfMask(hole.data, hole);
  if (!bounds) throw new PentimentoError('E_MASK_EMPTY');
  if (!hole.data.includes(0)) throw new PentimentoError('E_MASK_FULL');
  const context = contextOf(bounds, image);
  const mask = cropMask(hole, context);
  const filled = yield* fillPiece(cropImage(image, context), mask, options);
  const data = image.data.slice();
  yield* inParts(context.height, context.width, (first, end) => {
    for (let i = first * context.width; i < end * context.width; i++) {
      if (mask.data[i] === 0) continue;
      const x = i % context.width;
      const to = ((context.y + (i - x) / context.width) * image.width + context.x + x) * 3;
      for (let c = 0; c < 3; c++) data[to + c] = filled[i * 3 + c];
    }
  });
  return { ...image, data };
}

function contextOf(bounds: Rect, image: FloatImage): Rect {
  const wanted = Math.round(contextShare * Math.max(bounds.width, bounds.height));
  const pad = Math.min(mostContextPx, Math.max(leastContextPx, wanted));
  return intersectRects(padRect(bounds, pad), rectOfSize(image));
}

function* fillPiece(
  piece: FloatImage,
  mask: Mask,
  options: PatchFillOptions & Planned,
): Sliced<Float32Array> {
  const hole = mask.data.map((v) => (v > 0 ? 1 : 0));
  const finest = yield* makeLevel(piece, yield* withTexture(piece, hole), hole);
  if (finest.sources.length < leastSources || finest.targets.length === 0) {
    return diffuseFill(piece, { ...mask, data: hole.map((v) => v * 255) }).data;
  }
  const levels = yield* scalesOf(finest);
  const isCopied = options.isExpansion === true && options.start !== 'mirrored';
  options.onPlanned?.(isCopied ? visitsOfExpansion(levels) : visitsOf(levels));
  const priors = options.isExpansion ? yield* priorsOf(levels) : undefined;
  const random = seededRandom(options.seed);
  const work =
    priors && isCopied
      ? settleExpansion(levels, random, priors)
      : settleScales(levels, random, priors);
  const { level, field } = yield* work;
  yield* evenOut(level, field, options.evenness ?? 1);
  return yield* colorsOf(level);
}

function* colorsOf(level: PatchLevel): Sliced<Float32Array> {
  const { width, height, data } = level;
  const out = new Float32Array(width * height * 3);
  yield* inParts(height, width, (from, to) => {
    for (let i = from * width; i < to * width; i++) {
      for (let c = 0; c < 3; c++) out[i * 3 + c] = data[i * patchChannels + c];
    }
  });
  return out;
}
