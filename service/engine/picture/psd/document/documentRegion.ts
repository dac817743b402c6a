/** A rectangle of a document's composite: only the rows that it crosses are read and unpacked. */
import { PentimentoError } from '../../../../../shared/errors.ts';
import type { Rect } from '../../../../../shared/geometry.ts';
import { channelsOf, interleave, type Composite, type CompositeForm } from '../readComposite.ts';
import { readOrCorrupt } from './byteCursor.ts';
import { modeNumber } from './documentForm.ts';
import { mergedRows } from './mergedRows.ts';
import { hasComposite, profileOf, type PsdFile } from './readDocument.ts';

/**
 * What `readComposite` answers of the whole, over `region`, which lies inside the document. Throws
 * E_IMAGE_COMPOSITE (saved without one), E_IMAGE_CORRUPT, E_IMAGE_PIXELS, E_IMAGE_CHANNELS and E_FILE.
 */
export function readRegion(file: PsdFile, region: Rect): Composite {
  if (!hasComposite(file)) throw new PentimentoError('E_IMAGE_COMPOSITE');
  const { form, colorData, bytes } = file;
  const { width, height } = region;
  const header: CompositeForm = { ...form, width, height, mode: modeNumber(form.mode) };
  return readOrCorrupt(() => {
    const { colors, hasAlpha } = channelsOf(header, marksAlpha(file));
    const planes = planesOf(file, region, colors + (hasAlpha ? 1 : 0));
    const palette = bytes.subarray(colorData.start, colorData.end);
    const composite = interleave(planes, header, { colors, hasAlpha, palette });
    const icc = profileOf(file);
    return icc ? { ...composite, icc: icc.slice() } : composite;
  });
}

/** Whether the document says that its composite has transparency. */
function marksAlpha({ layers, marksTransparency }: PsdFile): boolean {
  return (layers?.mergedAlpha ?? false) || marksTransparency;
}

/** Big-endian planes over the region, one after another. */
function planesOf(file: PsdFile, region: Rect, count: number): Uint8Array {
  const { height, depth } = file.form;
  const pixelBytes = depth / 8;
  const rowBytes = region.width * pixelBytes;
  const start = region.x * pixelBytes;
  const readRows = mergedRows(file, { start, end: start + rowBytes });
  const planeBytes = rowBytes * region.height;
  // What the file cannot hold has been refused before memory is taken.
  const out = new Uint8Array(planeBytes * count);
  for (let c = 0; c < count; c++) {
    readRows(c * height + region.y, out.subarray(c * planeBytes, (c + 1) * planeBytes));
  }
  return out;
}
