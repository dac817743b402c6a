/** The door to ag-psd: pixel arrays only, no canvas, which would premultiply and so change colours. */
import { initializeCanvas, readPsd, writePsd, type Layer, type Psd } from 'ag-psd';

export type PsdLayer = Layer;
export type PsdFile = Psd;

/** Of decoded layers together, bytes: a damaged size may ask for any amount. */
const mostBytes = 4 * 1024 ** 3;

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

/**
 * Layers, or of a file without any the merged picture: beside layers it is not needed, and ag-psd refuses it where it has
 * transparency and 16 bits. Throws what ag-psd throws.
 */
export function decodePsd(file: ArrayBuffer): PsdFile {
  prepare();
  const options = { useImageData: true, skipThumbnail: true, totalMemoryLimit: mostBytes };
  return readPsd(untouched(file), { ...options, skipCompositeImageData: true });
}

const depthAt = 22;

/** ag-psd turns the bytes of samples round where they lie: a second reading, and whoever is given the file next, would find them swapped. */
function untouched(file: ArrayBuffer): ArrayBuffer {
  return new DataView(file).getUint16(depthAt) > 8 ? file.slice(0) : file;
}

/** The merged picture beside layers; undefined where the file has none, or one that ag-psd does not read. */
export function decodeMerged(file: ArrayBuffer): PsdFile['imageData'] {
  prepare();
  try {
    const options = { useImageData: true, skipThumbnail: true, skipLayerImageData: true } as const;
    const psd = readPsd(untouched(file), { ...options, totalMemoryLimit: mostBytes });
    const isThere = psd.imageResources?.versionInfo?.hasRealMergedData !== false;
    return isThere ? psd.imageData : undefined;
  } catch {
    return undefined;
  }
}

/** 8-bit RGB, RLE compressed. */
export function encodePsd(psd: PsdFile): ArrayBuffer {
  prepare();
  return writePsd(psd, { generateThumbnail: false, trimImageData: false });
}
