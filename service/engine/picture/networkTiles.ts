/** Between pictures and a network that enlarges: interleaved RGB and planes, both 0..1. */
import { tensor, type Tensor } from '../tensor.ts';
import type { EnlargingNetwork } from './enlargeRaster.ts';
import type { FloatImage } from './raster.ts';

/** A network as it is: `[1,3,H,W]` in 0..1 to `[1,3,scale*H,scale*W]`. */
interface PlaneNetwork {
  readonly scale: number;
  enlarge(picture: Tensor): Promise<Tensor>;
}

export function enlargingNetwork(network: PlaneNetwork): EnlargingNetwork {
  return {
    scale: network.scale,
    enlarge: async (tile) => interleaved(await network.enlarge(planes(tile))),
  };
}

function planes({ width, height, data }: FloatImage): Tensor {
  const count = width * height;
  const out = new Float32Array(count * 3);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) out[c * count + i] = data[i * 3 + c];
  }
  return tensor(out, [1, 3, height, width]);
}

function interleaved({ data, shape }: Tensor): FloatImage {
  const [, , height, width] = shape;
  const count = width * height;
  const out = new Float32Array(count * 3);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) out[i * 3 + c] = data[c * count + i];
  }
  return { width, height, data: out };
}
