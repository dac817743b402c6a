/** Large pictures as PNG files, some rows at a time: no more than they and the file so far are held. */
import { pngData, pngEnd, pngStart, type PngHead } from './pngChunks.ts';
import { filteredRows, pngBytes, type RowShape } from './pngRows.ts';
import { openZlibStream } from './zlibStream.ts';

/** Interleaved samples of whole rows, of the depth that the head names. */
export type PngSamples = Uint8Array | Uint8ClampedArray | Uint16Array;

export interface PngWriter {
  /** The next rows from the top. */
  write(rows: PngSamples): Promise<void>;
  /** The file, once all rows have been written. */
  end(): Promise<Blob>;
}

/** Begins an sRGB PNG that will hold exactly the samples written to it. */
export function createPngWriter(head: PngHead): PngWriter {
  const pixelBytes = (head.channels * head.depth) / 8;
  const shape: RowShape = { pixelBytes, rowBytes: head.width * pixelBytes };
  const deflater = openZlibStream();
  let above: Uint8Array = new Uint8Array(shape.rowBytes);
  return {
    write: async (rows) => {
      const bytes = pngBytes(rows);
      await deflater.write(filteredRows(bytes, above, shape));
      above = bytes.slice(bytes.length - shape.rowBytes);
    },
    end: async () => {
      const data = await deflater.end();
      const parts = [...pngStart(head), ...data.map((part) => pngData(part)), pngEnd()];
      return new Blob(parts, { type: 'image/png' });
    },
  };
}
