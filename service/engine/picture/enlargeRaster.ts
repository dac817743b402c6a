/**
 * A picture made larger at its own depth, by a network that sees tiles or by Lanczos. Rows leave as soon
 * as no further tile changes them, so that what is held in float is one row of tiles.
 */
import type { Rect, Size } from '../../../shared/geometry.ts';
import { fromFloatImage, maxOfDepth, pixelData, toFloatImage } from './convert.ts';
import { cropRaster } from './crop.ts';
import type { FloatImage, Raster } from './raster.ts';
import { resampledRows, type WriteRow } from './resample.ts';
import { finishedRows, tileAxis, tileWeights } from './tileBlend.ts';

/** RGB 0..1 in, RGB about 0..1 out, larger by a whole factor. */
export interface EnlargingNetwork {
  readonly scale: number;
  enlarge(tile: FloatImage): Promise<FloatImage>;
}

export interface EnlargeTarget {
  /** Of the whole enlarged picture, pixels. */
  readonly size: Size;
  /** The part of it that is wanted. */
  readonly window: Rect;
}

export interface TileOptions {
  /** Side of what the network sees at once, pixels of the picture; 0: everything. */
  readonly tilePx: number;
  /** Pixels of a tile that the next one has as well. */
  readonly overlapPx: number;
  /** Told before each tile and at the end; what it throws ends the work. */
  readonly onTile: (done: number, all: number) => void;
}

/** Takes a row of the window: RGB 0..1. */
export type PutRow = (y: number, row: Float32Array) => void;

/** How many tiles the network will see. */
export function countTiles(size: Size, { tilePx, overlapPx }: Omit<TileOptions, 'onTile'>): number {
  const across = tileAxis(size.width, tilePx, overlapPx);
  return across.starts.length * tileAxis(size.height, tilePx, overlapPx).starts.length;
}

/**
 * By a network; what its factor misses of the target's size is left to Lanczos. Alpha is not looked at.
 * Throws what the network and `onTile` throw.
 */
export async function enlargeByNetwork(
  raster: Raster,
  network: EnlargingNetwork,
  target: EnlargeTarget,
  options: TileOptions & { readonly put: PutRow },
): Promise<void> {
  const { scale } = network;
  const xs = tileAxis(raster.width, options.tilePx, options.overlapPx);
  const ys = tileAxis(raster.height, options.tilePx, options.overlapPx);
  const rows = new Map<number, Float32Array>();
  const rowLength = raster.width * scale * 3;
  const enlarged = { width: raster.width * scale, height: raster.height * scale };
  const out = rowWriter(rows, enlarged, target, options.put);
  const all = xs.starts.length * ys.starts.length;
  let done = 0;
  for (const [j, y] of ys.starts.entries()) {
    const down = tileWeights(ys, j, scale);
    for (const [i, x] of xs.starts.entries()) {
      options.onTile(done++, all);
      const tile = cropRaster(raster, { x, y, width: xs.side, height: ys.side });
      const answer = await network.enlarge(toFloatImage(tile).image);
      const weights = { across: tileWeights(xs, i, scale), down };
      addTile(rows, rowLength, answer, { x: x * scale, y: y * scale, ...weights });
    }
    out.take(finishedRows(ys, j, scale));
  }
  options.onTile(all, all);
}

interface TilePlace {
  /** In the enlarged picture. */
  readonly x: number;
  readonly y: number;
  readonly across: Float32Array;
  readonly down: Float32Array;
}

function addTile(
  rows: Map<number, Float32Array>,
  rowLength: number,
  tile: FloatImage,
  { x, y, across, down }: TilePlace,
): void {
  for (let ty = 0; ty < tile.height; ty++) {
    const share = down[ty];
    if (share === 0) continue;
    let row = rows.get(y + ty);
    if (!row) rows.set(y + ty, (row = new Float32Array(rowLength)));
    let from = ty * tile.width * 3;
    let to = x * 3;
    for (let tx = 0; tx < tile.width; tx++, from += 3, to += 3) {
      const weight = across[tx] * share;
      if (weight === 0) continue;
      row[to] += weight * tile.data[from];
      row[to + 1] += weight * tile.data[from + 1];
      row[to + 2] += weight * tile.data[from + 2];
    }
  }
}

/** Gives away rows of the target as soon as the rows that they are made of are finished. */
function rowWriter(
  rows: Map<number, Float32Array>,
  enlarged: Size,
  { size, window }: EnlargeTarget,
  put: PutRow,
): { take(finished: number): void } {
  // Each row is asked for once, from the top.
  const source: WriteRow = (y, out, at) => {
    const row = rows.get(y);
    if (row) out.set(row, at);
    for (const old of rows.keys()) {
      if (old > y) break;
      rows.delete(old);
    }
  };
  const target = { size, window, channels: 3, filter: 'lanczos3' } as const;
  const answer = resampledRows(source, enlarged, target);
  let next = 0;
  return {
    take(finished) {
      while (next < window.height && answer.rowsFor(next) <= finished) {
        const row = new Float32Array(window.width * 3);
        answer.writeRow(next, row, 0);
        put(next, row);
        next++;
      }
    },
  };
}

/** By Lanczos or by repeating pixels, without a network; clear pixels keep their colour to themselves. */
export function enlargePlain(
  raster: Raster,
  kind: 'lanczos' | 'nearest',
  { size, window }: EnlargeTarget,
  put: PutRow,
): void {
  if (kind === 'nearest') return repeatPixels(raster, { size, window }, put);
  const { image, alpha } = toFloatImage(raster);
  if (alpha) multiply(image.data, alpha.data, 3);
  const rowsOf =
    (data: Float32Array, length: number): WriteRow =>
    (y, out, at) =>
      out.set(data.subarray(y * length, (y + 1) * length), at);
  const target = { size, window, filter: 'lanczos3' } as const;
  const colors = resampledRows(rowsOf(image.data, raster.width * 3), raster, {
    ...target,
    channels: 3,
  });
  const clear =
    alpha && resampledRows(rowsOf(alpha.data, raster.width), raster, { ...target, channels: 1 });
  const shares = new Float32Array(window.width);
  for (let y = 0; y < window.height; y++) {
    const row = new Float32Array(window.width * 3);
    colors.writeRow(y, row, 0);
    if (clear) {
      clear.writeRow(y, shares, 0);
      for (let i = 0; i < row.length; i++) row[i] /= Math.max(shares[Math.floor(i / 3)], 1 / 65535);
    }
    put(y, row);
  }
}

function multiply(colors: Float32Array, shares: Float32Array, channels: number): void {
  for (let i = 0; i < colors.length; i++) colors[i] *= shares[Math.floor(i / channels)];
}

function repeatPixels(raster: Raster, { size, window }: EnlargeTarget, put: PutRow): void {
  const from = (at: number, length: number, side: number) =>
    Math.min(side - 1, Math.floor(((at + 0.5) * side) / length));
  const { data } = toFloatImage(raster).image;
  for (let y = 0; y < window.height; y++) {
    const line = from(window.y + y, size.height, raster.height) * raster.width;
    const row = new Float32Array(window.width * 3);
    for (let x = 0; x < window.width; x++) {
      const at = (line + from(window.x + x, size.width, raster.width)) * 3;
      row.set(data.subarray(at, at + 3), x * 3);
    }
    put(y, row);
  }
}

/** The alpha over the window, or full where there is none. */
export function enlargeAlpha(raster: Raster, { size, window }: EnlargeTarget): Uint8Array {
  const out = new Uint8Array(window.width * window.height).fill(255);
  const { channels } = raster;
  if (channels === 1 || channels === 3) return out;
  const scale = 255 / maxOfDepth(raster.depth);
  const source: WriteRow = (y, row, at) => {
    let from = y * raster.width * channels + channels - 1;
    for (let x = 0; x < raster.width; x++, from += channels) {
      row[at + x] = (raster.data[from] * scale) / 255;
    }
  };
  const target = { size, window, channels: 1, filter: 'lanczos3' } as const;
  const answer = resampledRows(source, raster, target);
  const row = new Float32Array(window.width);
  for (let y = 0; y < window.height; y++) {
    answer.writeRow(y, row, 0);
    for (let x = 0; x < window.width; x++) out[y * window.width + x] = row[x] * 255 + 0.5;
  }
  return out;
}

/** Where rows of RGB become a raster at the original's depth, gray where that is. */
export function rasterSink(
  like: Pick<Raster, 'channels' | 'depth'>,
  { width, height }: Size,
): { readonly raster: Raster; readonly put: PutRow; mix(share: number): PutRow } {
  const channels = like.channels <= 2 ? 1 : 3;
  const form = { channels, depth: like.depth } as const;
  const data = pixelData(like.depth, width * height * channels);
  const inForm = (row: Float32Array) => fromFloatImage({ width, height: 1, data: row }, form).data;
  const at = (y: number) => y * width * channels;
  return {
    raster: { width, height, ...form, data },
    put: (y, row) => data.set(inForm(row), at(y)),
    mix: (share) => (y, row) => {
      const over = inForm(row);
      const round = like.depth === 32 ? 0 : 0.5;
      for (let i = 0, to = at(y); i < over.length; i++, to++) {
        data[to] = data[to] + (over[i] - data[to]) * share + round;
      }
    },
  };
}
