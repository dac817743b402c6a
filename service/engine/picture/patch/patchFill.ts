/**
 * Remove without a model: the hole is filled with patches of its surroundings, from coarse to fine, so
 * that large structure is settled before detail (Wexler et al. 2007 with Barnes et al. 2009).
 */
import { setImmediate } from 'node:timers/promises';
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
import { diffuseFill } from './diffuseFill.ts';
import { evenOut } from './evenOut.ts';
import {
  halveLevel,
  makeLevel,
  patchChannels,
  withTexture,
  type PatchLevel,
} from './patchLevel.ts';
import {
  enlargedField,
  measureField,
  randomField,
  seededRandom,
  sweep,
  type PatchField,
} from './patchMatch.ts';
import { vote } from './patchVote.ts';

interface PatchFillOptions {
  /** The same seed gives the same pixels. */
  readonly seed: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Surroundings that are looked at: this share of the hole's longer side, but at least and at most so many pixels. */
const contextShare = 0.75;
const leastContextPx = 64;
const mostContextPx = 512;
/** The coarsest scale is reached when the hole is no deeper than this, pixels. */
const coarsestDepthPx = 6;
const leastSidePx = 20;
/** Rounds of matching and voting at the coarsest scale and at the finest. */
const coarsestRounds = 16;
const finestRounds = 3;
const sweepsPerRound = 2;
const leastSources = 16;
/** Targets between two looks at the event loop: about 20 ms. */
const targetsPerSlice = 4000;

/**
 * The picture with every selected pixel (any level above 0) replaced; all others keep every bit. Gives
 * way to other work a few dozen times a second. Throws E_MASK_EMPTY, E_MASK_FULL, E_CANCELLED (signal), and a
 * RangeError when the sizes differ.
 */
export async function fillFromSurroundings(
  image: FloatImage,
  hole: Mask,
  options: PatchFillOptions,
): Promise<FloatImage> {
  if (hole.width !== image.width || hole.height !== image.height) {
    throw new RangeError(
      `Expected a mask of ${image.width}x${image.height} but received ${hole.width}x${hole.height}`,
    );
  }
  const bounds = boundsOfMask(hole.data, hole);
  if (!bounds) throw new PentimentoError('E_MASK_EMPTY');
  if (!hole.data.includes(0)) throw new PentimentoError('E_MASK_FULL');
  const context = contextOf(bounds, image);
  const piece = cropImage(image, context);
  const mask = cropMask(hole, context);
  const filled = await fillPiece(piece, mask, options);
  const data = image.data.slice();
  for (let y = 0; y < context.height; y++) {
    for (let x = 0; x < context.width; x++) {
      const from = y * context.width + x;
      if (mask.data[from] === 0) continue;
      const to = ((context.y + y) * image.width + context.x + x) * 3;
      for (let c = 0; c < 3; c++) data[to + c] = filled[from * 3 + c];
    }
  }
  return { ...image, data };
}

function contextOf(bounds: Rect, image: FloatImage): Rect {
  const wanted = Math.round(contextShare * Math.max(bounds.width, bounds.height));
  const pad = Math.min(mostContextPx, Math.max(leastContextPx, wanted));
  return intersectRects(padRect(bounds, pad), rectOfSize(image));
}

async function fillPiece(
  piece: FloatImage,
  mask: Mask,
  options: PatchFillOptions,
): Promise<Float32Array> {
  const smooth = diffuseFill(piece, { ...mask, data: mask.data.map((v) => (v > 0 ? 255 : 0)) });
  const hole = Uint8Array.from(mask.data, (v) => (v > 0 ? 1 : 0));
  const finest = makeLevel(piece, withTexture(smooth, hole), hole);
  if (finest.sources.length < leastSources || finest.targets.length === 0) return smooth.data;
  const levels = pyramid(finest);
  const work = levels.map((l, i) => l.targets.length * roundsAt(i, levels.length) * sweepsPerRound);
  const total = work.reduce((sum, v) => sum + v, 0);
  const pace = { done: 0, total };
  const random = seededRandom(options.seed);
  let below: { level: PatchLevel; field: PatchField } | undefined;
  for (let i = levels.length - 1; i >= 0; i--) {
    const level = levels[i];
    const field = startField(level, below, random);
    await settle(level, field, {
      rounds: roundsAt(i, levels.length),
      isFinest: i === 0,
      random,
      options,
      pace,
    });
    below = { level, field };
  }
  if (below) evenOut(finest, below.field);
  options.onProgress?.(total, total);
  return colorsOf(finest);
}

/** From fine to coarse. */
function pyramid(finest: PatchLevel): PatchLevel[] {
  const levels = [finest];
  for (;;) {
    const level = levels[levels.length - 1];
    if (deepestOf(level) <= coarsestDepthPx) return levels;
    if (Math.min(level.width, level.height) < 2 * leastSidePx) return levels;
    const next = halveLevel(level);
    if (next.sources.length < leastSources) return levels;
    levels.push(next);
  }
}

function deepestOf(level: PatchLevel): number {
  let most = 0;
  for (const d of level.depth) if (d > most) most = d;
  return most;
}

function roundsAt(index: number, count: number): number {
  if (count === 1) return coarsestRounds;
  const t = index / (count - 1);
  return Math.round(finestRounds + (coarsestRounds - finestRounds) * t);
}

function startField(
  level: PatchLevel,
  below: { readonly level: PatchLevel; readonly field: PatchField } | undefined,
  random: () => number,
): PatchField {
  if (!below) {
    spreadInto(level);
    const field = randomField(level, random);
    measureField(level, field);
    return field;
  }
  const field = enlargedField(level, below, random);
  // The coarse colours would blur this scale: its own pixels at the enlarged offsets are taken instead.
  field.distance.fill(1);
  vote(level, field, 0.75);
  measureField(level, field);
  return field;
}

/** At the coarsest scale the hole begins as a membrane, texture measures included. */
function spreadInto(level: PatchLevel): void {
  const { width, height, hole, data } = level;
  const mask = { width, height, data: hole.map((v) => v * 255) };
  for (const first of [0, patchChannels - 3]) {
    const part = new Float32Array(width * height * 3);
    for (let i = 0; i < part.length; i++) {
      part[i] = data[Math.floor(i / 3) * patchChannels + first + (i % 3)];
    }
    const filled = diffuseFill({ width, height, data: part }, mask).data;
    for (let i = 0; i < part.length; i++) {
      data[Math.floor(i / 3) * patchChannels + first + (i % 3)] = filled[i];
    }
  }
}

interface Settling {
  readonly rounds: number;
  readonly isFinest: boolean;
  readonly random: () => number;
  readonly options: PatchFillOptions;
  readonly pace: { done: number; readonly total: number };
}

/** Matching and voting in turn until the scale has settled; votes get sharper towards the end. */
async function settle(level: PatchLevel, field: PatchField, work: Settling): Promise<void> {
  const { options, pace } = work;
  for (let round = 0; round < work.rounds; round++) {
    for (let turn = 0; turn < sweepsPerRound; turn++) {
      for (let from = 0; from < level.targets.length; from += targetsPerSlice) {
        const to = Math.min(level.targets.length, from + targetsPerSlice);
        sweep(level, field, { from, to, turn: round * sweepsPerRound + turn }, work.random);
        pace.done += to - from;
        options.onProgress?.(pace.done, pace.total);
        await giveWay(options.signal);
      }
    }
    const isLast = round === work.rounds - 1;
    await giveWay(options.signal);
    vote(level, field, sharpnessAt(work, round));
    await giveWay(options.signal);
    if (!isLast) measureField(level, field);
  }
}

/** Means of many patches settle the structure but blur; towards the end the best patch decides nearly alone. */
function sharpnessAt(work: Settling, round: number): number {
  const share = round / Math.max(1, work.rounds - 1);
  return work.isFinest ? 0.25 - 0.2 * share : 0.5 - 0.3 * share;
}

async function giveWay(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  if (signal?.aborted) throw new PentimentoError('E_CANCELLED');
}

function colorsOf(level: PatchLevel): Float32Array {
  const out = new Float32Array(level.width * level.height * 3);
  for (let i = 0; i < out.length; i++) {
    out[i] = level.data[Math.floor(i / 3) * patchChannels + (i % 3)];
  }
  return out;
}
