/** One scale of the patch fill: colours and texture measures, and what is hole, target and source. */
import type { Size } from '../../../../shared/geometry.ts';
import type { FloatImage } from '../raster.ts';
import { inParts, type Sliced } from '../sliced.ts';
import { holeDepth } from './holeDepth.ts';

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
/** Half the side of the square over which texture is measured, at full size. */
const textureRadius = 4;

/**
 * Full-size pixels with texture: the mean absolute horizontal and vertical slope of lightness around
 * each pixel, over known pixels only (Newson et al., Video Inpainting of Complex Scenes, 2014: without
 * it, coarse scales take a smooth patch for a textured one of the same mean).
 */
export function* withTexture(image: FloatImage, hole: Uint8Array): Sliced<Float32Array> {
  const { width, height, data } = image;
  const slopes = yield* slopesOf(image, hole);
  const sums: Float32Array[] = [];
  for (const plane of slopes) sums.push(yield* boxSum(plane, image));
  const [across, along, weight] = sums;
  const out = new Float32Array(width * height * patchChannels);
  yield* inParts(height, width * 2, (from, to) => {
    for (let i = from * width; i < to * width; i++) {
      const at = i * patchChannels;
      out[at] = data[i * 3];
      out[at + 1] = data[i * 3 + 1];
      out[at + 2] = data[i * 3 + 2];
      const scale = weight[i] > 0 ? textureGain / weight[i] : 0;
      out[at + 3] = across[i] * scale;
      out[at + 4] = along[i] * scale;
    }
  });
  return out;
}

/** Absolute slopes of lightness to the right and down, and 1 where both are known. */
function* slopesOf({ width, height, data }: FloatImage, hole: Uint8Array): Sliced<Float32Array[]> {
  const count = width * height;
  const slopes = [new Float32Array(count), new Float32Array(count), new Float32Array(count)];
  const light = (i: number) =>
    0.299 * data[i * 3] + 0.587 * data[i * 3 + 1] + 0.114 * data[i * 3 + 2];
  yield* inParts(height, width * 3, (from, to) => {
    for (let y = from; y < to; y++) {
      for (let x = 0; x < width; x++) {
        const i = y * width + x;
        const right = x < width - 1 ? i + 1 : i;
        const down = y < height - 1 ? i + width : i;
        if (hole[i] || hole[right] || hole[down]) continue;
        const here = light(i);
        slopes[0][i] = Math.abs(light(right) - here);
        slopes[1][i] = Math.abs(light(down) - here);
        slopes[2][i] = 1;
      }
    }
  });
  return slopes;
}

function* boxSum(plane: Float32Array, { width, height }: Size): Sliced<Float32Array> {
  const r = textureRadius;
  const rows = new Float32Array(plane.length);
  yield* inParts(height, width, (from, to) => {
    for (let y = from; y < to; y++) {
      let sum = 0;
      const at = y * width;
      for (let x = -r; x < width; x++) {
        if (x + r < width) sum += plane[at + x + r];
        if (x - r > 0) sum -= plane[at + x - r - 1];
        if (x >= 0) rows[at + x] = sum;
      }
    }
  });
  const out = plane;
  const sums = new Float64Array(width);
  const add = (y: number, sign: 1 | -1) => {
    if (y < 0 || y >= height) return;
    for (let x = 0; x < width; x++) sums[x] += sign * rows[y * width + x];
  };
  for (let y = 0; y < r; y++) add(y, 1);
  yield* inParts(height, width * 3, (from, to) => {
    for (let y = from; y < to; y++) {
      add(y + r, 1);
      add(y - r - 1, -1);
      out.set(sums, y * width);
    }
  });
  return out;
}

/** Sorts out the roles of a scale's pixels. */
export function* makeLevel(
  { width, height }: Size,
  data: Float32Array,
  hole: Uint8Array,
): Sliced<PatchLevel> {
  const r = patchRadius;
  const touched = yield* touchesHole(hole, { width, height });
  const isSource = new Uint8Array(width * height);
  const places = {
    targets: new Int32Array(width * height),
    sources: new Int32Array(width * height),
  };
  let targets = 0;
  let sources = 0;
  yield* inParts(height, width, (from, to) => {
    for (let y = Math.max(from, r); y < Math.min(to, height - r); y++) {
      for (let i = y * width + r; i < (y + 1) * width - r; i++) {
        if (touched[i]) places.targets[targets++] = i;
        else {
          isSource[i] = 1;
          places.sources[sources++] = i;
        }
      }
    }
  });
  return {
    width,
    height,
    data,
    hole,
    targets: places.targets.slice(0, targets),
    isSource,
    sources: places.sources.slice(0, sources),
    depth: yield* holeDepth(hole, { width, height }),
  };
}

/** 1 where the square of a patch around the pixel holds a hole pixel. */
function* touchesHole(hole: Uint8Array, { width, height }: Size): Sliced<Uint8Array> {
  const r = patchRadius;
  const rows = new Uint8Array(hole.length);
  yield* inParts(height, width, (from, to) => {
    for (let y = from; y < to; y++) {
      let last = -Infinity;
      for (let x = 0; x < width + r; x++) {
        if (x < width && hole[y * width + x]) last = x;
        if (x >= r && last >= x - 2 * r) rows[y * width + x - r] = 1;
      }
    }
  });
  const out = new Uint8Array(hole.length);
  const last = new Float64Array(width).fill(-Infinity);
  yield* inParts(height + r, width, (from, to) => {
    for (let y = from; y < to; y++) {
      for (let x = 0; x < width; x++) {
        if (y < height && rows[y * width + x]) last[x] = y;
        if (y >= r && last[x] >= y - 2 * r) out[(y - r) * width + x] = 1;
      }
    }
  });
  return out;
}

/** Half the size: means of the known pixels of each 2 x 2; a cell with any hole pixel is hole. */
export function* halveLevel(level: PatchLevel): Sliced<PatchLevel> {
  const width = level.width >> 1;
  const height = level.height >> 1;
  const data = new Float32Array(width * height * patchChannels);
  const hole = new Uint8Array(width * height);
  yield* inParts(height, width * 5, (from, to) => {
    for (let y = from; y < to; y++) {
      for (let x = 0; x < width; x++) meanOfFour(level, { x, y }, { width, data, hole });
    }
  });
  return yield* makeLevel({ width, height }, data, hole);
}

function meanOfFour(
  level: PatchLevel,
  { x, y }: { readonly x: number; readonly y: number },
  out: { readonly width: number; readonly data: Float32Array; readonly hole: Uint8Array },
): void {
  const to = y * out.width + x;
  let known = 0;
  for (let k = 0; k < 4; k++) {
    const from = (2 * y + (k >> 1)) * level.width + 2 * x + (k & 1);
    if (level.hole[from]) {
      out.hole[to] = 1;
      continue;
    }
    known++;
    for (let c = 0; c < patchChannels; c++) {
      out.data[to * patchChannels + c] += level.data[from * patchChannels + c];
    }
  }
  if (known < 2) return;
  for (let c = 0; c < patchChannels; c++) out.data[to * patchChannels + c] /= known;
}
