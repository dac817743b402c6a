/**
 * A control map brought to the size a ControlNet sees (sd-webui-controlnet 1.1.455, detectmap_proc): drawings stay
 * sharp, lines one pixel wide, flat colours flat.
 */
import type { ControlFit } from '../../../../shared/control.ts';
import type { Size } from '../../../../shared/geometry.ts';
import { resizeFloat, type FloatPixels } from '../opencv/resizeFloat.ts';
import { resizeOpencv } from '../opencv/resize8.ts';
import { roundEven } from '../opencv/roundEven.ts';
import { aboveLevel, otsuThreshold } from '../opencv/threshold8.ts';
import { newImage8, type Image8 } from '../pillow/image8.ts';
import type { Mask } from '../raster.ts';
import { directionalMaxima, thinned } from './thin.ts';

/** More colours than this are a photograph's. */
const flatColors = 200;

/** An RGB map, 8 bits, as one of the given size. */
export function fitControlMap(image: Image8, target: Size, fit: ControlFit): Image8 {
  const size = sizeFor(image, target, fit);
  const resized = resizeOpencv(image, size.width, size.height, kernelFor(image, size));
  const drawn = isDrawing(image) ? redrawn(image, resized) : resized;
  const out = newImage8(target.width, target.height, 3);
  placeCentred(drawn, out, fit === 'fill' ? borderMedian(image) : [0, 0, 0]);
  return out;
}

/**
 * An inpainting ControlNet's picture, RGB with what to paint as the fourth channel (above 127), as values
 * of 0..1 that cubic enlarging may leave; the fourth is 0 or 1, and 1 in the bars.
 */
export function fitInpaintMap(image: Image8, target: Size, fit: ControlFit): FloatPixels {
  const size = sizeFor(image, target, fit);
  const whole = { ...image, data: Float32Array.from(image.data) };
  const resized = resizeFloat(whole, size.width, size.height, kernelFor(image, size));
  const { data } = isDrawing(image) ? withColors(resized, redrawn(image, resized)) : resized;
  const { width, height } = target;
  const out = { width, height, channels: 4, data: new Float32Array(width * height * 4) };
  const border = fit === 'fill' ? [...borderMedian(image), 255] : [0, 0, 0, 0];
  placeCentred({ ...size, data }, out, border);
  for (let i = 0; i < out.data.length; i++) {
    out.data[i] = i % 4 === 3 ? (out.data[i] > 127 ? 1 : 0) : out.data[i] / 255;
  }
  return out;
}

function withColors(image: FloatPixels, rgb: Image8): FloatPixels {
  const data = image.data.map((v, i) =>
    i % 4 === 3 ? v : rgb.data[Math.floor(i / 4) * 3 + (i % 4)],
  );
  return { ...image, data };
}

/** The map's size before bars or cutting. */
function sizeFor(image: Size, target: Size, fit: ControlFit): Size {
  if (fit === 'stretch') return { width: target.width, height: target.height };
  const scales = [target.width / image.width, target.height / image.height] as const;
  const scale = fit === 'fill' ? Math.min(...scales) : Math.max(...scales);
  return {
    width: Math.max(1, roundEven(image.width * scale)),
    height: Math.max(1, roundEven(image.height * scale)),
  };
}

function kernelFor(image: Image8, size: Size): 'nearest' | 'area' | 'cubic' {
  const colors = countColors(image);
  if (colors > 2 && colors < flatColors) return 'nearest';
  return size.width * size.height < image.width * image.height ? 'area' : 'cubic';
}

/** Different colours, no further than it matters; a fourth channel does not count. */
function countColors({ channels, data }: Image8): number {
  const seen = new Set<number>();
  let last = -1;
  for (let i = 0; i < data.length && seen.size < flatColors; i += channels) {
    const color = (data[i] << 16) | (data[i + 1] << 8) | data[i + 2];
    if (color !== last) seen.add(color);
    last = color;
  }
  return seen.size;
}

/** Two colours, nearly black and nearly white. */
function isDrawing(image: Image8): boolean {
  if (countColors(image) !== 2) return false;
  const { least, most } = rangeOf(image.data);
  return least < 16 && most > 240;
}

function rangeOf(data: Uint8Array): { least: number; most: number } {
  let [least, most] = [255, 0];
  for (const value of data) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return { least, most };
}

/** The resized drawing in black and white again, its lines thin where they were. */
function redrawn(original: Image8, resized: Image8 | FloatPixels): Image8 {
  const gray = meanOfChannels(resized);
  const isThin = hasThinLines(original);
  const lines = isThin ? directionalMaxima(gray) : gray;
  const black = aboveLevel(lines, otsuThreshold(lines));
  const grows = resized.width * resized.height > original.width * original.height;
  const drawn = isThin ? thinned(black, grows) : black;
  const out = newImage8(resized.width, resized.height, 3);
  for (let i = 0; i < out.data.length; i++) out.data[i] = drawn.data[Math.floor(i / 3)];
  return out;
}

/** Cut to whole levels. */
function meanOfChannels({ width, height, channels, data }: Image8 | FloatPixels): Mask {
  const gray = Uint8Array.from({ length: width * height }, (_, p) => {
    const at = p * channels;
    return Math.min(255, Math.max(0, (data[at] + data[at + 1] + data[at + 2]) / 3));
  });
  return { width, height, data: gray };
}

/** Whether most of what is white vanishes where 3x3 pixels have to fit in. */
function hasThinLines(image: Image8): boolean {
  const { width, height, channels, data } = image;
  let [vanished, white] = [0, 0];
  for (let c = 0; c < 3; c++) {
    const plane = new Uint8Array(width * height);
    for (let p = 0; p < plane.length; p++) plane[p] = data[p * channels + c];
    const opened = extremeOf3x3(extremeOf3x3(plane, width, 'least'), width, 'most');
    for (let p = 0; p < plane.length; p++) {
      if (opened[p] < plane[p]) vanished++;
      if (plane[p] > 127) white++;
    }
  }
  return vanished * 2 > white;
}

/** The least or largest value of 3x3 pixels, of those inside the picture. */
function extremeOf3x3(data: Uint8Array, width: number, which: 'least' | 'most'): Uint8Array {
  // The largest is what is least of the complement.
  const flip = which === 'most' ? 255 : 0;
  const across = data.map((v) => v ^ flip);
  const size = data.length;
  for (let row = 0; row < size; row += width) {
    let before = across[row];
    for (let i = row; i < row + width; i++) {
      const own = across[i];
      const after = i + 1 < row + width ? across[i + 1] : own;
      across[i] = Math.min(before, own, after);
      before = own;
    }
  }
  const out = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    const above = i >= width ? across[i - width] : across[i];
    const below = i + width < size ? across[i + width] : across[i];
    out[i] = Math.min(above, across[i], below) ^ flip;
  }
  return out;
}

/** The middle colour of the border, cut to whole levels; corners count twice. */
function borderMedian({ width, height, channels, data }: Image8): number[] {
  return [0, 1, 2].map((c) => {
    const at = (x: number, y: number) => data[(y * width + x) * channels + c];
    const values: number[] = [];
    for (let x = 0; x < width; x++) values.push(at(x, 0), at(x, height - 1));
    for (let y = 0; y < height; y++) values.push(at(0, y), at(width - 1, y));
    const sorted = values.toSorted((a, b) => a - b);
    const half = sorted.length / 2;
    return Math.floor((sorted[half - 1] + sorted[half]) / 2);
  });
}

/** Puts a picture into the middle of another, over a colour, cut where it is larger. */
function placeCentred(
  from: { readonly width: number; readonly height: number; readonly data: ArrayLike<number> },
  to: Size & { readonly channels: number; readonly data: Uint8Array | Float32Array },
  color: readonly number[],
): void {
  const offset = (inside: number, outside: number) =>
    inside > outside ? Math.floor((inside - outside) / 2) : -Math.floor((outside - inside) / 2);
  const left = offset(from.width, to.width);
  const top = offset(from.height, to.height);
  const { channels } = to;
  for (let y = 0, o = 0; y < to.height; y++) {
    for (let x = 0; x < to.width; x++, o += channels) {
      const [sx, sy] = [x + left, y + top];
      const isInside = sx >= 0 && sy >= 0 && sx < from.width && sy < from.height;
      const at = (sy * from.width + sx) * channels;
      for (let c = 0; c < channels; c++) to.data[o + c] = isInside ? from.data[at + c] : color[c];
    }
  }
}
