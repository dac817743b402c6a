/**
 * The composite that Photoshop stores in a PSD or PSB, with its profile (Adobe Photoshop File Formats
 * Specification). Layers are skipped: the composite is how the document looks.
 */
import { inflateSync } from 'node:zlib';
import type { PixelData } from '../../../../shared/frame.ts';
import { PentimentoError } from '../../../../shared/errors.ts';
import { maxPicturePixels, maxSidePx } from '../../../../shared/limits.ts';
import { knownDensity } from '../density.ts';
import { fromLinear } from '../resize.ts';
import { srgbOfStoredLab } from './labColors.ts';
import { unpackRow } from './packBits.ts';

export interface Composite {
  readonly width: number;
  readonly height: number;
  readonly space: 'gray' | 'rgb' | 'cmyk';
  /** Colour and, if `hasAlpha`, transparency; interleaved. CMYK with 0 = no ink. */
  readonly channels: number;
  readonly hasAlpha: boolean;
  readonly data: PixelData;
  readonly icc?: Uint8Array;
  /** Whole pixels per inch. */
  readonly densityPpi?: number | undefined;
}

const spaceOfMode: Readonly<Record<number, Composite['space']>> = {
  1: 'gray',
  2: 'rgb',
  3: 'rgb',
  4: 'cmyk',
  8: 'gray',
  9: 'rgb',
};
const nameOfMode: Readonly<Record<number, string>> = { 0: 'bitmap', 7: 'multichannel' };
const indexedMode = 2;
const labMode = 9;
const densityResource = 1005;
const iccResource = 1039;
const versionResource = 1057;

export interface CompositeForm {
  readonly big: boolean;
  readonly channels: number;
  readonly width: number;
  readonly height: number;
  readonly depth: 8 | 16 | 32;
  /** The number that the file has for it. */
  readonly mode: number;
}

/**
 * 8 and 16 bits as stored; 32 bits are linear light and become sRGB code values 0..1, Lab becomes sRGB.
 * Colour is freed from the white that Photoshop mixes into clear parts. Throws E_IMAGE_CORRUPT,
 * E_IMAGE_PIXELS, E_IMAGE_CHANNELS (bitmap and multichannel documents), E_IMAGE_COMPOSITE (documents
 * saved without one).
 */
export function readComposite(bytes: Uint8Array): Composite {
  try {
    return readAll(bytes);
  } catch (error) {
    if (error instanceof RangeError) {
      throw new PentimentoError('E_IMAGE_CORRUPT', undefined, { cause: error });
    }
    throw error;
  }
}

function readAll(bytes: Uint8Array): Composite {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = readHeader(view);
  let at = 26;
  const paletteLength = view.getUint32(at);
  const palette = bytes.subarray(at + 4, at + 4 + paletteLength);
  at += 4 + paletteLength;
  const resourcesLength = view.getUint32(at);
  const { icc, densityPpi } = readResources(bytes, at + 4, at + 4 + resourcesLength);
  at += 4 + resourcesLength;
  const layersLength = header.big ? Number(view.getBigUint64(at)) : view.getUint32(at);
  const layersAt = at + (header.big ? 8 : 4);
  const alphaFirst = layersLength > 0 && hasMergedAlpha(view, layersAt, { header, layersLength });
  const planes = readPlanes(bytes, layersAt + layersLength, header);
  const { colors, hasAlpha } = channelsOf(header, alphaFirst);
  const composite = interleave(planes, header, { colors, hasAlpha, palette });
  return { ...composite, densityPpi, ...(icc ? { icc } : {}) };
}

/** How many channels are colour, and whether the one after them is transparency. */
export function channelsOf(form: CompositeForm, marksAlpha: boolean) {
  const space = spaceOf(form);
  const colors = form.mode === indexedMode ? 1 : { gray: 1, rgb: 3, cmyk: 4 }[space];
  if (form.channels < colors) throw new RangeError('fewer channels than colours');
  return { colors, hasAlpha: marksAlpha && form.channels > colors && space !== 'cmyk' };
}

function spaceOf(header: CompositeForm): Composite['space'] {
  const space = spaceOfMode[header.mode];
  if (space) return space;
  const name = nameOfMode[header.mode] ?? 'unknown';
  throw new PentimentoError('E_IMAGE_CHANNELS', `It is a ${name} document.`);
}

function readHeader(view: DataView): CompositeForm {
  const version = view.getUint16(4);
  const depth = view.getUint16(22);
  const width = view.getUint32(18);
  const height = view.getUint32(14);
  const channels = view.getUint16(12);
  if (version !== 1 && version !== 2) throw new RangeError('version');
  if (width < 1 || height < 1 || channels < 1 || channels > 56) throw new RangeError('size');
  if (width > maxSidePx || height > maxSidePx || width * height > maxPicturePixels) {
    throw new PentimentoError('E_IMAGE_PIXELS', `It has ${width} x ${height} pixels.`);
  }
  const header = { big: version === 2, channels, width, height, mode: view.getUint16(24) };
  if (depth !== 8 && depth !== 16 && depth !== 32) {
    if (depth === 1) throw new PentimentoError('E_IMAGE_CHANNELS', 'It is a bitmap document.');
    throw new RangeError('depth');
  }
  spaceOf({ ...header, depth });
  return { ...header, depth };
}

/** The resources that tell how the pixels are meant. Throws E_IMAGE_COMPOSITE and RangeErrors. */
function readResources(bytes: Uint8Array, start: number, end: number) {
  if (end > bytes.length) throw new RangeError('resources');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let icc: Uint8Array | undefined;
  let densityPpi: number | undefined;
  let at = start;
  while (at + 12 <= end) {
    const id = view.getUint16(at + 4);
    const nameLength = (view.getUint8(at + 6) + 2) & ~1;
    const length = view.getUint32(at + 6 + nameLength);
    const data = at + 10 + nameLength;
    if (data + length > end) break;
    if (id === iccResource && length > 0) icc = bytes.slice(data, data + length);
    // 16.16 fixed point, pixels per inch whatever unit is shown.
    if (id === densityResource && length >= 4)
      densityPpi = knownDensity(view.getUint32(data) / 65_536);
    if (id === versionResource && length >= 5 && bytes[data + 4] === 0) {
      throw new PentimentoError('E_IMAGE_COMPOSITE');
    }
    at = data + ((length + 1) & ~1);
  }
  return { icc, densityPpi };
}

/** A negative layer count says that the first extra channel of the composite is its transparency. */
function hasMergedAlpha(
  view: DataView,
  layersAt: number,
  about: { readonly header: CompositeForm; readonly layersLength: number },
): boolean {
  const lengthBytes = about.header.big ? 8 : 4;
  if (about.layersLength < lengthBytes + 2) return false;
  const infoLength = about.header.big
    ? Number(view.getBigUint64(layersAt))
    : view.getUint32(layersAt);
  if (infoLength >= 2) return view.getInt16(layersAt + lengthBytes) < 0;
  return deepLayerCount(view, layersAt, about) < 0;
}

/** Documents of 16 and 32 bits keep their layers in a tagged block after an empty layer section. */
function deepLayerCount(
  view: DataView,
  layersAt: number,
  about: { readonly header: CompositeForm; readonly layersLength: number },
): number {
  const end = layersAt + about.layersLength;
  let at = layersAt + (about.header.big ? 8 : 4);
  if (at + 4 > end) return 0;
  at += 4 + view.getUint32(at);
  while (at + 12 <= end) {
    const key = String.fromCharCode(
      ...Array.from({ length: 4 }, (_, i) => view.getUint8(at + 4 + i)),
    );
    const wide = about.header.big && ['Lr16', 'Lr32', 'Layr', 'Mt16', 'Mt32', 'Mtrn'].includes(key);
    const length = wide ? Number(view.getBigUint64(at + 8)) : view.getUint32(at + 8);
    const data = at + (wide ? 16 : 12);
    if (key === 'Lr16' || key === 'Lr32') return data + 2 <= end ? view.getInt16(data) : 0;
    if (key === 'Mt16' || key === 'Mt32' || key === 'Mtrn') return -1;
    at = data + ((length + 3) & ~3);
  }
  return 0;
}

/** Channel after channel, big-endian bytes. */
function readPlanes(bytes: Uint8Array, start: number, header: CompositeForm): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rowBytes = header.width * (header.depth / 8);
  const size = rowBytes * header.height * header.channels;
  const compression = view.getUint16(start);
  if (compression === 0) {
    if (start + 2 + size > bytes.length) throw new RangeError('pixels');
    return bytes.subarray(start + 2, start + 2 + size);
  }
  if (compression === 2 || compression === 3) return inflated(bytes.subarray(start + 2), size);
  if (compression !== 1) throw new RangeError('compression');
  const rows = header.height * header.channels;
  const lengthBytes = header.big ? 4 : 2;
  let at = start + 2 + rows * lengthBytes;
  // No packed row can stand for more than 128 times its bytes.
  if (at > bytes.length || (bytes.length - at) * 128 < size) throw new RangeError('pixels');
  const out = new Uint8Array(size);
  for (let r = 0; r < rows; r++) {
    const lengthAt = start + 2 + r * lengthBytes;
    const length = header.big ? view.getUint32(lengthAt) : view.getUint16(lengthAt);
    if (at + length > bytes.length) throw new RangeError('pixels');
    const row = out.subarray(r * rowBytes, (r + 1) * rowBytes);
    if (!unpackRow(bytes.subarray(at, at + length), row)) throw new RangeError('row');
    at += length;
  }
  return out;
}

function inflated(packed: Uint8Array, size: number): Uint8Array {
  try {
    const out = inflateSync(packed, { maxOutputLength: size + 1 });
    if (out.length < size) throw new RangeError('pixels');
    return out;
  } catch (cause) {
    throw new PentimentoError('E_IMAGE_CORRUPT', undefined, { cause });
  }
}

/** Planes of big-endian bytes as pixels; the form is theirs. Throws RangeErrors. */
export function interleave(
  planes: Uint8Array,
  header: CompositeForm,
  form: { readonly colors: number; readonly hasAlpha: boolean; readonly palette: Uint8Array },
): Omit<Composite, 'icc'> {
  const { width, height, depth } = header;
  const { hasAlpha, palette } = form;
  const count = width * height;
  const space = spaceOf(header);
  const indexed = header.mode === indexedMode;
  if (indexed && palette.length < 768) throw new RangeError('palette');
  const colors = indexed ? 3 : form.colors;
  const channels = colors + (hasAlpha ? 1 : 0);
  const data = makeData(depth, count * channels);
  if (data instanceof Uint16Array && !indexed && space !== 'cmyk')
    interleave16(planes, data, count);
  else interleaveValues(planes, data, { header, colors, channels, palette });
  if (header.mode === labMode) labToSrgb(data, channels, depth);
  if (hasAlpha) removeWhite(data, channels, depth);
  return { width, height, space, channels, hasAlpha, data };
}

interface ValuesForm {
  readonly header: CompositeForm;
  readonly colors: number;
  readonly channels: number;
  readonly palette: Uint8Array;
}

/** Palette colours looked up, inks as coverage, linear light as code values. */
function interleaveValues(planes: Uint8Array, data: PixelData, form: ValuesForm): void {
  const { header, colors, channels, palette } = form;
  const { depth, mode } = header;
  const isCmyk = spaceOf(header) === 'cmyk';
  const isIndexed = mode === indexedMode;
  const isLinear = depth === 32 && mode !== labMode;
  const full = depth === 8 ? 255 : depth === 16 ? 65535 : 1;
  const count = data.length / channels;
  const value = valueReader(planes, depth);
  for (let c = 0; c < channels; c++) {
    const plane = isIndexed ? (c < 3 ? 0 : 1) : c;
    for (let i = 0; i < count; i++) {
      let v = value(plane * count + i);
      if (isIndexed && c < 3) v = palette[c * 256 + v];
      else if (isCmyk) v = full - v;
      else if (isLinear && c < colors) v = v > 0 ? fromLinear(Math.min(1, v)) : 0;
      data[i * channels + c] = v;
    }
  }
}

/** Values that are turned around at once: they stay in the processor's cache. */
const turnedValues = 4096;
const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Big-endian values of planes of `count` pixels as they are: the pixels are written one after another. */
function interleave16(planes: Uint8Array, data: Uint16Array, count: number): void {
  const channels = data.length / count;
  const values = new Uint16Array(turnedValues);
  const bytes = Buffer.from(values.buffer);
  for (let first = 0; first < count; first += turnedValues) {
    const some = Math.min(turnedValues, count - first);
    for (let c = 0; c < channels; c++) {
      const from = (c * count + first) * 2;
      bytes.set(planes.subarray(from, from + some * 2));
      if (isLittleEndian) bytes.swap16();
      for (let i = 0, at = first * channels + c; i < some; i++, at += channels)
        data[at] = values[i];
    }
  }
}

function makeData(depth: CompositeForm['depth'], length: number): PixelData {
  if (depth === 8) return new Uint8Array(length);
  return depth === 16 ? new Uint16Array(length) : new Float32Array(length);
}

function valueReader(planes: Uint8Array, depth: CompositeForm['depth']): (index: number) => number {
  if (depth === 8) return (i) => planes[i];
  if (depth === 16) return (i) => (planes[2 * i] << 8) | planes[2 * i + 1];
  const view = new DataView(planes.buffer, planes.byteOffset, planes.byteLength);
  return (i) => view.getFloat32(4 * i);
}

/** In place. */
function labToSrgb(data: PixelData, channels: number, depth: CompositeForm['depth']): void {
  const max = depth === 8 ? 255 : depth === 16 ? 65535 : 1;
  for (let i = 0; i < data.length; i += channels) {
    const colors = srgbOfStoredLab(data[i] / max, data[i + 1] / max, data[i + 2] / max);
    for (let c = 0; c < 3; c++)
      data[i + c] = depth === 32 ? colors[c] : Math.round(colors[c] * max);
  }
}

/** The composite lies over white where it is clear: c = a x + (1 - a) white. */
function removeWhite(data: PixelData, channels: number, depth: CompositeForm['depth']): void {
  const max = depth === 8 ? 255 : depth === 16 ? 65535 : 1;
  for (let i = 0; i < data.length; i += channels) {
    const a = data[i + channels - 1] / max;
    if (a >= 1 || a <= 0) continue;
    for (let c = 0; c < channels - 1; c++) {
      const x = (data[i + c] - (1 - a) * max) / a;
      const clamped = x > 0 ? Math.min(max, x) : 0;
      data[i + c] = depth === 32 ? clamped : Math.round(clamped);
    }
  }
}
