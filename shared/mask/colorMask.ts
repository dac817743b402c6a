/** Selections from colour and transparency; the workbench's wand and the command line share them. Pure. */
import type { PixelData, PixelDepth } from '../frame.ts';
import { floodFill, type Spot } from './floodFill.ts';

/** Interleaved pixels: 1 gray, 2 gray + alpha, 3 RGB, 4 RGB + alpha; depth 8: 0..255, 16: 0..65535, 32: 0..1. */
export interface ColorPicture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly depth: PixelDepth;
  readonly data: PixelData;
}

/** RGB and alpha, 0..255. */
export type Rgba = readonly [red: number, green: number, blue: number, alpha: number];

export interface ColorRange {
  readonly color: Rgba;
  /** 0..255: how far any channel may be away. */
  readonly tolerance: number;
}

/** Share of the tolerance over which coverage falls to 0 behind it, for an edge without steps. */
const fadeShare = 1 / 4;

/**
 * Coverage, 0..255, of what has nearly the colour: a pixel's distance is the largest difference among its
 * channels in 8-bit levels, alpha among them; without alpha on both sides colours do not count. Full up to
 * the tolerance, then fading to 0 over a quarter of it.
 */
export function colorMask(picture: ColorPicture, range: ColorRange): Uint8Array {
  const { data, channels } = eightBit(picture);
  const coverage = coverageTable(range.tolerance);
  const out = new Uint8Array(picture.width * picture.height);
  const [red, green, blue, alpha] = range.color;
  const isGray = channels < 3;
  const hasAlpha = channels === 2 || channels === 4;
  for (let i = 0, at = 0; i < out.length; i++, at += channels) {
    const own = hasAlpha ? data[at + channels - 1]! : 255;
    let distance = Math.abs(own - alpha);
    if (own !== 0 || alpha !== 0) {
      const r = Math.abs(data[at]! - red);
      const g = Math.abs(data[isGray ? at : at + 1]! - green);
      const b = Math.abs(data[isGray ? at : at + 2]! - blue);
      if (r > distance) distance = r;
      if (g > distance) distance = g;
      if (b > distance) distance = b;
    }
    out[i] = coverage[distance]!;
  }
  return out;
}

/** Of what has the colour only the part that hangs together with a spot, sides touching. */
export function connectedColorMask(
  picture: ColorPicture,
  range: ColorRange,
  from: Spot,
): Uint8Array {
  return floodFill(colorMask(picture, range), picture, from);
}

/** The colour of one pixel. */
export function colorAt({ width, channels, depth, data }: ColorPicture, { x, y }: Spot): Rgba {
  const at = (y * width + x) * channels;
  const level = (channel: number) => levelOf(data[at + channel]!, depth);
  const isGray = channels < 3;
  const alpha = channels === 2 || channels === 4 ? level(channels - 1) : 255;
  return isGray ? [level(0), level(0), level(0), alpha] : [level(0), level(1), level(2), alpha];
}

/** Coverage of what is opaque, 0..255; full where there is no alpha. */
export function alphaMask({ width, height, channels, depth, data }: ColorPicture): Uint8Array {
  const out = new Uint8Array(width * height).fill(255);
  if (channels === 1 || channels === 3) return out;
  for (let i = 0; i < out.length; i++) {
    out[i] = levelOf(data[i * channels + channels - 1]!, depth);
  }
  return out;
}

/** '#rrggbb' or '#rgb', with or without the sign; undefined for anything else. */
export function colorOfHex(text: string): Rgba | undefined {
  const digits = /^#?([0-9a-f]{6}|[0-9a-f]{3})$/i.exec(text.trim())?.[1];
  if (digits === undefined) return undefined;
  const pairs = digits.length === 3 ? digits.replaceAll(/./g, '$&$&') : digits;
  const part = (at: number) => Number.parseInt(pairs.slice(at, at + 2), 16);
  return [part(0), part(2), part(4), 255];
}

function coverageTable(tolerance: number): Uint8Array {
  const fade = tolerance * fadeShare;
  return Uint8Array.from({ length: 256 }, (_, distance) => {
    if (distance <= tolerance) return 255;
    const left = fade === 0 ? 0 : 1 - (distance - tolerance) / fade;
    return left <= 0 ? 0 : Math.round(left * 255);
  });
}

function eightBit(picture: ColorPicture): { data: Uint8Array; channels: number } {
  const { data, channels, depth } = picture;
  if (depth === 8 && data instanceof Uint8Array) return { data, channels };
  const out = new Uint8Array(data.length);
  for (let i = 0; i < out.length; i++) out[i] = levelOf(data[i]!, depth);
  return { data: out, channels };
}

function levelOf(value: number, depth: PixelDepth): number {
  if (depth === 8) return value;
  return Math.round(depth === 16 ? value / 257 : Math.min(1, Math.max(0, value)) * 255);
}
