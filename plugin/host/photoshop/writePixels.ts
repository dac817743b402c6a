/** Writes planes into layers and layer masks; only inside a modal scope. */
import { PentimentoError } from '../../../shared/errors.ts';
import type { PixelData, PixelDepth, Plane } from '../../../shared/frame.ts';
import type { Rect } from '../../../shared/geometry.ts';
import { exchangeProfileOf, type PixelKind } from './documentFacts.ts';
import type { PhotoshopApi, PhotoshopImageData } from './photoshopApi.ts';
import { convertDepth, decodeSrgbInPlace, toRgba } from './pixelLayout.ts';

export interface WriteTarget {
  readonly documentID: number;
  readonly layerID: number;
  readonly kind: PixelKind;
  /** The planes' rectangle, document pixels. */
  readonly bounds: Rect;
}

/** The profile Adobe's documentation writes masks and selections with (imaging.md). */
const maskProfile = 'Gray Gamma 2.2';

/** Fills the target layer with opaque sRGB colour (1 or 3 channels, any depth) at its bounds. */
export async function writeColor(
  photoshop: PhotoshopApi,
  target: WriteTarget,
  color: Plane,
): Promise<void> {
  checkPlane(color, target.bounds, [1, 3]);
  const { documentID, layerID, kind, bounds } = target;
  const profile = exchangeProfileOf(kind);
  const imageData = await photoshop.imaging.createImageDataFromBuffer(
    opaqueRgba(color, kind.depth),
    {
      width: bounds.width,
      height: bounds.height,
      components: 4,
      colorSpace: 'RGB',
      ...(profile === undefined ? {} : { colorProfile: profile }),
      chunky: true,
      fullRange: true,
    },
  );
  await putAndDispose(imageData, () =>
    photoshop.imaging.putPixels({ documentID, layerID, imageData, ...placeAt(bounds) }),
  );
}

/** Gives the target layer a layer mask (1 channel, 8 bit) at its bounds. */
export async function writeLayerMask(
  photoshop: PhotoshopApi,
  target: WriteTarget,
  alpha: Plane,
): Promise<void> {
  checkPlane(alpha, target.bounds, [1]);
  const { documentID, layerID, kind, bounds } = target;
  const imageData = await createCoverage(photoshop, alpha.data, { bounds, depth: kind.depth });
  await putAndDispose(imageData, () =>
    photoshop.imaging.putLayerMask({
      documentID,
      layerID,
      kind: 'user',
      imageData,
      ...placeAt(bounds),
    }),
  );
}

/** Replaces the document's selection by coverage (1 channel) at `bounds`. */
export async function writeSelection(
  photoshop: PhotoshopApi,
  target: { readonly documentID: number; readonly depth: PixelDepth; readonly bounds: Rect },
  coverage: PixelData,
): Promise<void> {
  const { documentID, depth, bounds } = target;
  const imageData = await createCoverage(photoshop, coverage, { bounds, depth });
  await putAndDispose(imageData, () =>
    photoshop.imaging.putSelection({ documentID, imageData, ...placeAt(bounds) }),
  );
}

function createCoverage(
  photoshop: PhotoshopApi,
  data: PixelData,
  { bounds, depth }: { readonly bounds: Rect; readonly depth: PixelDepth },
): Promise<PhotoshopImageData> {
  // The kind of array decides the component size, which has to be the document's own.
  return photoshop.imaging.createImageDataFromBuffer(convertDepth(data, depth), {
    width: bounds.width,
    height: bounds.height,
    components: 1,
    colorSpace: 'Grayscale',
    colorProfile: maskProfile,
    chunky: true,
    fullRange: true,
  });
}

function opaqueRgba(color: Plane, depth: PixelDepth): PixelData {
  const rgba = convertDepth(toRgba(color.data, color.channels), depth);
  if (depth !== 32) return rgba;
  const linear = rgba.slice();
  decodeSrgbInPlace(linear);
  return linear;
}

/** `replace` discards what was there: these layers and masks are new, the selection is put back. */
function placeAt(bounds: Rect) {
  return { replace: true, targetBounds: { left: bounds.x, top: bounds.y } } as const;
}

async function putAndDispose(
  imageData: PhotoshopImageData,
  put: () => Promise<void>,
): Promise<void> {
  try {
    await put();
  } finally {
    imageData.dispose();
  }
}

function checkPlane(plane: Plane, bounds: Rect, channels: readonly number[]): void {
  const fits = plane.width === bounds.width && plane.height === bounds.height;
  const count = plane.width * plane.height * plane.channels;
  if (!fits || !channels.includes(plane.channels) || plane.data.length !== count) {
    throw new PentimentoError('E_FRAME', `Plane ${plane.name} does not fit its bounds.`);
  }
}
