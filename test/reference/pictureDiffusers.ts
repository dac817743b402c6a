/** A case's picture and mask as diffusers' VaeImageProcessor reads them, and its pictures as it writes them. */
import {
  fromTensor,
  toFloatImage,
  toSoftMask,
  toTensor,
} from '../../service/engine/picture/convert.ts';
import { firstPixels } from '../../service/engine/picture/latentMask.ts';
import { type Image8, newImage8 } from '../../service/engine/picture/pillow/image8.ts';
import { roundEven } from '../../service/engine/picture/opencv/roundEven.ts';
import { resizePillow } from '../../service/engine/picture/pillow/resample.ts';
import { shownPicture, type Prepared } from '../../service/engine/picture/prepare.ts';
import type { Size } from '../../shared/geometry.ts';
import type { Tensor } from '../../service/engine/tensor.ts';
import type { Case } from './case.ts';
import { answer8, image8 } from './image8Case.ts';

/** Side of a picture from nothing when none is given. */
const nativeSide = 512;

/** The picture resized (Lanczos) to the size asked for, or its own cut to whole latents. */
export async function prepareDiffusers(
  c: Case,
  asked: { readonly width?: number; readonly height?: number },
): Promise<Prepared & { readonly size: Size }> {
  const unused = () => {
    throw new Error('not used here');
  };
  const whole = (side: number) => side - (side % 8);
  const rest = { finish: unused, untouched: unused };
  const { image, mask } = c.input;
  if (image === undefined) {
    const size = { width: asked.width ?? nativeSide, height: asked.height ?? nativeSide };
    const nothing = { start: undefined, latentMask: undefined, shown: undefined };
    return { ...rest, ...nothing, paintMask: undefined, size };
  }
  const picture = await image8(c, image);
  const size = {
    width: asked.width ?? whole(picture.width),
    height: asked.height ?? whole(picture.height),
  };
  const original = floatOf(resizePillow(picture, size.width, size.height, 'lanczos'));
  const start = toTensor(original);
  if (mask === undefined) {
    return { ...rest, start, latentMask: undefined, shown: undefined, paintMask: undefined, size };
  }
  const gray = resizePillow(await image8(c, mask), size.width, size.height, 'lanczos');
  const soft = toSoftMask({ ...size, data: gray.data });
  const latentMask = firstPixels(soft);
  const shown = shownPicture(original, soft);
  return { ...rest, start, latentMask, shown, paintMask: latentMask, size };
}

function floatOf({ width, height, channels, data }: Image8) {
  return toFloatImage({ width, height, channels, depth: 8, data }).image;
}

/** Decoded pictures in 0..1, and rounded to 8 bit, halves to the even one. */
export function decodedDiffusers({ data, shape }: Tensor) {
  const [count, , height, width] = shape;
  const size = 3 * width * height;
  const images = Array.from({ length: count }, (_, i) => {
    const one = { data: data.subarray(i * size, (i + 1) * size), shape: [1, 3, height, width] };
    const { data: unit } = fromTensor(one);
    return answer8(
      newImage8(
        width,
        height,
        3,
        Uint8Array.from(unit, (v) => roundEven(v * 255)),
      ),
    );
  });
  const decoded = data.map((v) => Math.min(1, Math.max(0, v / 2 + 0.5)));
  return { decoded: { data: decoded, shape }, images };
}
