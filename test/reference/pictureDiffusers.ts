/** A case's picture and mask as diffusers' VaeImageProcessor reads them, and its pictures as it writes them. */
import {
  fromTensor,
  toFloatImage,
  toSoftMask,
  toTensor,
} from '../../service/engine/picture/convert.ts';
import { firstPixels } from '../../service/engine/picture/latentMask.ts';
import {
  cropImage,
  type Image8,
  maskImage,
  newImage8,
} from '../../service/engine/picture/pillow/image8.ts';
import { roundEven } from '../../service/engine/picture/opencv/roundEven.ts';
import { resizePillow } from '../../service/engine/picture/pillow/resample.ts';
import { shownPicture, type Prepared } from '../../service/engine/picture/prepare.ts';
import type { Mask } from '../../service/engine/picture/raster.ts';
import { cropRegion, expandCropRegion } from '../../service/engine/picture/webui/cropRegion.ts';
import { lumaMask } from '../../service/engine/picture/webui/mask.ts';
import { applyOverlay, buildOverlay } from '../../service/engine/picture/webui/overlay.ts';
import { resizeImage } from '../../service/engine/picture/webui/resizeImage.ts';
import type { Size } from '../../shared/geometry.ts';
import type { Tensor } from '../../service/engine/tensor.ts';
import { Unsupported, type Case } from './case.ts';
import { answer8, image8 } from './image8Case.ts';

/** Side of a picture from nothing when none is given. */
const nativeSide = 512;

/** The picture resized (Lanczos) to the size asked for, or its own cut to whole latents. */
export async function prepareDiffusers(
  c: Case,
  asked: {
    readonly width?: number;
    readonly height?: number;
    readonly padding_mask_crop?: number | null;
  },
): Promise<Prepared & { readonly size: Size; readonly paste?: (image: Image8) => Image8 }> {
  const unused = () => {
    throw new Error('not used here');
  };
  const whole = (side: number) => side - (side % 8);
  const rest = { finish: unused, untouched: unused };
  const { image, mask, image_latent: handed } = c.input;
  if (image === undefined) {
    const [, , rows = 0, columns = 0] = handed === undefined ? [] : c.tensor(handed).shape;
    const size = {
      width: columns * 8 || (asked.width ?? nativeSide),
      height: rows * 8 || (asked.height ?? nativeSide),
    };
    const nothing = { start: undefined, latentMask: undefined, shown: undefined };
    return { ...rest, ...nothing, paintMask: undefined, size };
  }
  const picture = await image8(c, image);
  const size = {
    width: asked.width ?? whole(picture.width),
    height: asked.height ?? whole(picture.height),
  };
  const given = mask === undefined ? undefined : lumaMask(await image8(c, mask));
  const padding = asked.padding_mask_crop ?? undefined;
  const crop =
    given && padding !== undefined ? croppedAround(picture, given, { padding, size }) : {};
  const resize = (from: Image8) => resizePillow(from, size.width, size.height, 'lanczos');
  const original = floatOf(crop.picture ?? resize(picture));
  const start = toTensor(original);
  if (!given) {
    return { ...rest, start, latentMask: undefined, shown: undefined, paintMask: undefined, size };
  }
  const gray = crop.mask ?? resize(maskImage(given));
  const soft = toSoftMask({ ...size, data: gray.data });
  const latentMask = firstPixels(soft);
  const shown = shownPicture(original, soft);
  const { paste } = crop;
  return {
    ...rest,
    start,
    latentMask,
    shown,
    paintMask: latentMask,
    size,
    ...(paste ? { paste } : {}),
  };
}

interface Cropped {
  readonly picture?: Image8;
  readonly mask?: Image8;
  /** The result in its place, the original around the mask over it. */
  readonly paste?: (image: Image8) => Image8;
}

/** The padded box of the mask in the size's shape, enlarged to it; nothing for an empty mask. */
function croppedAround(
  picture: Image8,
  mask: Mask,
  { padding, size }: { readonly padding: number; readonly size: Size },
): Cropped {
  const tight = cropRegion(mask, padding);
  if (!tight) throw new Unsupported('an empty mask that is to be cropped to');
  const box = expandCropRegion(tight, size, mask);
  const [x, y, right, bottom] = box;
  const enlarged = (from: Image8) => resizeImage(2, cropImage(from, box), size.width, size.height);
  const overlay = buildOverlay(picture, mask);
  return {
    picture: enlarged(picture),
    mask: maskImage(lumaMask(enlarged(maskImage(mask)))),
    paste: (image) => applyOverlay(image, overlay, [x, y, right - x, bottom - y]).picture,
  };
}

/** A ControlNet's picture, `[1,3,H,W]` in 0..1. */
export async function hintDiffusers(c: Case, image: unknown, size: Size): Promise<Tensor> {
  const picture = await image8(c, image);
  const resized = floatOf(resizePillow(picture, size.width, size.height, 'lanczos'));
  const { data, shape } = toTensor(resized);
  return { data: data.map((v) => (v + 1) / 2), shape };
}

function floatOf({ width, height, channels, data }: Image8) {
  return toFloatImage({ width, height, channels, depth: 8, data }).image;
}

/** Decoded pictures in 0..1, and rounded to 8 bit, halves to the even one. */
export function decodedDiffusers(
  { data, shape }: Tensor,
  paste: (image: Image8) => Image8 = (image) => image,
) {
  const [count, , height, width] = shape;
  const size = 3 * width * height;
  const images = Array.from({ length: count }, (_, i) => {
    const one = { data: data.subarray(i * size, (i + 1) * size), shape: [1, 3, height, width] };
    const { data: unit } = fromTensor(one);
    const levels = Uint8Array.from(unit, (v) => roundEven(v * 255));
    return answer8(paste(newImage8(width, height, 3, levels)));
  });
  const decoded = data.map((v) => Math.min(1, Math.max(0, v / 2 + 0.5)));
  return { decoded: { data: decoded, shape }, images };
}
