/** The two passes of 8-bit resampling: sums of pixels times fixed-point weights. */

/** Fractional bits of the weights: two bits are kept for sums that over- or undershoot. */
export const weightBits = 22;

/** For every output position: the first source position, the number of taps, and the taps' weights. */
export interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
  /** Weights per output position in `weights`. */
  readonly stride: number;
}

export interface Rows {
  readonly data: Uint8Array;
  readonly width: number;
  readonly channels: number;
}

const half = 1 << (weightBits - 1);

function clip8(sum: number): number {
  const v = sum >> weightBits;
  return v < 0 ? 0 : v > 255 ? 255 : v;
}

function convolveRow3(source: Rows, row: number, taps: Taps, out: Uint8Array, at: number): void {
  const { data } = source;
  const { first, count, weights, stride } = taps;
  let o = at;
  for (let x = 0; x < first.length; x++) {
    let r = half;
    let g = half;
    let b = half;
    let i = row + first[x] * 3;
    const end = x * stride + count[x];
    for (let k = x * stride; k < end; k++) {
      const w = weights[k];
      r = (r + Math.imul(data[i], w)) | 0;
      g = (g + Math.imul(data[i + 1], w)) | 0;
      b = (b + Math.imul(data[i + 2], w)) | 0;
      i += 3;
    }
    out[o] = clip8(r);
    out[o + 1] = clip8(g);
    out[o + 2] = clip8(b);
    o += 3;
  }
}

function convolveRow4(source: Rows, row: number, taps: Taps, out: Uint8Array, at: number): void {
  const { data } = source;
  const { first, count, weights, stride } = taps;
  let o = at;
  for (let x = 0; x < first.length; x++) {
    let r = half;
    let g = half;
    let b = half;
    let a = half;
    let i = row + first[x] * 4;
    const end = x * stride + count[x];
    for (let k = x * stride; k < end; k++) {
      const w = weights[k];
      r = (r + Math.imul(data[i], w)) | 0;
      g = (g + Math.imul(data[i + 1], w)) | 0;
      b = (b + Math.imul(data[i + 2], w)) | 0;
      a = (a + Math.imul(data[i + 3], w)) | 0;
      i += 4;
    }
    out[o] = clip8(r);
    out[o + 1] = clip8(g);
    out[o + 2] = clip8(b);
    out[o + 3] = clip8(a);
    o += 4;
  }
}

function convolveRow(source: Rows, row: number, taps: Taps, out: Uint8Array, at: number): void {
  const { data, channels } = source;
  const { first, count, weights, stride } = taps;
  let o = at;
  for (let x = 0; x < first.length; x++) {
    for (let c = 0; c < channels; c++) {
      let sum = half;
      let i = row + first[x] * channels + c;
      const end = x * stride + count[x];
      for (let k = x * stride; k < end; k++) {
        sum = (sum + Math.imul(data[i], weights[k])) | 0;
        i += channels;
      }
      out[o++] = clip8(sum);
    }
  }
}

/** Resamples `rows` rows from `firstRow` on along their length, rounded to 8 bits. */
export function horizontalPass(
  source: Rows,
  taps: Taps,
  firstRow: number,
  rows: number,
): Uint8Array {
  const { width, channels } = source;
  const outLength = taps.first.length * channels;
  const out = new Uint8Array(outLength * rows);
  const convolve = channels === 3 ? convolveRow3 : channels === 4 ? convolveRow4 : convolveRow;
  for (let y = 0; y < rows; y++) {
    convolve(source, (y + firstRow) * width * channels, taps, out, y * outLength);
  }
  return out;
}

interface WeightedRows {
  readonly data: Uint8Array;
  readonly rowLength: number;
  /** Position of the first row's first value. */
  readonly start: number;
  readonly weights: Int32Array;
}

/** Adds four rows at once: a quarter of the passes over the sums. */
function addFourRows(sums: Int32Array, rows: WeightedRows, k: number): void {
  const { data, rowLength, start, weights } = rows;
  const w0 = weights[k];
  const w1 = weights[k + 1];
  const w2 = weights[k + 2];
  const w3 = weights[k + 3];
  let a = start;
  for (let i = 0; i < rowLength; i++, a++) {
    const b = a + rowLength;
    const c = b + rowLength;
    const upper = (Math.imul(data[a], w0) + Math.imul(data[b], w1)) | 0;
    const lower = (Math.imul(data[c], w2) + Math.imul(data[c + rowLength], w3)) | 0;
    sums[i] = (sums[i] + upper + lower) | 0;
  }
}

function addRow(sums: Int32Array, rows: WeightedRows, k: number): void {
  const { data, rowLength, start, weights } = rows;
  const weight = weights[k];
  for (let i = 0; i < rowLength; i++) sums[i] = (sums[i] + Math.imul(data[start + i], weight)) | 0;
}

/** Resamples along columns; row 0 of `source` is row `firstRow` of the picture that the taps count in. */
export function verticalPass(source: Rows, taps: Taps, firstRow: number): Uint8Array {
  const { data, width, channels } = source;
  const { weights } = taps;
  const rowLength = width * channels;
  const outHeight = taps.first.length;
  const out = new Uint8Array(rowLength * outHeight);
  const sums = new Int32Array(rowLength);
  for (let y = 0; y < outHeight; y++) {
    sums.fill(half);
    const end = y * taps.stride + taps.count[y];
    let k = y * taps.stride;
    let start = (taps.first[y] - firstRow) * rowLength;
    for (; k + 4 <= end; k += 4, start += 4 * rowLength)
      addFourRows(sums, { data, rowLength, start, weights }, k);
    for (; k < end; k++, start += rowLength) addRow(sums, { data, rowLength, start, weights }, k);
    const o = y * rowLength;
    for (let i = 0; i < rowLength; i++) out[o + i] = clip8(sums[i]);
  }
  return out;
}
