/** Largest or smallest value in a square window (Pillow's MaxFilter and MinFilter); edge pixels repeated outwards. */
import { type Image8, newImage8 } from './image8.ts';

/**
 * Van Herk and Gil-Werman: running extremes from both ends of blocks as long as the window, so that the
 * cost does not depend on the window. Repeating the edge equals leaving it out, for an extreme.
 */
function extremeOfLine(line: Uint8Array, out: Uint8Array, half: number, largest: boolean): void {
  const n = line.length;
  const window = 2 * half + 1;
  const neutral = largest ? 0 : 255;
  const length = Math.ceil((n + 2 * half) / window) * window;
  const forward = new Uint8Array(length).fill(neutral);
  forward.set(line, half);
  const backward = forward.slice();
  const pick = largest ? Math.max : Math.min;
  for (let i = 1; i < length; i++) {
    if (i % window !== 0) forward[i] = pick(forward[i], forward[i - 1]);
  }
  for (let i = length - 2; i >= 0; i--) {
    if ((i + 1) % window !== 0) backward[i] = pick(backward[i], backward[i + 1]);
  }
  for (let i = 0; i < n; i++) out[i] = pick(backward[i], forward[i + 2 * half]);
}

function rankFilter(image: Image8, size: number, largest: boolean): Image8 {
  const { width, height, channels } = image;
  const half = Math.floor(size / 2);
  const out = newImage8(width, height, channels, image.data.slice());
  const pass = (count: number, length: number, lineStep: number, step: number): void => {
    const line = new Uint8Array(length);
    const result = new Uint8Array(length);
    for (let l = 0; l < count; l++) {
      for (let c = 0; c < channels; c++) {
        const start = l * lineStep + c;
        for (let i = 0; i < length; i++) line[i] = out.data[start + i * step];
        extremeOfLine(line, result, half, largest);
        for (let i = 0; i < length; i++) out.data[start + i * step] = result[i];
      }
    }
  };
  pass(height, width, width * channels, channels);
  pass(width, height, channels, width * channels);
  return out;
}

/** Largest value of the size x size window around every pixel; `size` is odd, in pixels. */
export function maxFilter(image: Image8, size: number): Image8 {
  return rankFilter(image, size, true);
}

/** Smallest value of the size x size window around every pixel; `size` is odd, in pixels. */
export function minFilter(image: Image8, size: number): Image8 {
  return rankFilter(image, size, false);
}
