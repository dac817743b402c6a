/** Channels to bytes as this document stores them: PackBits rows or ZIP of differences. */
import { promisify } from 'node:util';
import { deflate, deflateSync } from 'node:zlib';
import { u16 } from '../bytes.ts';
import { packRow } from '../packBits.ts';
import { deflateOptions, layerChannel, rowDifferences } from '../planeCoding.ts';
import {
  compressionRaw,
  compressionRle,
  compressionZipPrediction,
  type ChannelValues,
} from './channelPixels.ts';

const deflateOffThread = promisify(deflate);

/** One row packed. */
export function packedRow(row: Uint8Array): Uint8Array {
  const out = new Uint8Array(mostPackedBytes(row));
  return out.subarray(0, packRow(row, out, 0));
}

function mostPackedBytes(row: Uint8Array): number {
  return row.length + Math.ceil(row.length / 128) + 1;
}

const slabBytes = 1024 * 1024;

/** Packs many rows; several of them share memory, for thousands of small arrays are dear to collect. */
export function rowPacker(): (row: Uint8Array) => Uint8Array {
  let slab = new Uint8Array(0);
  let used = 0;
  return (row) => {
    const most = mostPackedBytes(row);
    if (used + most > slab.length) {
      slab = new Uint8Array(Math.max(slabBytes, most));
      used = 0;
    }
    const from = used;
    used = packRow(row, slab, from);
    return slab.subarray(from, used);
  };
}

/** Row lengths of 2 bytes, in a large document of 4. */
export function rowLengths(lengths: ArrayLike<number>, big: boolean): Uint8Array {
  const bytes = new Uint8Array(lengths.length * (big ? 4 : 2));
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < lengths.length; i++) {
    if (big) view.setUint32(i * 4, lengths[i]);
    else view.setUint16(i * 2, lengths[i]);
  }
  return bytes;
}

interface PlaneSize {
  readonly width: number;
  readonly height: number;
}

/** Channel data of a layer in pieces, its compression number first. */
export function channelBytes(values: ChannelValues, size: PlaneSize, big: boolean): Uint8Array[] {
  const bytes = bytesToDeflate(values, size);
  if (!bytes) return packedBytes(values, size, big);
  return [u16(compressionZipPrediction), deflateSync(bytes, deflateOptions)];
}

/** The same; what takes long is done beside this thread. */
export async function channelBytesOffThread(
  values: ChannelValues,
  size: PlaneSize,
  big: boolean,
): Promise<Uint8Array[]> {
  const bytes = bytesToDeflate(values, size);
  if (!bytes) return packedBytes(values, size, big);
  return [u16(compressionZipPrediction), await deflateOffThread(bytes, deflateOptions)];
}

/** Differences along the rows of 16 and 32 bits; undefined for those of 8, which are packed. */
function bytesToDeflate(values: ChannelValues, size: PlaneSize): Uint8Array | undefined {
  if (values instanceof Uint8Array || size.width === 0 || size.height === 0) return undefined;
  return values instanceof Float32Array
    ? floatDifferences(values, size.width)
    : rowDifferences(size, values);
}

function packedBytes(values: ChannelValues, size: PlaneSize, big: boolean): Uint8Array[] {
  if (size.width === 0 || size.height === 0) return [u16(compressionRaw)];
  if (values instanceof Float32Array) throw new RangeError('Floats are not packed');
  if (values instanceof Uint16Array || !big) return layerChannel({ ...size, data: values });
  const rows = Array.from({ length: size.height }, (_, y) =>
    packedRow(values.subarray(y * size.width, (y + 1) * size.width)),
  );
  return [
    u16(compressionRle),
    rowLengths(
      rows.map((r) => r.length),
      big,
    ),
    ...rows,
  ];
}

/** Each row's four planes of bytes one after another, as differences. */
function floatDifferences(values: Float32Array, width: number): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const one = new DataView(new ArrayBuffer(4));
  for (let i = 0; i < values.length; i++) {
    one.setFloat32(0, values[i]);
    const x = i % width;
    const rowAt = (i - x) * 4;
    for (let b = 0; b < 4; b++) bytes[rowAt + b * width + x] = one.getUint8(b);
  }
  for (let start = 0; start < bytes.length; start += width * 4) {
    for (let i = start + width * 4 - 1; i > start; i--) bytes[i] -= bytes[i - 1];
  }
  return bytes;
}
