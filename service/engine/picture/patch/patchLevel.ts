/** One scale of the patch fill: colours and texture measures, and what is hole, target and source. */
import type { FloatImage } from '../raster.ts';

/** Patches are 7 x 7 pixels. */
export const patchRadius = 3;
/** R, G, B and two measures of texture. */
export const patchChannels = 5;

export interface PatchLevel {
  readonly width: number;
  readonly height: number;
  /** `patchChannels` values per pixel, 0..1; in the hole the present estimate. */
  readonly data: Float32Array;
  /** 1 in the hole. */
  readonly hole: Uint8Array;
  /** Centres of patches that touch the hole, row by row. */
  readonly targets: Int32Array;
  /** 1 at centres of patches that hold known pixels only. */
  readonly isSource: Uint8Array;
  readonly sources: Int32Array;
  /** How far inside the hole each pixel is, in pixels; 0 outside. */
  readonly depth: Float32Array;
}

/** How much a difference of texture counts beside a difference of colour. */
const textureGain = 3;
/** Side of the square over which texture is measured, at full size. */
const textureRadius = 4;

/**
 * Full-size pixels with texture: the mean absolute horizontal and vertical slope of lightness around
 * each pixel, over known pixels only (Newson et al., Video Inpainting of Complex Scenes, 2014: without
 * it, coarse scales take a smooth patch for a textured one of the same mean).
 */
export function withTexture(image: FloatImage, hole: Uint8Array): Float32Array {
  const { width, height, data } = image;
  const count = width * height;
  const light = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    light[i] = 0.299 * data[i * 3] + 0.587 * data[i * 3 + 1] + 0.114 * data[i * 3 + 2];
  }
  const slopes = [new Float32Array(count), new Float32Array(count), new Float32Array(count)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const right = x < width - 1 ? i + 1 : i;
      const down = y < height - 1 ? i + width : i;
      if (hole[i] || hole[right] || hole[down]) continue;
      slopes[0][i] = Math.abs(light[right] - light[i]);
      slopes[1][i] = Math.abs(light[down] - light[i]);
      slopes[2][i] = 1;
    }
  }
  const [across, along, weight] = slopes.map((plane) => boxSum(plane, width, height));
  const out = new Float32Array(count * patchChannels);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) out[i * patchChannels + c] = data[i * 3 + c];
    const scale = weight[i] > 0 ? textureGain / weight[i] : 0;
    out[i * patchChannels + 3] = across[i] * scale;
    out[i * patchChannels + 4] = along[i] * scale;
  }
  return out;
}

function boxSum(plane: Float32Array, width: number, height: number): Float32Array {
  const r = textureRadius;
  const rows = new Float32Array(plane.length);
  for (let y = 0; y < height; y++) {
    let sum = 0;
    const at = y * width;
    for (let x = -r; x < width; x++) {
      if (x + r < width) sum += plane[at + x + r];
      if (x - r > 0) sum -= plane[at + x - r - 1];
      if (x >= 0) rows[at + x] = sum;
    }
  }
  const out = new Float32Array(plane.length);
  for (let x = 0; x < width; x++) {
    let sum = 0;
    for (let y = -r; y < height; y++) {
      if (y + r < height) sum += rows[(y + r) * width + x];
      if (y - r > 0) sum -= rows[(y - r - 1) * width + x];
      if (y >= 0) out[y * width + x] = sum;
    }
  }
  return out;
}

/** Sorts out the roles of a scale's pixels. */
export function makeLevel(
  size: { readonly width: number; readonly height: number },
  data: Float32Array,
  hole: Uint8Array,
): PatchLevel {
  const { width, height } = size;
  const r = patchRadius;
  const touched = touchesHole(hole, width, height);
  const targets: number[] = [];
  const sources: number[] = [];
  const isSource = new Uint8Array(width * height);
  for (let y = r; y < height - r; y++) {
    for (let x = r; x < width - r; x++) {
      const i = y * width + x;
      if (touched[i]) targets.push(i);
      else {
        isSource[i] = 1;
        sources.push(i);
      }
    }
  }
  return {
    width,
    height,
    data,
    hole,
    targets: Int32Array.from(targets),
    isSource,
    sources: Int32Array.from(sources),
    depth: holeDepth(hole, width, height),
  };
}

/** 1 where the square of a patch around the pixel holds a hole pixel. */
function touchesHole(hole: Uint8Array, width: number, height: number): Uint8Array {
  const r = patchRadius;
  const rows = new Uint8Array(hole.length);
  for (let y = 0; y < height; y++) {
    let last = -Infinity;
    for (let x = 0; x < width + r; x++) {
      if (x < width && hole[y * width + x]) last = x;
      if (x >= r && last >= x - 2 * r) rows[y * width + x - r] = 1;
    }
  }
  const out = new Uint8Array(hole.length);
  for (let x = 0; x < width; x++) {
    let last = -Infinity;
    for (let y = 0; y < height + r; y++) {
      if (y < height && rows[y * width + x]) last = y;
      if (y >= r && last >= y - 2 * r) out[(y - r) * width + x] = 1;
    }
  }
  return out;
}

/** Distance to the hole's rim along the grid, forth and back (3-4 chamfer, Borgefors 1986). */
function holeDepth(hole: Uint8Array, width: number, height: number): Float32Array {
  const out = Float32Array.from(hole, (v) => (v ? 1e6 : 0));
  const take = (i: number, x: number, y: number, step: number) => {
    if (x < 0 || x >= width || y < 0 || y >= height) return;
    out[i] = Math.min(out[i], out[y * width + x] + step);
  };
  for (let pass = 0; pass < 2; pass++) {
    const s = pass === 0 ? -1 : 1;
    for (let n = 0; n < out.length; n++) {
      const i = pass === 0 ? n : out.length - 1 - n;
      if (out[i] === 0) continue;
      const x = i % width;
      const y = (i - x) / width;
      take(i, x + s, y, 1);
      take(i, x, y + s, 1);
      take(i, x + s, y + s, 4 / 3);
      take(i, x - s, y + s, 4 / 3);
    }
  }
  return out;
}

/** Half the size: means of the known pixels of each 2 x 2; a cell with any hole pixel is hole. */
export function halveLevel(level: PatchLevel): PatchLevel {
  const width = level.width >> 1;
  const height = level.height >> 1;
  const data = new Float32Array(width * height * patchChannels);
  const hole = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const to = y * width + x;
      let known = 0;
      for (let k = 0; k < 4; k++) {
        const from = (2 * y + (k >> 1)) * level.width + 2 * x + (k & 1);
        if (level.hole[from]) {
          hole[to] = 1;
          continue;
        }
        known++;
        for (let c = 0; c < patchChannels; c++) {
          data[to * patchChannels + c] += level.data[from * patchChannels + c];
        }
      }
      if (known === 0) continue;
      for (let c = 0; c < patchChannels; c++) data[to * patchChannels + c] /= known;
    }
  }
  return makeLevel({ width, height }, data, hole);
}
