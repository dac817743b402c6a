/** What the product needs to know of a Photoshop document, read from its proxies. */
import { PentimentoError } from '../../../shared/errors.ts';
import type { PixelDepth } from '../../../shared/frame.ts';
import type { Rect } from '../../../shared/geometry.ts';
import type { DocumentInfo } from '../../../shared/request.ts';
import type {
  PhotoshopApi,
  PhotoshopBounds,
  PhotoshopDocument,
  PhotoshopLayer,
} from './photoshopApi.ts';

const srgbProfile = 'sRGB IEC61966-2.1';

/** The open document with that id. Throws E_HOST_DOCUMENT when it is closed. */
export function documentById(photoshop: PhotoshopApi, documentId: string): PhotoshopDocument {
  const found = Array.from(photoshop.app.documents).find((d) => String(d.id) === documentId);
  if (!found) throw new PentimentoError('E_HOST_DOCUMENT');
  return found;
}

/** Colour mode, or undefined for those without RGB pixels (bitmap, indexed, duotone, multichannel). */
function modeOf(
  photoshop: PhotoshopApi,
  document: PhotoshopDocument,
): DocumentInfo['mode'] | undefined {
  const { DocumentMode } = photoshop.constants;
  switch (document.mode) {
    case DocumentMode.RGB:
      return 'rgb';
    case DocumentMode.GRAYSCALE:
      return 'gray';
    case DocumentMode.LAB:
      return 'lab';
    case DocumentMode.CMYK:
      return 'cmyk';
    default:
      return undefined;
  }
}

/** Bits per channel; undefined for one-bit documents. */
function depthOf(photoshop: PhotoshopApi, document: PhotoshopDocument): PixelDepth | undefined {
  const { BitsPerChannelType } = photoshop.constants;
  switch (document.bitsPerChannel) {
    case BitsPerChannelType.EIGHT:
      return 8;
    case BitsPerChannelType.SIXTEEN:
      return 16;
    case BitsPerChannelType.THIRTYTWO:
      return 32;
    default:
      return undefined;
  }
}

/**
 * Name of the document's profile without the "(Linear RGB Profile)" that 32-bit documents append
 * (imaging.md asks to leave it out); undefined when the document is untagged.
 */
function profileOf(photoshop: PhotoshopApi, document: PhotoshopDocument): string | undefined {
  try {
    if (document.colorProfileType === photoshop.constants.ColorProfileType.NONE) return undefined;
    const name = document.colorProfileName.replace(/\s*\(Linear [^)]*Profile\)\s*$/, '');
    return name === '' || name === 'None' ? undefined : name;
  } catch {
    // The getter throws on documents without a profile.
    return undefined;
  }
}

/** Mode, depth and profile that pixels are read and written with. Throws E_HOST_MODE. */
export function pixelKindOf(photoshop: PhotoshopApi, document: PhotoshopDocument): PixelKind {
  const mode = modeOf(photoshop, document);
  const depth = depthOf(photoshop, document);
  if (!mode || !depth) throw new PentimentoError('E_HOST_MODE');
  return { mode, depth, profile: profileOf(photoshop, document) };
}

export interface PixelKind {
  readonly mode: DocumentInfo['mode'];
  readonly depth: PixelDepth;
  readonly profile: string | undefined;
}

/**
 * The profile that pixels of this document are exchanged in: sRGB, or none for untagged RGB
 * documents, whose numbers are taken as they are in both directions.
 */
export function exchangeProfileOf(kind: PixelKind): string | undefined {
  return kind.mode === 'rgb' && kind.profile === undefined ? undefined : srgbProfile;
}

/** The document as it travels; undefined where its mode cannot be worked on. */
export function documentInfoOf(
  photoshop: PhotoshopApi,
  document: PhotoshopDocument,
  layer: PhotoshopLayer | undefined,
): DocumentInfo | undefined {
  const mode = modeOf(photoshop, document);
  const depth = depthOf(photoshop, document);
  if (!mode || !depth) return undefined;
  const profile = profileOf(photoshop, document);
  return {
    id: String(document.id),
    name: document.title.slice(0, 1000),
    width: Math.round(document.width),
    height: Math.round(document.height),
    depth,
    mode,
    ...(profile === undefined ? {} : { profile: profile.slice(0, 500) }),
    ...(layer ? { layer: { id: String(layer.id), name: layer.name.slice(0, 1000) } } : {}),
  };
}

/** Whole pixels around `bounds`; undefined when it covers nothing. */
export function rectOfBounds(bounds: PhotoshopBounds | null): Rect | undefined {
  if (!bounds) return undefined;
  const x = Math.floor(bounds.left);
  const y = Math.floor(bounds.top);
  const width = Math.ceil(bounds.right) - x;
  const height = Math.ceil(bounds.bottom) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : undefined;
}

export function boundsOfRect(rect: Rect): PhotoshopBounds {
  return { left: rect.x, top: rect.y, right: rect.x + rect.width, bottom: rect.y + rect.height };
}

/** The canvas: what is outside is not part of the composite. */
export function canvasOf(document: PhotoshopDocument): Rect {
  return { x: 0, y: 0, width: Math.round(document.width), height: Math.round(document.height) };
}

/** The layer if exactly one is active. */
export function onlyActiveLayer(document: PhotoshopDocument): PhotoshopLayer | undefined {
  const active = document.activeLayers;
  return active.length === 1 ? active[0] : undefined;
}
