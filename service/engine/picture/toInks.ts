/**
 * sRGB pixels as inks that look like them. A profile's tables into inks and out of them are not each
 * other's inverse: the library's own CMYK profile comes back 4 dE00 yellower, real ones by about one. A
 * result laid beside inks that were read would show that as a seam, so colours are moved beforehand by what
 * the way there and back makes of them, looked up between the nodes of a grid over sRGB.
 */
import { maxOfDepth, pixelData } from './convert.ts';
import { decodeComposite } from './decode.ts';
import type { Raster } from './raster.ts';
import { toProfile } from './toProfile.ts';
import { mapInto } from './mapInto.ts';

/** Nodes along each side of the grid. */
const side = 33;
/** Times that what is still off is taken off again; more gain nothing at 8 bits. */
const rounds = 3;

/**
 * Opaque gray or RGB as 4 channels of which full values are full ink, in the raster's depth. `icc`: of the
 * inks; the library's own without one, or where it cannot be used. Colours that the inks cannot show become
 * the nearest that was found.
 */
export async function toInks(raster: Raster, icc: Uint8Array | undefined) {
  const grid = await bentGrid(icc);
  return toProfile(bent(raster, grid), { icc, space: 'cmyk' });
}

/** For every node the colour (code values, 0..1) that has to be converted so that the node's is seen. */
async function bentGrid(icc: Uint8Array | undefined): Promise<Float32Array> {
  const wanted = nodes();
  const best = wanted.slice();
  const bestOff = new Float32Array(side ** 3).fill(Infinity);
  let tried = wanted;
  for (let round = 0; round <= rounds; round++) {
    const seen = await seenAsInks(tried, icc);
    const next = new Float32Array(wanted.length);
    for (let i = 0; i < bestOff.length; i++) {
      let off = 0;
      for (let c = i * 3; c < i * 3 + 3; c++) {
        const d = wanted[c] - seen[c];
        off += d * d;
        next[c] = Math.min(1, Math.max(0, tried[c] + d));
      }
      if (off >= bestOff[i]) continue;
      bestOff[i] = off;
      best.set(tried.subarray(i * 3, i * 3 + 3), i * 3);
    }
    tried = next;
  }
  return best;
}

function nodes(): Float32Array {
  const out = new Float32Array(side ** 3 * 3);
  for (let i = 0; i < side ** 3; i++) {
    const [r, g, b] = [i % side, Math.floor(i / side) % side, Math.floor(i / side ** 2)];
    out.set([r / (side - 1), g / (side - 1), b / (side - 1)], i * 3);
  }
  return out;
}

/** Code values 0..1 after the way into the inks and back as pictures are read. */
async function seenAsInks(colors: Float32Array, icc: Uint8Array | undefined) {
  const size = { width: side, height: side * side };
  const data = mapInto(new Uint16Array(colors.length), colors, (v) => Math.round(v * 65_535));
  const inks = await toProfile({ ...size, channels: 3, depth: 16, data }, { icc, space: 'cmyk' });
  const stored = { ...size, space: 'cmyk', channels: 4, hasAlpha: false, data: inks.data } as const;
  const { raster } = await decodeComposite({ ...stored, ...(icc ? { icc } : {}) });
  const max = maxOfDepth(raster.depth);
  return mapInto(new Float32Array(raster.data.length), raster.data, (v) => v / max);
}

/** RGB in the raster's depth (floats in 16 bits), each colour moved as the grid says. */
function bent(raster: Raster, grid: Float32Array): Raster {
  const { width, height, channels, data } = raster;
  const depth = raster.depth === 8 ? 8 : 16;
  const out = pixelData(depth, width * height * 3);
  const scale = (side - 1) / maxOfDepth(raster.depth);
  const max = maxOfDepth(depth);
  const step = channels === 3 ? 1 : 0;
  const seen = new Float64Array(3);
  for (let i = 0, from = 0; i < out.length; i += 3, from += channels) {
    const [r, g, b] = [data[from], data[from + step], data[from + 2 * step]];
    between(grid, { r: r * scale, g: g * scale, b: b * scale }, seen);
    for (let c = 0; c < 3; c++) out[i + c] = Math.round(seen[c] * max);
  }
  return { width, height, channels: 3, depth, data: out };
}

interface GridPlace {
  readonly r: number;
  readonly g: number;
  readonly b: number;
}

/** Trilinear; the place is counted in nodes. */
function between(grid: Float32Array, { r, g, b }: GridPlace, out: Float64Array): void {
  const [r0, g0, b0] = [firstNode(r), firstNode(g), firstNode(b)];
  const [dr, dg, db] = [shareOf(r - r0), shareOf(g - g0), shareOf(b - b0)];
  const first = (r0 + (g0 + b0 * side) * side) * 3;
  for (let c = 0; c < 3; c++) {
    const at = first + c;
    const near = alongGreen(grid, { at, dr, dg });
    out[c] = near + (alongGreen(grid, { at: at + side * side * 3, dr, dg }) - near) * db;
  }
}

function alongGreen(
  grid: Float32Array,
  { at, dr, dg }: { readonly at: number; readonly dr: number; readonly dg: number },
): number {
  const next = at + side * 3;
  const low = grid[at] + (grid[at + 3] - grid[at]) * dr;
  return low + (grid[next] + (grid[next + 3] - grid[next]) * dr - low) * dg;
}

function firstNode(place: number): number {
  return Math.min(side - 2, Math.max(0, Math.floor(place)));
}

function shareOf(distance: number): number {
  return Math.min(1, Math.max(0, distance));
}
