/** OpenCV's resize of float32 values: nothing is rounded, cubic overshoot stays. */
import { areaTaps, type Taps } from './areaAverage8.ts';
import { interpolationTaps, nearestPositions } from './resize8.ts';

/** Interleaved float32 pixels of any range. */
export interface FloatPixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Float32Array;
}

/** cv2.resize of float32 values; `area` enlarges linearly. The pixels themselves where the size is theirs. */
export function resizeFloat(
  image: FloatPixels,
  width: number,
  height: number,
  kernel: 'nearest' | 'area' | 'cubic',
): FloatPixels {
  if (width === image.width && height === image.height) return image;
  const taps = (inSize: number, outSize: number): Taps => {
    if (kernel === 'nearest') return singleTaps(nearestPositions(inSize, outSize));
    const shrinks = width <= image.width && height <= image.height;
    if (kernel === 'area' && shrinks) return areaTaps(inSize, outSize);
    return interpolationTaps(inSize, outSize, kernel);
  };
  const across = alongRows(image, taps(image.width, width));
  return alongColumns(across, taps(image.height, height));
}

function singleTaps(index: Int32Array): Taps {
  return { count: 1, index, weight: new Float64Array(index.length).fill(1) };
}

function alongRows(image: FloatPixels, { count, index, weight }: Taps): FloatPixels {
  const { channels, height, data } = image;
  const width = index.length / count;
  const out = new Float32Array(width * height * channels);
  for (let y = 0, o = 0; y < height; y++) {
    const row = y * image.width * channels;
    for (let tap = 0; tap < index.length; tap += count) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = tap; k < tap + count; k++) {
          sum += data[row + index[k] * channels + c] * weight[k];
        }
        out[o++] = sum;
      }
    }
  }
  return { width, height, channels, data: out };
}

function alongColumns(image: FloatPixels, { count, index, weight }: Taps): FloatPixels {
  const { channels, width, data } = image;
  const height = index.length / count;
  const rowLength = width * channels;
  const out = new Float32Array(rowLength * height);
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < rowLength; i++) {
      let sum = 0;
      for (let k = y * count; k < (y + 1) * count; k++) {
        sum += data[index[k] * rowLength + i] * weight[k];
      }
      out[y * rowLength + i] = sum;
    }
  }
  return { width, height, channels, data: out };
}
