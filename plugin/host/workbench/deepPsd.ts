/**
 * A PSD of 16 bits out of one that ag-psd has written, which knows 8 only: the layers' channels are given to it as they
 * are to be stored, and what it writes around them is put where a file of 16 bits has it (Adobe Photoshop File Formats
 * Specification).
 */
import type { Size } from '../../../shared/geometry.ts';
import { joinBytes } from '../../picture/joinBytes.ts';
import { storedPlane } from '../../picture/storedPlane.ts';
import { isOpaque } from './compositeLayers.ts';
import type { PsdLayer } from './psdDoor.ts';

type RawData = NonNullable<PsdLayer['rawData']>;
type RawChannel = RawData['channels'][number];

/** Numbers of channels beside red, green and blue. */
const transparency = -1;
const userMask = -2;
const realUserMask = -3;

/** What a layer's channels hold; masks over their own bounds. */
export interface DeepChannels {
  /** RGBA of 16 bits over `bounds`; undefined where a layer has no pixels, as groups have none. */
  readonly pixels: { readonly bounds: Size; readonly rgba: Uint16Array } | undefined;
  /** The bottom of the document: opaque pixels have no transparency then, which makes it the locked Background. */
  readonly isBottom?: boolean;
  readonly mask?: DeepMask | undefined;
  readonly realMask?: DeepMask | undefined;
}

export interface DeepMask {
  readonly width: number;
  readonly data: Uint16Array;
}

/** A layer's channels for ag-psd, which stores them as they are. */
export function deepRawData({ pixels, mask, realMask, isBottom }: DeepChannels): RawData {
  const isBackground = isBottom === true && !mask && pixels !== undefined && isOpaque(pixels.rgba);
  const channels = [...(isBackground ? [] : [transparency]), 0, 1, 2].map((id) => {
    const at = id === transparency ? 3 : id;
    return channelOf(id, pixels?.bounds.width ?? 0, pixels && every4th(pixels.rgba, at));
  });
  if (mask) channels.push(channelOf(userMask, mask.width, mask.data));
  if (realMask) channels.push(channelOf(realUserMask, realMask.width, realMask.data));
  return { colorMode: 3, bitsPerChannel: 16, channels, large: false };
}

function every4th(rgba: Uint16Array, from: number): Uint16Array {
  const plane = new Uint16Array(rgba.length / 4);
  for (let i = 0, at = from; i < plane.length; i++, at += 4) plane[i] = rgba[at]!;
  return plane;
}

function channelOf(id: number, width: number, plane: Uint16Array | undefined): RawChannel {
  if (!plane || plane.length === 0)
    return { id, compression: 0, data: new Uint8Array(0) } as RawChannel;
  return { id, ...storedPlane(plane, width) } as RawChannel;
}

const depthAt = 22;
const channelsAt = 12;
const headerBytes = 26;

/** The file with `composite` (RGBA of 16 bits) as its merged picture; `file` has layers of 16 bits and calls itself one of 8. */
export function asDeepPsd(file: ArrayBuffer, composite: Uint16Array): ArrayBuffer {
  const view = new DataView(file);
  const isClear = !isOpaque(composite);
  view.setUint16(channelsAt, isClear ? 4 : 3);
  view.setUint16(depthAt, 16);
  const resources = headerBytes + 4 + view.getUint32(headerBytes);
  const section = resources + 4 + view.getUint32(resources);
  const info = { at: section + 8, length: view.getUint32(section + 4) };
  // A negative count: the merged picture has transparency.
  if (isClear) view.setInt16(info.at, -view.getInt16(info.at));
  const masks = info.at + info.length;
  const blocks = masks + 4 + view.getUint32(masks);
  const end = section + 4 + view.getUint32(section);
  const part = (from: number, to: number): Uint8Array => new Uint8Array(file, from, to - from);
  const body = [
    u32(0),
    part(masks, blocks),
    Uint8Array.from('8BIMLr16', (c) => c.charCodeAt(0)),
    u32(info.length + padding(info.length)),
    part(info.at, masks),
    new Uint8Array(padding(info.length)),
    part(blocks, end),
  ];
  const length = body.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return joinBytes([
    part(0, section),
    u32(length),
    ...body,
    mergedPicture(composite, isClear ? 4 : 3),
  ]).buffer;
}

function padding(length: number): number {
  return (4 - (length % 4)) % 4;
}

/** Plane after plane, stored; where it is not opaque its colour lies over white, as Photoshop stores it. */
function mergedPicture(rgba: Uint16Array, channels: number): Uint8Array {
  const count = rgba.length / 4;
  const bytes = new Uint8Array(2 + 2 * channels * count);
  for (let c = 0, to = 2; c < channels; c++) {
    for (let i = 0; i < count; i++, to += 2) {
      const alpha = rgba[i * 4 + 3]!;
      const own = rgba[i * 4 + c]!;
      const value =
        c === 3 || alpha === 65535
          ? own
          : Math.round((own * alpha + 65535 * (65535 - alpha)) / 65535);
      bytes[to] = value >> 8;
      bytes[to + 1] = value;
    }
  }
  return bytes;
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** A mask as ag-psd reads it, a gray picture of 8 or 16 bits, or in 32 a floating one. */
export function deepMaskOf(mask: PsdLayer['mask']): DeepMask | undefined {
  const image = mask?.imageData;
  if (!image) return undefined;
  const { width, height } = image;
  const data: ArrayLike<number> = image.data;
  const factor = data instanceof Uint16Array ? 1 : data instanceof Float32Array ? 65535 : 257;
  const values = new Uint16Array(width * height);
  for (let i = 0; i < values.length; i++)
    values[i] = Math.round(Math.min(65535, Math.max(0, data[i * 4]! * factor)));
  return { width, data: values };
}
