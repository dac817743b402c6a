/** Rough pictures from latents by a linear map: a pixel for each latent, at no cost. */
import { tensor, type Tensor } from '../tensor.ts';

/** Red, green, blue of each latent channel, and what is added; pictures are -1..1. */
export interface LatentColours {
  /** `[4][3]` */
  readonly rows: readonly (readonly number[])[];
  readonly offset: readonly number[];
}

/** SD 1 and 2: a least-squares fit (ComfyUI). */
export const sd1Colours: LatentColours = {
  rows: [
    [0.3512, 0.2297, 0.3227],
    [0.325, 0.4974, 0.235],
    [-0.2829, 0.1762, 0.2721],
    [-0.212, -0.2616, -0.7177],
  ],
  offset: [0, 0, 0],
};

/** SDXL: as above. */
const sdxlColours: LatentColours = {
  rows: [
    [0.3651, 0.4232, 0.4341],
    [-0.2533, -0.0042, 0.1068],
    [0.1076, 0.1111, -0.0362],
    [-0.3165, -0.2492, -0.2188],
  ],
  offset: [0.1084, -0.0175, -0.0011],
};

/** Those of the published autoencoder with that scaling factor; undefined for any other. */
export function publishedColours(scalingFactor: number): LatentColours | undefined {
  return new Map([
    [0.18215, sd1Colours],
    [0.13025, sdxlColours],
  ]).get(scalingFactor);
}

/** Scaled latents [1,4,h,w] to a rough picture [1,3,h,w] in 0..1. */
export function linearPreview(latents: Tensor, colours: LatentColours): Tensor {
  const [, channels, height, width] = latents.shape;
  const area = height * width;
  const picture = new Float32Array(3 * area);
  for (let colour = 0; colour < 3; colour++) {
    for (let i = 0; i < area; i++) {
      let sum = colours.offset[colour];
      for (let c = 0; c < channels; c++)
        sum += colours.rows[c][colour] * latents.data[c * area + i];
      picture[colour * area + i] = Math.min(1, Math.max(0, (sum + 1) / 2));
    }
  }
  return tensor(picture, [1, 3, height, width]);
}

/** Keeps the fit defined where a picture is too plain to tell the channels apart. */
const ridge = 1e-3;

/**
 * The map that fits one encoded picture best, for autoencoders that are not SD's own: least squares
 * from scaled latents [1,4,h,w] to the picture's [1,3,8h,8w] cell means, -1..1.
 */
export function fitLatentColours(latents: Tensor, picture: Tensor): LatentColours {
  const [, channels, height, width] = latents.shape;
  const area = height * width;
  const means = cellMeans(picture, width, height);
  const size = channels + 1;
  const value = (c: number, i: number) => (c === channels ? 1 : latents.data[c * area + i]);
  const normal = Array.from({ length: size }, (_, a) =>
    Array.from({ length: size }, (_unused, b) => {
      let sum = a === b && a < channels ? ridge * area : 0;
      for (let i = 0; i < area; i++) sum += value(a, i) * value(b, i);
      return sum;
    }),
  );
  const solutions = [0, 1, 2].map((colour) => {
    const right = Array.from({ length: size }, (_, a) => {
      let sum = 0;
      for (let i = 0; i < area; i++) sum += value(a, i) * means[colour * area + i];
      return sum;
    });
    return solve(normal, right);
  });
  return {
    rows: Array.from({ length: channels }, (_, c) => solutions.map((s) => s[c])),
    offset: solutions.map((s) => s[channels]),
  };
}

function cellMeans(picture: Tensor, width: number, height: number): Float64Array {
  const [, , fullHeight, fullWidth] = picture.shape;
  const cell = fullWidth / width;
  const means = new Float64Array(3 * width * height);
  for (let i = 0; i < 3 * fullWidth * fullHeight; i++) {
    const x = Math.floor((i % fullWidth) / cell);
    const y = Math.floor((Math.floor(i / fullWidth) % fullHeight) / cell);
    const colour = Math.floor(i / (fullWidth * fullHeight));
    means[(colour * height + y) * width + x] += picture.data[i] / (cell * cell);
  }
  return means;
}

/** Gaussian elimination; the matrix is symmetric and positive, so no pivoting is needed. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]]);
  rows.forEach((pivot, i) => {
    for (const row of rows.slice(i + 1)) {
      const factor = row[i] / pivot[i];
      for (let k = i; k < row.length; k++) row[k] -= factor * pivot[k];
    }
  });
  const out = rows.map(() => 0);
  for (let i = rows.length - 1; i >= 0; i--) {
    let sum = rows[i][rows.length];
    for (let k = i + 1; k < rows.length; k++) sum -= rows[i][k] * out[k];
    out[i] = sum / rows[i][i];
  }
  return out;
}
