/** Box blurs of whole pictures on vectors: along rows pixel by pixel, along columns sixteen bytes at a time. */
import { pictureKernels, type PictureKernels } from '../simd/pictureKernels.ts';

export interface BoxWeights {
  /** Whole pixels to either side. */
  readonly radius: number;
  /** Weight of a whole pixel and of the fractional pixel at either end, in 24 fractional bits. */
  readonly inner: number;
  readonly edge: number;
}

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Changed in place. */
  readonly data: Uint8Array;
}

interface Blur {
  readonly weights: BoxWeights;
  readonly passes: number;
}

const align = (bytes: number): number => Math.ceil(bytes / 16) * 16 + 16;

/**
 * `passes` box blurs along columns and, where there are 3 or 4 channels and `alongRows` asks for it,
 * along rows before that. Edge pixels are repeated outwards.
 */
export function blurPicture(picture: Picture, blur: Blur, alongRows: boolean): void {
  const { width, height, channels, data } = picture;
  const rowBytes = width * channels;
  const stride = align(rowBytes);
  const longest = Math.max(width, height) + 2 * blur.weights.radius + 3;
  const lines = height * stride;
  const kernels = pictureKernels(lines + 2 * align(longest * 64));
  const { bytes } = kernels;
  for (let y = 0; y < height; y++)
    bytes.set(data.subarray(y * rowBytes, (y + 1) * rowBytes), y * stride);
  if (alongRows) {
    const line = lineBlur(kernels, { vectors: 1, at: lines, longest }, blur);
    for (let y = 0; y < height; y++) line(y * stride, width, channels);
  }
  const column = lineBlur(kernels, { vectors: 4, at: lines, longest }, blur);
  for (let x = 0; x < rowBytes; x += 16) column(x, height, stride);
  for (let y = 0; y < height; y++)
    data.set(bytes.subarray(y * stride, y * stride + rowBytes), y * rowBytes);
}

interface LineRoom {
  readonly vectors: 1 | 4;
  /** Address of room for two lines. */
  readonly at: number;
  readonly longest: number;
}

/** Blurs `count` positions from an address on, `step` bytes apart. */
function lineBlur(
  { run }: PictureKernels,
  room: LineRoom,
  { weights, passes }: Blur,
): (address: number, count: number, step: number) => void {
  const { vectors, at, longest } = room;
  const bytes = 16 * vectors;
  const pad = (weights.radius + 1) * bytes;
  const window = (2 * weights.radius + 1) * bytes;
  const [unpack, spread] = [run[`unpack${vectors}`], run[`spread${vectors}`]];
  const [box, pack] = [run[`box${vectors}`], run[`pack${vectors}`]];
  return (address, count, step) => {
    let [from, to] = [at, at + align(longest * 64)];
    const length = count * bytes;
    unpack(address, from + pad, from + pad + length, step);
    for (let n = 0; n < passes; n++) {
      const end = from + pad + length;
      spread(from + pad, from, from + pad);
      spread(end - bytes, end, end + pad + bytes);
      box(from, to + pad, to + pad + length, window, weights.inner, weights.edge);
      [from, to] = [to, from];
    }
    pack(from + pad, from + pad + length, address, step);
  };
}
