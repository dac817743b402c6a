/** Small pictures for the panel, as data URLs: the one form that browser and UXP both show. */
import type { Plane } from '../../shared/frame.ts';
import { encodePng } from './encodePng.ts';

export interface ThumbnailOptions {
  /** Longest side of the answer, pixels; a smaller picture is not enlarged. */
  readonly maxSidePx: number;
  /** 8-bit coverage over the picture, painted over it in translucent red. */
  readonly overlay?: Plane | undefined;
  /** More of them, the first below. */
  readonly overlays?: readonly Overlay[];
}

/** 8-bit coverage over the whole picture, of any size. */
export interface Overlay {
  readonly plane: Plane;
  readonly color: readonly [red: number, green: number, blue: number];
  /** How much of the colour full coverage has, 0..1. */
  readonly strength: number;
}

/** Of what will be seen, and of what may change: panel and canvas paint masks alike. */
export const maskColors = {
  seen: { color: [230, 64, 64], strength: 0.55 },
  change: { color: [64, 132, 240], strength: 0.5 },
} as const;
/** Transparency is shown as this gray: UXP paints images on the panel's own colour otherwise. */
const paper = 128;

/**
 * A PNG data URL of the picture (1 to 4 channels, any depth) reduced by averaging. Always RGB: UXP
 * does not render gray images.
 */
export function thumbnailUrl(picture: Plane, options: ThumbnailOptions): string {
  const scale = Math.min(1, options.maxSidePx / Math.max(picture.width, picture.height));
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  const data = new Uint8Array(width * height * 3);
  const { overlay, overlays: more = [] } = options;
  const overlays = overlay ? [{ plane: overlay, ...maskColors.seen }, ...more] : more;
  const levels = picture.depth === 8 ? 255 : picture.depth === 16 ? 65535 : 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const cell = cellOf(picture, { width, height }, x, y);
      let color = averageColor(picture, cell, levels);
      for (const { plane, color: paint, strength } of overlays) {
        const cover =
          (averageAt(plane, cellOf(plane, { width, height }, x, y), 0) / 255) * strength;
        color = color.map((v, c) => v * (1 - cover) + paint[c]! * cover);
      }
      for (let c = 0; c < 3; c++) data[(y * width + x) * 3 + c] = color[c]! + 0.5;
    }
  }
  return dataUrl(encodePng({ width, height, channels: 3, data }, 4), 'image/png');
}

/** The bytes as a data URL. */
export function dataUrl(bytes: Uint8Array, mime: string): string {
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 8190) {
    parts.push(btoa(String.fromCharCode(...bytes.subarray(i, i + 8190))));
  }
  return `data:${mime};base64,${parts.join('')}`;
}

interface Cell {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

function cellOf(
  from: { readonly width: number; readonly height: number },
  to: { readonly width: number; readonly height: number },
  x: number,
  y: number,
): Cell {
  const x0 = Math.floor((x * from.width) / to.width);
  const y0 = Math.floor((y * from.height) / to.height);
  const x1 = Math.max(x0 + 1, Math.floor(((x + 1) * from.width) / to.width));
  const y1 = Math.max(y0 + 1, Math.floor(((y + 1) * from.height) / to.height));
  return { x0, y0, x1, y1 };
}

function averageColor(picture: Plane, cell: Cell, levels: number): readonly number[] {
  const hasAlpha = picture.channels === 2 || picture.channels === 4;
  const alpha = hasAlpha ? averageAt(picture, cell, picture.channels - 1) / levels : 1;
  const isGray = picture.channels < 3;
  return [0, 1, 2].map((c) => {
    const value = (averageAt(picture, cell, isGray ? 0 : c) / levels) * 255;
    return value * alpha + paper * (1 - alpha);
  });
}

/** At most 16 samples per cell: enough for a thumbnail, and quick on large crops. */
function averageAt(plane: Plane, cell: Cell, channel: number): number {
  const stepX = Math.max(1, Math.floor((cell.x1 - cell.x0) / 4));
  const stepY = Math.max(1, Math.floor((cell.y1 - cell.y0) / 4));
  let sum = 0;
  let count = 0;
  for (let y = cell.y0; y < cell.y1; y += stepY) {
    for (let x = cell.x0; x < cell.x1; x += stepX) {
      sum += plane.data[(y * plane.width + x) * plane.channels + channel]!;
      count++;
    }
  }
  return sum / count;
}
