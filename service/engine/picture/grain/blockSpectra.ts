/** A picture in blocks of 8 x 8 pixels, each as its cosine transform: where it is flat, that is its noise. */
import type { FloatImage } from '../raster.ts';
import { inParts, type Sliced } from '../sliced.ts';

export const blockSide = 8;
/** Of one channel of a block. */
export const blockValues = blockSide * blockSide;
/** More are not needed to know a mean well. */
const mostBlocks = 6000;
/** Blocks this far apart say different things. */
const leastStridePx = 4;

export interface BlockSpectra {
  readonly count: number;
  /** R, G and B of a block after one another, each 64 coefficients (v down, u across), orthonormal. */
  readonly coefficients: Float32Array;
  /** Mean luma of each block, 0..1. */
  readonly light: Float32Array;
  /** Variance (code values squared) of each block at frequencies that no slope of brightness has, over R, G and B. */
  readonly variance: Float32Array;
}

/** Slopes and bends of brightness lie in the first coefficients; they say nothing about noise. */
export function isNoiseFrequency(k: number): boolean {
  return (k >> 3) + (k & 7) >= 3;
}
const noiseFrequencies = Array.from({ length: blockValues }, (_, k) => k).filter(isNoiseFrequency);

/** Cosines of the orthonormal DCT-II (Ahmed, Natarajan and Rao, 1974): row u, column x. */
const cosines = Float64Array.from({ length: blockValues }, (_, k) => {
  const u = k >> 3;
  const x = k & 7;
  const scale = Math.sqrt((u === 0 ? 1 : 2) / blockSide);
  return scale * Math.cos(((2 * x + 1) * u * Math.PI) / (2 * blockSide));
});

/** Every block whose pixels are all usable (1), evenly chosen where there are very many. */
export function* blockSpectra(image: FloatImage, usable: Uint8Array): Sliced<BlockSpectra> {
  const places = yield* placesOf(image, usable);
  const count = places.length;
  const coefficients = new Float32Array(count * 3 * blockValues);
  const light = new Float32Array(count);
  const variance = new Float32Array(count);
  yield* inParts(count, 300, (from, to) => {
    for (let n = from; n < to; n++) {
      const block = coefficients.subarray(n * 3 * blockValues, (n + 1) * 3 * blockValues);
      transform(image, places[n], block);
      const [r, g, b] = [block[0], block[blockValues], block[2 * blockValues]];
      light[n] = (0.299 * r + 0.587 * g + 0.114 * b) / blockSide;
      variance[n] = noiseVariance(block);
    }
  });
  return { count, coefficients, light, variance };
}

function* placesOf({ width, height }: FloatImage, usable: Uint8Array): Sliced<number[]> {
  const stride = Math.max(leastStridePx, Math.ceil(Math.sqrt((width * height) / mostBlocks / 2)));
  const places: number[] = [];
  const rows = Math.max(0, Math.floor((height - blockSide) / stride) + 1);
  yield* inParts(rows, (width / stride) * blockValues, (from, to) => {
    for (let y = from * stride; y < to * stride; y += stride) {
      for (let x = 0; x + blockSide <= width; x += stride) {
        if (isUsable(usable, y * width + x, width)) places.push(y * width + x);
      }
    }
  });
  const step = Math.ceil(places.length / mostBlocks);
  return step <= 1 ? places : places.filter((_, n) => n % step === 0);
}

function isUsable(usable: Uint8Array, first: number, width: number): boolean {
  for (let row = first; row < first + blockSide * width; row += width) {
    for (let i = row; i < row + blockSide; i++) if (usable[i] === 0) return false;
  }
  return true;
}

const half = new Float64Array(blockValues);

function transform({ data, width }: FloatImage, first: number, out: Float32Array): void {
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < blockSide; y++) {
      const row = (first + y * width) * 3 + c;
      for (let u = 0; u < blockSide; u++) {
        let sum = 0;
        for (let x = 0; x < blockSide; x++) sum += cosines[u * blockSide + x] * data[row + x * 3];
        half[y * blockSide + u] = sum;
      }
    }
    for (let v = 0; v < blockSide; v++) {
      for (let u = 0; u < blockSide; u++) {
        let sum = 0;
        for (let y = 0; y < blockSide; y++) {
          sum += cosines[v * blockSide + y] * half[y * blockSide + u];
        }
        out[c * blockValues + v * blockSide + u] = sum;
      }
    }
  }
}

function noiseVariance(block: Float32Array): number {
  let sum = 0;
  for (const k of noiseFrequencies) {
    sum += block[k] ** 2 + block[blockValues + k] ** 2 + block[2 * blockValues + k] ** 2;
  }
  return sum / (3 * noiseFrequencies.length);
}
