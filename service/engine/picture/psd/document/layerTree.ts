/** The layers of a document as the artist sees them: groups, kinds, names and extents. */
import type { Rect } from '../../../../../shared/geometry.ts';
import { readOrCorrupt, ByteCursor, type Span } from './byteCursor.ts';
import {
  readDescriptor,
  rectOfDescriptor,
  type Descriptor,
  type DescriptorValue,
} from './descriptor.ts';
import type { LayerRecord } from './layerRecords.ts';
import { pathBounds } from './pathBounds.ts';
import type { PsdFile } from './readDocument.ts';
import { findBlocks } from './taggedBlocks.ts';

export type LayerKind =
  | 'pixels'
  | 'group'
  | 'artboard'
  | 'text'
  | 'smartObject'
  | 'shape'
  | 'fill'
  | 'adjustment';

export interface TreeLayer {
  readonly kind: LayerKind;
  /** Key of the block that makes it a fill or an adjustment, such as 'SoCo' or 'curv'. */
  readonly setting?: string;
  readonly name: string;
  /** Index of its record, counted from the bottom; of a group the record on top of its layers. */
  readonly index: number;
  readonly record: LayerRecord;
  /** Of a group the mode of the group. */
  readonly blend: string;
  /** Groups are never clipped. */
  readonly clipped: boolean;
  readonly bounds: Rect;
  /** Bottom first. */
  readonly children: readonly TreeLayer[];
}

const fills = ['SoCo', 'PtFl', 'GdFl'];
const adjustments =
  'CgEd curv expA levl vibA hue2 blnc blwh phfl mixr clrL nvrt post thrs selc grdm brit'.split(' ');
const texts = ['TySh', 'tySh'];
const smartObjects = ['SoLd', 'SoLE', 'plLd', 'PlLd'];
const shapes = ['vogk', 'vmsk', 'vsms', 'vstk', 'vscg'];
const artboards = ['artb', 'artd', 'abdd'];
const dividers = ['lsct', 'lsdk'];
const wantedKeys: ReadonlySet<string> = new Set(
  [fills, adjustments, texts, smartObjects, shapes, artboards, dividers, 'luni'].flat(),
);

const groupOpen = 1;
const groupClosed = 2;
const groupEnd = 3;
const empty: Rect = { x: 0, y: 0, width: 0, height: 0 };

interface Read {
  readonly record: LayerRecord;
  readonly index: number;
  readonly blocks: ReadonlyMap<string, Span>;
  readonly divider: { readonly kind: number; readonly blend?: string } | undefined;
}

/** Bottom first. Throws E_IMAGE_CORRUPT. */
export function layerTree(file: PsdFile): TreeLayer[] {
  return readOrCorrupt(() => {
    const reads = (file.layers?.records ?? []).map((record, index) =>
      readBlocks(file, record, index),
    );
    const unmatched = unmatchedDividers(reads);
    const stack: TreeLayer[][] = [[]];
    for (const read of reads) {
      const kind = unmatched.has(read.index) ? 0 : (read.divider?.kind ?? 0);
      if (kind === groupEnd) stack.push([]);
      else if (kind === groupOpen || kind === groupClosed) {
        const children = stack.pop() ?? [];
        stack.at(-1)?.push(groupLayer(file, read, children));
      } else stack.at(-1)?.push(plainLayer(file, read));
    }
    return stack[0].map((layer) => withExtent(layer, true));
  });
}

/** Every layer and group, each group before its layers. */
export function* allLayers(layers: readonly TreeLayer[]): Generator<TreeLayer> {
  for (const layer of layers) {
    yield layer;
    yield* allLayers(layer.children);
  }
}

function readBlocks(file: PsdFile, record: LayerRecord, index: number): Read {
  const { bytes, form } = file;
  const blocks = findBlocks(bytes, record.blocks, { big: form.big, keys: wantedKeys });
  const span = blocks.get('lsdk') ?? blocks.get('lsct');
  if (!span) return { record, index, blocks, divider: undefined };
  const cursor = new ByteCursor(bytes, span);
  const kind = cursor.u32();
  const hasBlend = cursor.left >= 8 && cursor.ascii(4) === '8BIM';
  const divider = { kind, ...(hasBlend ? { blend: cursor.ascii(4) } : {}) };
  return { record, index, blocks, divider };
}

/** Group ends without a group and groups without an end are taken for layers. */
function unmatchedDividers(reads: readonly Read[]): Set<number> {
  const open: number[] = [];
  const unmatched = new Set<number>();
  for (const { divider, index } of reads) {
    if (divider?.kind === groupEnd) open.push(index);
    else if (divider?.kind === groupOpen || divider?.kind === groupClosed) {
      if (open.pop() === undefined) unmatched.add(index);
    }
  }
  for (const index of open) unmatched.add(index);
  return unmatched;
}

function nameOf(file: PsdFile, { record, blocks }: Read): string {
  const span = blocks.get('luni');
  if (span) return new ByteCursor(file.bytes, span).unicode();
  const { start, end } = record.shortName;
  return new TextDecoder('macintosh').decode(file.bytes.subarray(start, end));
}

function groupLayer(file: PsdFile, read: Read, children: TreeLayer[]): TreeLayer {
  const { record, index, divider } = read;
  const key = artboards.findLast((k) => read.blocks.has(k));
  const settings = key === undefined ? undefined : descriptorOf(file, read, key);
  const rect = rectOfDescriptor(settings?.['artboardRect']);
  return {
    kind: key === undefined ? 'group' : 'artboard',
    name: nameOf(file, read),
    index,
    record,
    blend: divider?.blend ?? record.blend,
    clipped: false,
    bounds: rect ?? empty,
    children,
  };
}

/** A group covers what is shown of its layers; `shown`: all groups around it are. */
function withExtent(layer: TreeLayer, shown: boolean): TreeLayer {
  if (layer.kind !== 'group' && layer.kind !== 'artboard') return layer;
  const visible = shown && layer.record.visible;
  const children = layer.children.map((child) => withExtent(child, visible));
  const bounds = layer.kind === 'group' && visible ? boundsOf(children) : layer.bounds;
  return { ...layer, children, bounds };
}

/** What the visible layers cover; clipped ones reach no further. */
function boundsOf(children: readonly TreeLayer[]): Rect {
  return children
    .filter((c) => c.record.visible && !c.clipped)
    .map((c) => (c.kind === 'artboard' ? boundsOf(c.children) : c.bounds))
    .filter(isPlaced)
    .reduce((all, r) => (isPlaced(all) ? joined(all, r) : r), empty);
}

function isPlaced(r: Rect): boolean {
  return r.x !== 0 || r.y !== 0 || r.width !== 0 || r.height !== 0;
}

/** Rectangles without an area count too. */
function joined(a: Rect, b: Rect): Rect {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  const right = Math.max(a.x + a.width, b.x + b.width);
  const bottom = Math.max(a.y + a.height, b.y + b.height);
  return { x, y, width: right - x, height: bottom - y };
}

function plainLayer(file: PsdFile, read: Read): TreeLayer {
  const { record, index } = read;
  const { kind, setting } = kindOf(read);
  return {
    kind,
    ...(setting === undefined ? {} : { setting }),
    name: nameOf(file, read),
    index,
    record,
    blend: record.blend,
    clipped: record.clipped,
    bounds: layerBounds(file, read, kind),
    children: [],
  };
}

function kindOf({ record, blocks }: Read): { kind: LayerKind; setting?: string } {
  const has = (keys: readonly string[]) => keys.find((key) => blocks.has(key));
  if (has(texts) !== undefined) return { kind: 'text' };
  if (has(smartObjects) !== undefined) return { kind: 'smartObject' };
  const fill = has(fills);
  const adjustment = fill === undefined ? has(adjustments) : undefined;
  if (adjustment !== undefined) return { kind: 'adjustment', setting: adjustment };
  if (record.derivedPixels && has(shapes) !== undefined) return { kind: 'shape' };
  return fill === undefined ? { kind: 'pixels' } : { kind: 'fill', setting: fill };
}

function layerBounds(file: PsdFile, read: Read, kind: LayerKind): Rect {
  const { bounds } = read.record;
  if (kind === 'fill') {
    const { width, height } = file.form;
    const right = bounds.x + bounds.width || width;
    const bottom = bounds.y + bounds.height || height;
    return { x: bounds.x, y: bounds.y, width: right - bounds.x, height: bottom - bounds.y };
  }
  if (kind !== 'shape' || hasPixels(read.record)) return bounds;
  return shapeBounds(file, read) ?? empty;
}

/** More than compression numbers. */
function hasPixels(record: LayerRecord): boolean {
  return record.channels.some(({ id, data }) => id >= 0 && data.end - data.start > 2);
}

/** A shape that was saved without pixels: of its live rectangles and ellipses, else of its path. */
function shapeBounds(file: PsdFile, read: Read): Rect | undefined {
  const list = descriptorOf(file, read, 'vogk', 4)?.['keyDescriptorList'];
  const origins: readonly DescriptorValue[] = Array.isArray(list) ? list : [];
  const rects = origins.map((o) =>
    typeof o === 'object' && !Array.isArray(o) && !isInvalidated(o)
      ? rectOfDescriptor((o as Descriptor)['keyOriginShapeBBox'])
      : undefined,
  );
  const [first] = rects;
  if (first && rects.every((r) => r !== undefined))
    return rects.reduce((a, r) => joined(a, r), first);
  const path = read.blocks.get('vmsk') ?? read.blocks.get('vsms');
  return path ? pathBounds(file.bytes, path, file.form) : undefined;
}

function isInvalidated(origin: DescriptorValue): boolean {
  return (
    typeof origin === 'object' &&
    !Array.isArray(origin) &&
    Boolean((origin as Descriptor)['keyShapeInvalidated'])
  );
}

/** `skip`: bytes of another version number before the descriptor's own. */
function descriptorOf(file: PsdFile, read: Read, key: string, skip = 0) {
  const span = read.blocks.get(key);
  if (!span || span.end - span.start < skip) return undefined;
  return readDescriptor(file.bytes, { start: span.start + skip, end: span.end });
}
