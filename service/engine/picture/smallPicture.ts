/** A small JPEG as a data URL: previews and thumbnails that any panel can show. */
import { encodeJpeg } from './encode.ts';
import { fromFloatImage } from './convert.ts';
import type { FloatImage } from './raster.ts';
import { resizeImage } from './resize.ts';

const jpegQuality = 80;

/** At most `sidePx` on its longer side; never enlarged. */
export async function smallPicture(
  image: FloatImage,
  sidePx: number,
): Promise<{ image: string; width: number; height: number }> {
  const scale = Math.min(1, sidePx / Math.max(image.width, image.height));
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const small = fromFloatImage(resizeImage(image, { width, height }), { channels: 3, depth: 8 });
  const jpeg = await encodeJpeg(small, jpegQuality);
  return { image: `data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}`, width, height };
}
