/**
 * Soft inpainting over the document's own pixels: what AUTOMATIC1111's extension does with a mask
 * (webui/softMask.ts), held inside the feathered selection, outside of which nothing ever changes.
 */
import type { Size } from '../../../shared/geometry.ts';
import type { Tensor } from '../tensor.ts';
import { toMask, toSoftMask, toTensor } from './convert.ts';
import { shareGenerated } from './mask.ts';
import type { FloatImage, Mask, SoftMask } from './raster.ts';
import { resizeSoftMask } from './resize.ts';
import { lumaMask } from './webui/mask.ts';
import {
  softDifferenceMask,
  softSeen,
  type LatentChange,
  type SoftMaskOptions,
} from './webui/softMask.ts';

interface SoftPiece {
  /** The feathered selection, over the context. */
  readonly alpha: Mask;
  /** Its levels at latent size, `[workingSize.height / 8 * workingSize.width / 8]`. */
  readonly latentMask: Float32Array;
  readonly workingSize: Size;
  readonly softMask: SoftMaskOptions;
}

/**
 * What is seen of the result, over the context: where latents have changed (255), faded towards the rim
 * of the selection and 0 wherever that is 0.
 */
export function softAlpha(piece: SoftPiece, change: LatentChange): Mask {
  const { alpha, latentMask, workingSize, softMask } = piece;
  const mask = { width: workingSize.width / 8, height: workingSize.height / 8, data: latentMask };
  const difference = softDifferenceMask({ mask, ...change }, softMask);
  const seen = softSeen(difference, workingSize, { ...workingSize, pasteTo: undefined });
  const fitted = resizeSoftMask(toSoftMask(lumaMask(seen)), alpha);
  const data = fitted.data.map((v, i) => v * shareGenerated(alpha.data[i]));
  return toMask({ ...fitted, data });
}

/** The picture at working size as an inpainting model sees it: towards mid gray by the selection's levels. */
export function softlyShownPicture(small: FloatImage, alpha: SoftMask): Tensor {
  const shown = toTensor(small);
  const mask = resizeSoftMask(alpha, small).data;
  const data = shown.data.map((v, i) => v * (1 - mask[i % mask.length]));
  return { data, shape: shown.shape };
}
