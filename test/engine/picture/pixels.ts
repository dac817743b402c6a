/** Pictures for tests, made from a small linear congruential generator: the same every time. */
import {
  type Channels,
  type Image8,
  newImage8,
} from '../../../service/engine/picture/pillow/image8.ts';
import type { Mask } from '../../../service/engine/picture/raster.ts';

export function noise(length: number, seed = 1): Uint8Array {
  let state = seed >>> 0;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

export function noiseImage(width: number, height: number, channels: Channels, seed = 1): Image8 {
  return newImage8(width, height, channels, noise(width * height * channels, seed));
}

export function flatImage(width: number, height: number, pixel: readonly number[]): Image8 {
  const channels = pixel.length as Channels;
  const data = Uint8Array.from(
    { length: width * height * channels },
    (_, i) => pixel[i % channels] ?? 0,
  );
  return newImage8(width, height, channels, data);
}

/** 255 inside the rectangle [x1, x2) x [y1, y2). */
export function rectangleMask(
  width: number,
  height: number,
  box: readonly [number, number, number, number],
): Mask {
  const data = new Uint8Array(width * height);
  for (let y = box[1]; y < box[3]; y++) data.fill(255, y * width + box[0], y * width + box[2]);
  return { width, height, data };
}
