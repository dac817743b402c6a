/** Overlapping bands of rows, all of one height, and what each of them answers for. Pure. */
import { sizeOfShape, tensor, type Tensor } from '../tensor.ts';

/** Rows: begin inclusive, end exclusive. */
export interface Rows {
  readonly begin: number;
  readonly end: number;
}

/** What a band sees and the part of it that is kept, rows of the whole picture. */
export interface Band {
  readonly seen: Rows;
  readonly kept: Rows;
}

/**
 * As few bands as cover `height` rows, of equal height and no higher than needed for that. What they
 * keep covers each row once and lies `halo` rows or more from a band's edge that is not the picture's.
 * Throws a RangeError when a band of `longest` rows would be all halo.
 */
export function bandsOver(
  height: number,
  { longest, halo }: { readonly longest: number; readonly halo: number },
): readonly Band[] {
  const whole = { begin: 0, end: height };
  if (longest >= height) return [{ seen: whole, kept: whole }];
  const room = longest - 2 * halo;
  if (room < 1) throw new RangeError(`Expected bands over ${2 * halo} but received ${longest}`);
  const count = Math.ceil((height - 2 * halo) / room);
  const side = Math.ceil((height - 2 * halo) / count) + 2 * halo;
  const starts = Array.from({ length: count }, (_, i) =>
    Math.round((i * (height - side)) / (count - 1)),
  );
  // Neighbours meet in the middle of what both see.
  const borders = starts.slice(1).map((start, i) => Math.floor((start + starts[i] + side) / 2));
  return starts.map((start, i) => ({
    seen: { begin: start, end: start + side },
    kept: { begin: borders[i - 1] ?? 0, end: borders[i] ?? height },
  }));
}

export function scaledRows({ begin, end }: Rows, factor: number): Rows {
  return { begin: begin * factor, end: end * factor };
}

/** The same rows, counted from the beginning of others. */
export function rowsWithin({ begin, end }: Rows, seen: Rows): Rows {
  return { begin: begin - seen.begin, end: end - seen.begin };
}

/** A copy of some rows: [1,C,H,W] to [1,C,rows,W]. */
export function cutRows({ data, shape }: Tensor, { begin, end }: Rows): Tensor {
  const [, channels, height, width] = shape;
  const length = (end - begin) * width;
  const cut = new Float32Array(channels * length);
  for (let channel = 0; channel < channels; channel++) {
    const from = (channel * height + begin) * width;
    cut.set(data.subarray(from, from + length), channel * length);
  }
  return tensor(cut, [1, channels, end - begin, width]);
}

/** Writes the rows `from` of a band over those of `whole` that start at `at`; channels and width agree. */
export function pasteRows(band: Tensor, from: Rows, whole: Tensor, at: number): void {
  const [, channels, rows, width] = band.shape;
  const height = whole.shape[2];
  const length = (from.end - from.begin) * width;
  for (let channel = 0; channel < channels; channel++) {
    const begin = (channel * rows + from.begin) * width;
    const target = (channel * height + at) * width;
    whole.data.set(band.data.subarray(begin, begin + length), target);
  }
}

/** 1 in some rows of a picture, 0 elsewhere: [H*W,1]. */
export function rowMask(
  rows: Rows,
  { height, width }: { readonly height: number; readonly width: number },
): Tensor {
  const shape = [height * width, 1];
  const mask = new Float32Array(sizeOfShape(shape));
  return tensor(mask.fill(1, rows.begin * width, rows.end * width), shape);
}
