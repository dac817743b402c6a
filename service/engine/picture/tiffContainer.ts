/** The smallest TIFF 6.0 file around pixels, their ICC profile and text. */
import type { PixelData } from '../../../shared/frame.ts';

interface TiffPixels {
  readonly width: number;
  readonly height: number;
  /** Colour channels and, after them, alpha if there is any; interleaved. */
  readonly channels: number;
  readonly hasAlpha: boolean;
  /** Lab as the two forms store it: a* and b* of `cielab` as two's complement. */
  readonly space: 'gray' | 'rgb' | 'cmyk' | 'cielab' | 'icclab';
  readonly data: PixelData;
  readonly icc?: Uint8Array | undefined;
  /** A whole XMP packet. */
  readonly xmp?: string | undefined;
  /** Pixels per inch, a whole number. */
  readonly densityPpi?: number | undefined;
}

const photometricOf = { gray: 1, rgb: 2, cmyk: 5, cielab: 8, icclab: 9 } as const;
const short = 3;
const long = 4;
const rational = 5;
const inches = 2;
/** SampleFormat of IEEE floats. */
const floatFormat = 3;

/** Uncompressed little-endian TIFF with one strip; 8, 16 or (floats) 32 bits as the data are. */
export function tiffOf(pixels: TiffPixels): Uint8Array {
  const bits = pixels.data.BYTES_PER_ELEMENT * 8;
  const raw = new Uint8Array(pixels.data.buffer, pixels.data.byteOffset, pixels.data.byteLength);
  const entries: Array<[tag: number, type: number, values: readonly number[]]> = [
    [256, long, [pixels.width]],
    [257, long, [pixels.height]],
    [258, short, Array.from({ length: pixels.channels }, () => bits)],
    [259, short, [1]],
    [262, short, [photometricOf[pixels.space]]],
    [273, long, [0]],
    [277, short, [pixels.channels]],
    [278, long, [pixels.height]],
    [279, long, [raw.length]],
  ];
  if (pixels.densityPpi !== undefined)
    entries.push([282, rational, [1]], [283, rational, [1]], [296, short, [inches]]);
  if (pixels.hasAlpha) entries.push([338, short, [2]]);
  if (pixels.data instanceof Float32Array)
    entries.push([339, short, Array.from({ length: pixels.channels }, () => floatFormat)]);
  const directoryBytes = 8 + 2 + (entries.length + 2) * 12 + 4;
  const bitsAt = directoryBytes;
  const formatsAt = bitsAt + pixels.channels * 2;
  const densityAt = formatsAt + pixels.channels * 2;
  const iccAt = densityAt + 8;
  const icc = pixels.icc ?? new Uint8Array(0);
  const xmpAt = iccAt + icc.length;
  const xmp = new TextEncoder().encode(pixels.xmp ?? '');
  const start = (xmpAt + xmp.length + 7) & ~7;
  const bytes = new Uint8Array(start + raw.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, 42, 0, 8, 0, 0, 0]);
  const used = entries.length + (pixels.icc ? 1 : 0) + (xmp.length > 0 ? 1 : 0);
  view.setUint16(8, used, true);
  let at = 10;
  const write = (tag: number, type: number, count: number, value: number) => {
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, count, true);
    if (type === short && count === 1) view.setUint16(at + 8, value, true);
    else view.setUint32(at + 8, value, true);
    at += 12;
  };
  for (const [tag, type, values] of entries) {
    const at = tag === 258 ? bitsAt : formatsAt;
    if (values.length > 2) {
      values.forEach((v, i) => view.setUint16(at + i * 2, v, true));
      write(tag, type, values.length, at);
    } else if (values.length === 2) {
      write(tag, type, 2, values[0] | (values[1] << 16));
    } else if (type === rational) write(tag, type, 1, densityAt);
    else write(tag, type, values.length, tag === 273 ? start : values[0]);
  }
  if (xmp.length > 0) write(700, 1, xmp.length, xmpAt);
  if (pixels.icc) write(34675, 7, icc.length, iccAt);
  view.setUint32(densityAt, pixels.densityPpi ?? 0, true);
  view.setUint32(densityAt + 4, 1, true);
  bytes.set(icc, iccAt);
  bytes.set(xmp, xmpAt);
  bytes.set(raw, start);
  return bytes;
}
