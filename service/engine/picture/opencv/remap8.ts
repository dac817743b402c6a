/** OpenCV's remap of 8-bit pictures with linear interpolation: positions in 32nds of a pixel. */
import { type Image8, newImage8 } from '../pillow/image8.ts';
import { roundEven } from './roundEven.ts';

const parts = 32;

/** cv2.remap(picture, flow, INTER_LINEAR): `flow` has x and y of each output pixel; outside is black. */
export function remapLinear8(
  image: Image8,
  flow: { readonly width: number; readonly height: number; readonly data: Float32Array },
): Image8 {
  const { channels } = image;
  const out = newImage8(flow.width, flow.height, channels);
  const pixel = (x: number, y: number, c: number): number =>
    x < 0 || y < 0 || x >= image.width || y >= image.height
      ? 0
      : image.data[(y * image.width + x) * channels + c];
  for (let i = 0; i < flow.width * flow.height; i++) {
    const fx = roundEven(flow.data[2 * i] * parts);
    const fy = roundEven(flow.data[2 * i + 1] * parts);
    const [x, y] = [Math.floor(fx / parts), Math.floor(fy / parts)];
    const [right, down] = [fx - x * parts, fy - y * parts];
    for (let c = 0; c < channels; c++) {
      const upper = pixel(x, y, c) * (parts - right) + pixel(x + 1, y, c) * right;
      const lower = pixel(x, y + 1, c) * (parts - right) + pixel(x + 1, y + 1, c) * right;
      const sum = upper * (parts - down) + lower * down;
      out.data[i * channels + c] = Math.floor(sum / (parts * parts) + 0.5);
    }
  }
  return out;
}
