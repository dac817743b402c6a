/**
 * Photoshop documents of 8 and 16 bits, gray or RGB, with layers, layer masks and groups (Adobe
 * Photoshop File Formats Specification). Layers of a 16-bit document lie in an `Lr16` block, as
 * Photoshop writes them itself.
 */
import type { Rect } from '../../../../shared/geometry.ts';
import { maxOfDepth } from '../convert.ts';
import { usualPpi } from '../density.ts';
import type { Mask, Raster } from '../raster.ts';
import {
  ascii,
  concat,
  padded,
  padding,
  sizeOf,
  u16,
  u32,
  u8,
  withLength,
  type Piece,
} from './bytes.ts';
import { channelPlanes, compositeData, type PlaneValues } from './planeCoding.ts';
import { layerInfo } from './writeLayers.ts';

export interface PsdLayer {
  readonly kind: 'pixels';
  readonly name: string;
  /** Upper left corner of the pixels, document pixels; may be negative. */
  readonly x: number;
  readonly y: number;
  /** Colour as the document has it, with or without alpha, in the document's depth. */
  readonly pixels: Raster;
  /** Editable layer mask: hidden wherever it does not reach. */
  readonly mask?: { readonly bounds: Rect; readonly pixels: Mask };
  /** 0..255; opaque unless told. */
  readonly opacity?: number;
  readonly visible?: boolean;
  /** The locked bottom layer: opaque pixels over the whole canvas. */
  readonly background?: boolean;
}

export interface PsdGroup {
  readonly kind: 'group';
  readonly name: string;
  /** Bottom first. */
  readonly children: readonly PsdNode[];
  readonly visible?: boolean;
}

export type PsdNode = PsdLayer | PsdGroup;

interface PsdDocument {
  readonly width: number;
  readonly height: number;
  readonly depth: 8 | 16;
  readonly mode: 'rgb' | 'gray';
  /** Bottom first. */
  readonly layers: readonly PsdNode[];
  /** How the document looks: for programs that do not read layers, and for previews. */
  readonly composite: Raster;
  readonly icc?: Uint8Array;
  /** XMP packet of the document. */
  readonly xmp?: string;
  /** Whole pixels per inch; 72 without it. */
  readonly densityPpi?: number | undefined;
}

const resolutionResource = 1005;
const iccResource = 1039;
const versionResource = 1057;
const xmpResource = 1060;

/** The whole file. Throws a RangeError when pixels do not have the document's size, depth or channels. */
export function writePsd(document: PsdDocument): Uint8Array {
  const { width, height, depth, composite } = document;
  const colors = document.mode === 'gray' ? 1 : 3;
  checkComposite(document, colors);
  const hasAlpha = composite.channels > colors;
  const layers = layerInfo(document.layers, { colors, depth, mergedAlpha: hasAlpha });
  return concat([
    ascii('8BPS'),
    u16(1, 0, 0, 0, composite.channels),
    u32(height, width),
    u16(depth, document.mode === 'gray' ? 1 : 3),
    u32(0),
    withLength(resources(document)),
    ...(depth === 8 ? plainLayers(layers) : deepLayers(layers)),
    ...compositeData(compositePlanes(composite, colors)),
  ]);
}

function checkComposite(document: PsdDocument, colors: number): void {
  const { composite } = document;
  const fits =
    composite.width === document.width &&
    composite.height === document.height &&
    composite.depth === document.depth &&
    (composite.channels === colors || composite.channels === colors + 1);
  if (!fits) throw new RangeError('The composite does not have the form of the document');
}

/** The section of layers and masks with its length. */
function plainLayers(info: readonly Piece[]): Piece[] {
  const extra = padding(sizeOf(info), 4);
  const length = sizeOf(info) + extra.length;
  return [u32(length + 8, length), ...info, extra, u32(0)];
}

function deepLayers(info: readonly Piece[]): Piece[] {
  const extra = padding(sizeOf(info), 4);
  const length = sizeOf(info) + extra.length;
  return [u32(length + 20, 0, 0), ascii('8BIMLr16'), u32(length), ...info, extra];
}

function resources(document: PsdDocument): Uint8Array {
  // 16.16 fixed point, shown in inches.
  const ppi = u32((document.densityPpi ?? usualPpi) * 65_536);
  const resolution = concat([ppi, u16(1, 1), ppi, u16(1, 1)]);
  const name = concat([u32(10), utf16('Pentimento')]);
  const version = concat([u32(1), u8(1), name, name, u32(1)]);
  const blocks = [resource(resolutionResource, resolution), resource(versionResource, version)];
  if (document.icc) blocks.push(resource(iccResource, document.icc));
  if (document.xmp !== undefined) {
    blocks.push(resource(xmpResource, new Uint8Array(Buffer.from(document.xmp, 'utf8'))));
  }
  return concat(blocks);
}

function resource(id: number, data: Uint8Array): Uint8Array {
  return concat([ascii('8BIM'), u16(id, 0), u32(data.length), padded(data, 2)]);
}

/** UTF-16 big-endian, without a length. */
function utf16(text: string): Uint8Array {
  return u16(...Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)));
}

/** Channel after channel; where the document is clear its colour lies over white, as Photoshop stores it. */
function compositePlanes(composite: Raster, colors: number) {
  const { width, height } = composite;
  const planes = channelPlanes(composite).map((data) => ({ width, height, data }));
  const alpha = planes[colors]?.data;
  const max = maxOfDepth(composite.depth);
  if (alpha && !isFilledWith(alpha, max)) {
    for (const { data } of planes.slice(0, colors)) layOverWhite(data, alpha, max);
  }
  return planes;
}

function isFilledWith(plane: PlaneValues, value: number): boolean {
  for (let i = 0; i < plane.length; i++) if (plane[i] !== value) return false;
  return true;
}

function layOverWhite(data: PlaneValues, alpha: PlaneValues, max: number): void {
  for (let i = 0; i < data.length; i++) {
    if (alpha[i] === max) continue;
    const a = alpha[i] / max;
    data[i] = Math.round(data[i] * a + max * (1 - a));
  }
}
