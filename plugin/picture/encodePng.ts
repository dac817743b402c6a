/** Writes PNG files without a canvas: UXP has none, and a browser's premultiplies (and so changes) colours. */
import { zlibSync } from 'fflate';
import { joinBytes } from './joinBytes.ts';
import { pngData, pngEnd, pngStart, type PngHead } from './pngChunks.ts';
import { filteredRows, pngBytes } from './pngRows.ts';

export interface PngPicture extends Omit<PngHead, 'depth'> {
  /** 8 or 16 bit, interleaved, rows from the top. */
  readonly data: Uint8Array | Uint8ClampedArray | Uint16Array;
}

/** deflate effort, 0 (stored) .. 9. */
type Level = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** A small sRGB PNG of 8 or 16 bits per channel with exactly these samples, at once; pngWriter.ts writes large ones. */
export function encodePng(picture: PngPicture, level: Level = 6): Uint8Array {
  const { data, width, channels } = picture;
  const depth = data instanceof Uint16Array ? 16 : 8;
  const pixelBytes = (channels * depth) / 8;
  const rowBytes = width * pixelBytes;
  const rows = filteredRows(pngBytes(data), new Uint8Array(rowBytes), { pixelBytes, rowBytes });
  return joinBytes([
    ...pngStart({ ...picture, depth }),
    pngData(zlibSync(rows, { level })),
    pngEnd(),
  ]);
}
