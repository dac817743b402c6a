/** Rows of a picture as a PNG stores them: big-endian, and each byte less what its neighbours let expect. */

export interface RowShape {
  readonly rowBytes: number;
  readonly pixelBytes: number;
}

/** Filter types (PNG specification, 9.2). */
const none = 0;
const sub = 1;
const up = 2;
const average = 3;
const paeth = 4;

/** One in so many bytes is looked at to choose a filter; has no divisor in common with a pixel's bytes. */
const sampleStep = 37;

/** The samples as bytes; 8-bit ones are not copied. */
export function pngBytes(samples: Uint8Array | Uint8ClampedArray | Uint16Array): Uint8Array {
  if (!(samples instanceof Uint16Array))
    return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  const bytes = new Uint8Array(samples.length * 2);
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i]!;
    bytes[2 * i] = value >>> 8;
    bytes[2 * i + 1] = value;
  }
  return bytes;
}

/**
 * Each row of `bytes` behind the number of its filter, the one that leaves the least on some of its bytes (the
 * specification's heuristic, 12.7). `above` is the row before the first one, zeros at the top of a picture.
 */
export function filteredRows(
  bytes: Uint8Array,
  above: Uint8Array,
  shape: RowShape,
): Uint8Array<ArrayBuffer> {
  const { rowBytes } = shape;
  const height = bytes.length / rowBytes;
  const out = new Uint8Array((rowBytes + 1) * height);
  let before = above;
  for (let y = 0; y < height; y++) {
    const row = bytes.subarray(y * rowBytes, (y + 1) * rowBytes);
    const type = bestFilter(row, before, shape.pixelBytes);
    const to = y * (rowBytes + 1);
    out[to] = type;
    filters[type]!(row, before, out.subarray(to + 1, to + 1 + rowBytes), shape.pixelBytes);
    before = row;
  }
  return out;
}

function bestFilter(row: Uint8Array, above: Uint8Array, pixelBytes: number): number {
  let [ofNone, ofSub, ofUp, ofAverage, ofPaeth] = [0, 0, 0, 0, 0];
  // Rows of a few pixels have too little to look at otherwise.
  const step = row.length < 40 * sampleStep ? 1 : sampleStep;
  for (let i = pixelBytes; i < row.length; i += step) {
    const value = row[i]!;
    const a = row[i - pixelBytes]!;
    const b = above[i]!;
    ofNone += size(value);
    ofSub += size(value - a);
    ofUp += size(value - b);
    ofAverage += size(value - ((a + b) >> 1));
    ofPaeth += size(value - predicted(a, b, above[i - pixelBytes]!));
  }
  const least = Math.min(ofNone, ofSub, ofUp, ofAverage, ofPaeth);
  return [ofNone, ofSub, ofUp, ofAverage, ofPaeth].indexOf(least);
}

/** How far a difference of bytes is from 0, either way round. */
function size(difference: number): number {
  const byte = difference & 255;
  return byte < 128 ? byte : 256 - byte;
}

/** Whichever of left, above and above left comes nearest to left + above - above left. */
function predicted(a: number, b: number, c: number): number {
  const toA = Math.abs(b - c);
  const toB = Math.abs(a - c);
  const toC = Math.abs(a + b - c - c);
  if (toA <= toB && toA <= toC) return a;
  return toB <= toC ? b : c;
}

type Filter = (row: Uint8Array, above: Uint8Array, out: Uint8Array, pixelBytes: number) => void;

const filters: Readonly<Record<number, Filter>> = {
  [none]: (row, _, out) => out.set(row),
  [sub]: (row, _, out, pixelBytes) => {
    out.set(row.subarray(0, pixelBytes));
    for (let i = pixelBytes; i < row.length; i++) out[i] = row[i]! - row[i - pixelBytes]!;
  },
  [up]: (row, above, out) => {
    for (let i = 0; i < row.length; i++) out[i] = row[i]! - above[i]!;
  },
  [average]: (row, above, out, pixelBytes) => {
    for (let i = 0; i < pixelBytes; i++) out[i] = row[i]! - (above[i]! >> 1);
    for (let i = pixelBytes; i < row.length; i++)
      out[i] = row[i]! - ((row[i - pixelBytes]! + above[i]!) >> 1);
  },
  [paeth]: (row, above, out, pixelBytes) => {
    for (let i = 0; i < pixelBytes; i++) out[i] = row[i]! - above[i]!;
    for (let i = pixelBytes; i < row.length; i++)
      out[i] = row[i]! - predicted(row[i - pixelBytes]!, above[i]!, above[i - pixelBytes]!);
  },
};
