/** The end of a run: what becomes the layer, and how the document looks with it. */
import {
  containsRect,
  isEmptyRect,
  isSameRect,
  rectOfSize,
  type Rect,
} from '../../../shared/geometry.ts';
import type { PixelDepth, Plane } from '../../../shared/frame.ts';
import { PentimentoError } from '../../../shared/errors.ts';
import { fromFloatImage, maxOfDepth, pixelData } from './convert.ts';
import { cropImage, cropMask } from './crop.ts';
import type { FloatImage, Mask, Raster } from './raster.ts';

/** Pixels as a result frame holds them; a Raster or a Plane. */
export type Pixels = Pick<Plane, 'width' | 'height' | 'channels' | 'depth' | 'data'>;
/** One channel of 8 bits; a Mask or a Plane. */
export type AlphaPixels = Pick<Plane, 'width' | 'height' | 'data'>;

interface ResultSource {
  /** The generated picture over the whole region that was worked on. */
  readonly generated: FloatImage;
  /** Over the same region. */
  readonly alpha: Mask;
  /** Of the alpha, in the region's own pixels. */
  readonly bounds: Rect;
  /** The input picture's form: gray stays gray, 16 bits stay 16 bits. */
  readonly channels: 1 | 2 | 3 | 4;
  readonly depth: PixelDepth;
}

/**
 * The layer's two planes over the bounds: opaque colour (1 channel for a gray input, else 3, in the
 * input's depth) and the 8-bit alpha that becomes its layer mask. Throws a RangeError when sizes differ.
 */
export function resultPlanes(source: ResultSource): { color: Raster; alpha: Mask } {
  const { generated, alpha, bounds } = source;
  if (generated.width !== alpha.width || generated.height !== alpha.height) {
    throw new RangeError(
      `Expected an alpha of ${generated.width}x${generated.height} but received ${alpha.width}x${alpha.height}`,
    );
  }
  const channels = source.channels <= 2 ? 1 : 3;
  const color = fromFloatImage(cropImage(generated, bounds), { channels, depth: source.depth });
  return { color, alpha: cropMask(alpha, bounds) };
}

/**
 * The original with the result laid over it, in the original's form. Where alpha is 0 every bit of
 * the original is kept; where it is 255 the colour is copied; between, code values are mixed and
 * rounded. Clear parts of the original become visible by alpha ("over", not premultiplied). A gray
 * original takes gray colour, RGB takes RGB. Throws a RangeError when forms or bounds do not fit.
 */
export function flatten(original: Raster, color: Pixels, alpha: AlphaPixels, bounds: Rect): Raster {
  checkFit(original, color, alpha, bounds);
  const data = original.data.slice();
  const colors = color.channels;
  const hasAlpha = original.channels === 2 || original.channels === 4;
  const max = maxOfDepth(original.depth);
  for (let y = 0; y < bounds.height; y++) {
    for (let x = 0; x < bounds.width; x++) {
      const from = y * bounds.width + x;
      const a = alpha.data[from];
      if (a === 0) continue;
      const to = ((bounds.y + y) * original.width + bounds.x + x) * original.channels;
      if (a === 255 && !hasAlpha) {
        const end = endOfOpaque(alpha.data, from, (y + 1) * bounds.width);
        data.set(color.data.subarray(from * colors, end * colors), to);
        x += end - from - 1;
        continue;
      }
      if (a === 255) {
        for (let c = 0; c < colors; c++) data[to + c] = color.data[from * colors + c];
        data[to + colors] = max;
        continue;
      }
      const under = hasAlpha ? data[to + colors] / max : 1;
      const seen = a / 255;
      const total = seen + under * (1 - seen);
      const share = a === 255 ? 1 : seen / total;
      for (let c = 0; c < colors; c++) {
        data[to + c] = mixed(data[to + c], color.data[from * colors + c], share, original.depth);
      }
      if (hasAlpha) data[to + colors] = original.depth === 32 ? total : Math.round(total * max);
    }
  }
  return { ...original, data };
}

/** Where the run of full alpha that begins at `from` ends. */
function endOfOpaque(alpha: ArrayLike<number>, from: number, rowEnd: number): number {
  let end = from + 1;
  while (end < rowEnd && alpha[end] === 255) end++;
  return end;
}

function mixed(under: number, over: number, share: number, depth: PixelDepth): number {
  if (share === 1) return over;
  // Floats may be infinite, or no numbers: nothing can be mixed with those.
  if (depth === 32 && !Number.isFinite(under)) return over;
  const value = under + (over - under) * share;
  return depth === 32 ? value : Math.round(value);
}

/**
 * A result's colour with its layer mask as transparency: gray + alpha or RGB + alpha at the colour's
 * depth. Throws E_FRAME when the two planes do not belong together.
 */
export function layerRaster(color: Pixels, alpha: AlphaPixels): Raster {
  const { width, height, depth } = color;
  const colors = color.channels;
  const count = width * height;
  if ((colors !== 1 && colors !== 3) || alpha.data.length !== count) {
    throw new PentimentoError('E_FRAME', 'Colour and layer mask do not fit each other.');
  }
  const channels = colors === 1 ? 2 : 4;
  const data = pixelData(depth, count * channels);
  const scale = maxOfDepth(depth) / 255;
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < colors; c++) data[i * channels + c] = color.data[i * colors + c];
    data[i * channels + colors] = alpha.data[i] * scale;
  }
  return { width, height, channels, depth, data };
}

function checkFit(original: Raster, color: Pixels, alpha: AlphaPixels, bounds: Rect): void {
  const size = rectOfSize({ width: bounds.width, height: bounds.height });
  const fits =
    isSameRect(size, rectOfSize(color)) &&
    isSameRect(size, rectOfSize(alpha)) &&
    (isEmptyRect(bounds) || containsRect(rectOfSize(original), bounds));
  if (!fits) {
    throw new RangeError('Expected colour and alpha of the size of bounds that lie in the picture');
  }
  const colors = original.channels <= 2 ? 1 : 3;
  if (color.channels !== colors || color.depth !== original.depth) {
    throw new RangeError(
      `Expected ${colors} channels of ${original.depth} bits but received ${color.channels} of ${color.depth}`,
    );
  }
}
