import { upscalerGraph } from '../graph/upscaler.ts';
import { tensor, type Tensor } from '../tensor.ts';
import type { OpenedUpscaler } from '../weights/openUpscaler.ts';
import { makeNetworkPart, type PartContext } from './networkPart.ts';
import { placeIn, weightBytesOf } from './residentNetworks.ts';

export interface Upscaler {
  /** Sides of the answer over the picture's. */
  readonly scale: number;
  /**
   * A picture `[1,3,H,W]` in 0..1 to `[1,3,scale*H,scale*W]`, about 0..1, in one piece. Throws what
   * running a network throws.
   */
  enlarge(picture: Tensor): Promise<Tensor>;
  dispose(): Promise<void>;
}

export function makeUpscaler(
  context: Omit<PartContext, 'files'>,
  { config, weights, files }: OpenedUpscaler,
): Upscaler {
  const part = makeNetworkPart(
    { ...context, files },
    { name: 'upscaler', weights, kept: 2, tuning: { frugal: true } },
  );
  const { memory, abilities } = context;
  const place = placeIn(memory, {
    kind: 'upscaler',
    weightBytes: weightBytesOf(weights, abilities.precision),
    dispose: () => part.dispose(),
  });
  const { scale } = config;
  const unit = config.kind === 'esrgan' ? config.folding : 1;
  return {
    scale,
    async enlarge(picture) {
      const [, , height, width] = picture.shape;
      const whole = padded(picture, unit);
      const size = { height: whole.shape[2], width: whole.shape[3] };
      const pixels = size.height * size.width;
      const { larger } = await place.run(memory?.limits.workBytes('enlarge', pixels) ?? 0, () =>
        part.run(`${size.height}x${size.width}`, (w) => upscalerGraph(w, config, size), {
          picture: whole,
        }),
      );
      return cut(larger, scale * height, scale * width);
    },
    dispose: () => place.leave(),
  };
}

/** Sides brought to a multiple of `unit` by mirrored pixels on the right and the bottom. */
function padded(picture: Tensor, unit: number): Tensor {
  const [, channels, height, width] = picture.shape;
  const [tall, wide] = [height, width].map((side) => unit * Math.ceil(side / unit));
  if (tall === height && wide === width) return picture;
  const mirrored = (at: number, side: number): number =>
    at < side ? at : Math.max(0, 2 * (side - 1) - at);
  const data = new Float32Array(channels * tall * wide);
  for (let i = 0; i < data.length; i++) {
    const x = mirrored(i % wide, width);
    const y = mirrored(Math.floor(i / wide) % tall, height);
    const channel = Math.floor(i / (wide * tall));
    data[i] = picture.data[(channel * height + y) * width + x];
  }
  return tensor(data, [1, channels, tall, wide]);
}

function cut({ data, shape }: Tensor, height: number, width: number): Tensor {
  const [, channels, tall, wide] = shape;
  if (tall === height && wide === width) return { data, shape };
  const kept = new Float32Array(channels * height * width);
  for (let row = 0; row < channels * height; row++) {
    const from = (Math.floor(row / height) * tall + (row % height)) * wide;
    kept.set(data.subarray(from, from + width), row * width);
  }
  return tensor(kept, [1, channels, height, width]);
}
