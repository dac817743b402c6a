/** The VAE decoder's answer as 8-bit pixels, the way AUTOMATIC1111 rounds (modules/processing.py). */
import { type Image8, newImage8 } from '../pillow/image8.ts';

/**
 * Planar RGB float32 of about -1..1 ([3, height, width]) to interleaved 8 bits: (x + 1) / 2 clamped to 0..1,
 * times 255, cut (not rounded). NaN becomes 0. All steps in single precision, as torch computes them.
 */
export function decodedImage(planes: Float32Array, width: number, height: number): Image8 {
  const size = width * height;
  const out = newImage8(width, height, 3);
  for (let c = 0; c < 3; c++) {
    const plane = c * size;
    for (let p = 0, o = c; p < size; p++, o += 3) {
      const unit = Math.fround(Math.fround(planes[plane + p] + 1) / 2);
      out.data[o] = unit > 0 ? Math.fround(255 * Math.min(1, unit)) : 0;
    }
  }
  return out;
}

/** An 8-bit RGB picture as the VAE encoder's input: planar float32, v / 255 * 2 - 1 in single precision. */
export function encoderInput(image: Image8): Float32Array {
  const size = image.width * image.height;
  const planes = new Float32Array(3 * size);
  const levels = Float32Array.from(
    { length: 256 },
    (_, v) => Math.fround(2 * Math.fround(v / 255)) - 1,
  );
  for (let c = 0; c < 3; c++) {
    for (let p = 0, i = c; p < size; p++, i += image.channels)
      planes[c * size + p] = levels[image.data[i]];
  }
  return planes;
}
