/** The two masks of a run, by the code that runs: for showing them before it. */
import { rectOfSize, type Rect, type Size } from '../../../shared/geometry.ts';
import { toMask, toSoftMask } from './convert.ts';
import { makeMasks, shareGenerated } from './mask.ts';
import { latentMasksOf, type Workpiece } from './prepare.ts';
import { masksWebui } from './prepareWebui.ts';
import type { Mask, SoftMask } from './raster.ts';
import { resizeSoftMask } from './resize.ts';

/** The selection over the context, and what decides its masks. */
export type MaskPiece = Pick<
  Workpiece,
  | 'context'
  | 'workingSize'
  | 'featherPx'
  | 'growPx'
  | 'paddingPx'
  | 'onlyMasked'
  | 'latentMask'
  | 'softMask'
> & { readonly selection: Mask };

export interface RunMasks {
  /** What will be seen (with soft inpainting: at most), over the context. */
  readonly alpha: Mask;
  /** What may change. */
  readonly denoise: Mask;
  /** Of what is seen. */
  readonly bounds: Rect;
}

/** Undefined when nothing is left of the selection. */
export type MakeRunMasks = (piece: MaskPiece) => RunMasks | undefined;

/** As prepareFloat has them. */
export function masksFloat(piece: MaskPiece): RunMasks | undefined {
  const masks = makeMasks(piece.selection, piece);
  const { alpha, bounds } = masks;
  if (!bounds) return undefined;
  // Grey levels are only gathered in latent cells; where these are all or nothing, cells are what changes.
  const seen = piece.softMask ? mostSoftlySeen(alpha) : alpha;
  if (piece.latentMask === 'soft') {
    return { alpha: seen, denoise: piece.softMask ? alpha : toMask(masks.denoise), bounds };
  }
  const { width, height } = piece.workingSize;
  const { kept } = latentMasksOf(masks, piece);
  const cells = { width: Math.floor(width / 8), height: Math.floor(height / 8), data: kept };
  return { alpha: seen, denoise: spread(cells, rectOfSize(piece.context), piece.context), bounds };
}

/** What has changed beyond any threshold, as softInpaint.ts shows it. */
function mostSoftlySeen(alpha: Mask): Mask {
  return { ...alpha, data: alpha.data.map((v) => Math.round(shareGenerated(v) * 255)) };
}

/** As prepareWebui has them. */
export function masksOfWebui(piece: MaskPiece): RunMasks | undefined {
  const masks = masksWebui(piece);
  if (!masks) return undefined;
  const { alpha, bounds, cells, over } = masks;
  return { alpha, denoise: spread(cells, over, piece.context), bounds };
}

/** As removing without a model has them: everything that will show is filled. */
export function masksOfRemoval(piece: MaskPiece): RunMasks | undefined {
  const { alpha, bounds } = makeMasks(piece.selection, piece);
  if (!bounds) return undefined;
  const data = new Uint8Array(alpha.data.length);
  for (let i = 0; i < data.length; i++) if (alpha.data[i] > 0) data[i] = 255;
  return { alpha, denoise: { ...alpha, data }, bounds };
}

/** A mask averaged down until no side is longer. */
export function reducedMask(mask: Mask, longestSidePx: number): Mask {
  const scale = longestSidePx / Math.max(mask.width, mask.height);
  if (scale >= 1) return mask;
  const width = Math.max(1, Math.round(mask.width * scale));
  const height = Math.max(1, Math.round(mask.height * scale));
  return toMask(resizeSoftMask(toSoftMask(mask), { width, height }));
}

/** Latent cells over their part of the context; nothing changes around it. */
function spread(cells: SoftMask, over: Rect, { width, height }: Size): Mask {
  const data = new Uint8Array(width * height);
  const bottom = Math.min(height, over.y + over.height);
  const right = Math.min(width, over.x + over.width);
  for (let y = Math.max(0, over.y); y < bottom; y++) {
    const row = Math.floor(((y - over.y + 0.5) * cells.height) / over.height) * cells.width;
    for (let x = Math.max(0, over.x); x < right; x++) {
      const column = Math.floor(((x - over.x + 0.5) * cells.width) / over.width);
      data[y * width + x] = Math.round(cells.data[row + column] * 255);
    }
  }
  return { width, height, data };
}
