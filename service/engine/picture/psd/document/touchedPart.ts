/** What of a document's composite new layers change, and how they mix with it. */
import {
  intersectRects,
  isEmptyRect,
  rectOfSize,
  type Rect,
} from '../../../../../shared/geometry.ts';
import type { Span } from './byteCursor.ts';
import type { ChannelValues } from './channelPixels.ts';
import { colorsOf } from './documentForm.ts';
import type { RowRange } from './mergedRows.ts';
import type { PsdFile } from './readDocument.ts';

/** A layer of opaque colour in the document's own channels and depth, seen through its mask. */
export interface SeenLayer {
  readonly bounds: Rect;
  readonly channels: readonly ChannelValues[];
  /** 0..255 over the bounds. */
  readonly alpha: Uint8Array;
}

export interface TouchedPart {
  /** Bytes of a row, from the leftmost layer to the rightmost. */
  readonly columns: Span;
  /** Rows of colour and transparency that a layer covers, in their order. */
  readonly rows: readonly RowRange[];
  /** Lays all layers, the bottom one first, over the columns of a row of big-endian values. */
  readonly mix: (index: number, columns: Uint8Array) => void;
}

/** Bottom layer first. */
export function touchedPart(file: PsdFile, layers: readonly SeenLayer[]): TouchedPart {
  const { form } = file;
  const { depth, height } = form;
  const colors = colorsOf(form);
  const hasAlpha = (file.layers?.mergedAlpha ?? false) && form.channels > colors;
  const seen = layers
    .map((layer) => ({ ...layer, seen: intersectRects(layer.bounds, rectOfSize(form)) }))
    .filter((layer) => !isEmptyRect(layer.seen));
  const left = Math.min(form.width, ...seen.map((l) => l.seen.x));
  const right = Math.max(left, ...seen.map((l) => l.seen.x + l.seen.width));
  const ranges = rowsOf(seen.map((l) => l.seen));
  const channels = Array.from({ length: colors + (hasAlpha ? 1 : 0) }, (_, c) => c);
  return {
    columns: { start: left * (depth / 8), end: right * (depth / 8) },
    rows: channels.flatMap((c) =>
      ranges.map(({ first, count }) => ({ first: c * height + first, count })),
    ),
    mix(index, columns) {
      const channel = Math.floor(index / height);
      const y = index - channel * height;
      for (const layer of seen) {
        const { bounds, alpha } = layer;
        const row = y - layer.seen.y;
        if (row < 0 || row >= layer.seen.height) continue;
        const from = (y - bounds.y) * bounds.width + layer.seen.x - bounds.x;
        const share = { alpha, from, at: layer.seen.x - left, count: layer.seen.width };
        mixRow(columns, depth, channel < colors ? layer.channels[channel] : undefined, share);
      }
    },
  };
}

/** Rows that the rectangles cover together, without those between them. */
function rowsOf(rects: readonly Rect[]): RowRange[] {
  const ranges: RowRange[] = [];
  for (const { y, height } of rects.toSorted((a, b) => a.y - b.y)) {
    const last = ranges.at(-1);
    const end = last ? last.first + last.count : -1;
    if (!last || y > end) ranges.push({ first: y, count: height });
    else ranges[ranges.length - 1] = { ...last, count: Math.max(end, y + height) - last.first };
  }
  return ranges;
}

interface RowShare {
  readonly alpha: Uint8Array;
  /** Index in the layer's planes. */
  readonly from: number;
  /** Pixel of the row. */
  readonly at: number;
  readonly count: number;
}

/** Without values: full transparency values. Where the mask is 0 every bit stays. */
function mixRow(
  row: Uint8Array,
  depth: 8 | 16 | 32,
  values: ChannelValues | undefined,
  share: RowShare,
): void {
  if (depth === 16) return mixRow16(row, values, share);
  const { alpha, from, at, count } = share;
  const view = new DataView(row.buffer, row.byteOffset, row.byteLength);
  const full = depth === 8 ? 255 : 1;
  for (let i = 0; i < count; i++) {
    const part = alpha[from + i] / 255;
    if (part === 0) continue;
    const over = values ? values[from + i] : full;
    const x = at + i;
    if (depth === 8) row[x] = Math.round(row[x] + (over - row[x]) * part);
    else {
      const under = view.getFloat32(x * 4);
      view.setFloat32(x * 4, part === 1 ? over : under + (over - under) * part);
    }
  }
}

function mixRow16(
  row: Uint8Array,
  values: ChannelValues | undefined,
  { alpha, from, at, count }: RowShare,
): void {
  for (let i = 0, to = at * 2; i < count; i++, to += 2) {
    const part = alpha[from + i];
    if (part === 0) continue;
    const over = values ? values[from + i] : 65535;
    const under = (row[to] << 8) | row[to + 1];
    const mixed = part === 255 ? over : Math.round(under + (over - under) * (part / 255));
    row[to] = mixed >> 8;
    row[to + 1] = mixed;
  }
}
