/** A larger canvas in Photoshop, for what was painted past the picture's edges. */
import { PentimentoError } from '../../../shared/errors.ts';
import { rectOfSize, type Rect, type Size } from '../../../shared/geometry.ts';
import type { Placement } from '../host.ts';
import type { PhotoshopApi, PhotoshopDocument } from './photoshopApi.ts';

/** Whether a document is what a placement was made for: as it was then, or grown to its canvas already. */
export function isTargetSize(
  { width, height }: Size,
  { documentSize, canvas }: Placement,
): boolean {
  return [documentSize, canvas].some((size) => size?.width === width && size.height === height);
}

/**
 * Brings the document to the placement's canvas, and answers its place in the document's former pixels. Two
 * steps, since an anchor cannot share new pixels unevenly: first to the left and the top. Throws E_HOST_MODE
 * for documents of artboards, whose canvas follows them.
 */
export async function growCanvas(
  photoshop: PhotoshopApi,
  document: PhotoshopDocument,
  { canvas, documentSize }: Placement,
): Promise<Rect> {
  if (!canvas) return rectOfSize(documentSize);
  const now = { width: Math.round(document.width), height: Math.round(document.height) };
  if (now.width === canvas.width && now.height === canvas.height) return canvas;
  if (document.artboards.length > 0) {
    throw new PentimentoError('E_HOST_MODE', 'A document of artboards has no canvas to enlarge.');
  }
  const { BOTTOMRIGHT, TOPLEFT } = photoshop.constants.AnchorPosition;
  const first = { width: now.width - canvas.x, height: now.height - canvas.y };
  if (canvas.x < 0 || canvas.y < 0) {
    await document.resizeCanvas(first.width, first.height, BOTTOMRIGHT);
  }
  if (first.width < canvas.width || first.height < canvas.height) {
    await document.resizeCanvas(canvas.width, canvas.height, TOPLEFT);
  }
  if (
    Math.round(document.width) !== canvas.width ||
    Math.round(document.height) !== canvas.height
  ) {
    throw new Error('Photoshop made a canvas of another size.');
  }
  return canvas;
}
