/** OpenCV's GaussianBlur in both directions, its size found from sigma: 8-bit and float32 values. */
import { type Image8, newImage8 } from '../pillow/image8.ts';
import { gaussianKernel8, reflect101 } from './gaussianBlur8.ts';
import type { FloatPixels } from './resizeFloat.ts';
import { roundEven } from './roundEven.ts';
import { mapInto } from '../mapInto.ts';

/** An odd size that reaches `reach` sigmas to both sides. */
function kernelSize(sigma: number, reach: number): number {
  return roundEven(sigma * reach * 2 + 1) | 1;
}

/** Sums along both directions, borders mirrored (REFLECT_101), nothing rounded. */
function convolve(image: FloatPixels | Image8, kernel: ArrayLike<number>): Float64Array {
  const { width, height, channels, data } = image;
  const radius = (kernel.length - 1) / 2;
  const columns = Int32Array.from({ length: width + 2 * radius }, (_, i) =>
    reflect101(i - radius, width),
  );
  const rows = Int32Array.from({ length: height + 2 * radius }, (_, i) =>
    reflect101(i - radius, height),
  );
  const rowLength = width * channels;
  const across = new Float64Array(rowLength * height);
  const wide = new Float64Array(columns.length * channels);
  for (let y = 0; y < height; y++) {
    for (const [x, column] of columns.entries()) {
      const from = y * rowLength + column * channels;
      for (let c = 0; c < channels; c++) wide[x * channels + c] = data[from + c];
    }
    const sums = across.subarray(y * rowLength, (y + 1) * rowLength);
    for (let k = 0; k < kernel.length; k++) {
      const weight = kernel[k];
      const shift = k * channels;
      for (let i = 0; i < rowLength; i++) sums[i] += weight * wide[i + shift];
    }
  }
  const out = new Float64Array(across.length);
  for (let y = 0; y < height; y++) {
    const sums = out.subarray(y * rowLength, (y + 1) * rowLength);
    for (let k = 0; k < kernel.length; k++) {
      const from = rows[y + k] * rowLength;
      const weight = kernel[k];
      for (let i = 0; i < rowLength; i++) sums[i] += weight * across[from + i];
    }
  }
  return out;
}

/** cv2.GaussianBlur(picture, (0, 0), sigma) of 8-bit values, bit for bit; sigma > 0 in pixels. */
export function blurImage8(image: Image8, sigma: number): Image8 {
  const sums = convolve(image, gaussianKernel8(kernelSize(sigma, 3), sigma));
  const data = mapInto(new Uint8Array(sums.length), sums, (sum) =>
    Math.floor((sum + 32_768) / 65_536),
  );
  return newImage8(image.width, image.height, image.channels, data);
}

/** The same of an 8-bit picture taken as float32 values, 0..255. */
export function blurFloat(image: Image8, sigma: number): FloatPixels {
  const size = kernelSize(sigma, 4);
  const radius = (size - 1) / 2;
  const bell = Array.from({ length: size }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * sigma * sigma)),
  );
  const sum = bell.reduce((total, v) => total + v, 0);
  const kernel = Float32Array.from(bell, (v) => v / sum);
  const { width, height, channels } = image;
  return { width, height, channels, data: Float32Array.from(convolve(image, kernel)) };
}
