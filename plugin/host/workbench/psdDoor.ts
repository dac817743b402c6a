/** The door to ag-psd: pixel arrays only, no canvas, which would premultiply and so change colours. */
import { initializeCanvas, readPsd, writePsd, type Layer, type Psd } from 'ag-psd';

export type PsdLayer = Layer;
export type PsdFile = Psd;

let isReady = false;

function prepare(): void {
  if (isReady) return;
  isReady = true;
  initializeCanvas(
    () => {
      throw new Error('PSD files are read and written without a canvas.');
    },
    (width, height) =>
      ({
        width,
        height,
        data: new Uint8ClampedArray(width * height * 4),
        colorSpace: 'srgb',
      }) as ImageData,
  );
}

/** Throws what ag-psd throws. */
export function decodePsd(file: ArrayBuffer): PsdFile {
  prepare();
  return readPsd(file, { useImageData: true, skipThumbnail: true, skipCompositeImageData: false });
}

/** 8-bit RGB, RLE compressed. */
export function encodePsd(psd: PsdFile): ArrayBuffer {
  prepare();
  return writePsd(psd, { generateThumbnail: false, trimImageData: false });
}
