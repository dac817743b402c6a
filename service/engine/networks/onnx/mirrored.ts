/** Pictures made larger by their mirror image, and cut to size again. */
import { tensor, type Tensor } from '../../tensor.ts';

interface Sides {
  readonly height: number;
  readonly width: number;
}

/** [B,C,h,w] to [B,C,height,width], both larger: what is new at the right and below mirrors what is there. */
export function mirroredTo(picture: Tensor, to: Sides): Tensor {
  const { height, width } = sidesOf(picture);
  return sampled(picture, to, (y, x) => [mirroredAt(y, height), mirroredAt(x, width)]);
}

/** The upper left part. */
export function cornerOf(picture: Tensor, to: Sides): Tensor {
  return sampled(picture, to, (y, x) => [y, x]);
}

/** 0 1 2 3 2 1 0 1 ... for a length of 4. */
function mirroredAt(at: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const inside = at % period;
  return inside < length ? inside : period - inside;
}

function sidesOf({ shape }: Tensor): Sides {
  return { height: shape[2], width: shape[3] };
}

function sampled(
  picture: Tensor,
  to: Sides,
  from: (y: number, x: number) => readonly [y: number, x: number],
): Tensor {
  const { height, width } = sidesOf(picture);
  const planes = picture.shape[0] * picture.shape[1];
  const data = new Float32Array(planes * to.height * to.width);
  let at = 0;
  for (let plane = 0; plane < planes; plane++) {
    for (let y = 0; y < to.height; y++) {
      for (let x = 0; x < to.width; x++) {
        const [fromY, fromX] = from(y, x);
        data[at++] = picture.data[(plane * height + fromY) * width + fromX];
      }
    }
  }
  return tensor(data, [...picture.shape.slice(0, 2), to.height, to.width]);
}
