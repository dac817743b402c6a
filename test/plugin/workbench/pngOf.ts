import { exportPng } from '../../../plugin/host/workbench/exportPng.ts';
import type { PictureDocument } from '../../../plugin/host/workbench/pictureDocument.ts';
import { createPngWriter } from '../../../plugin/picture/pngWriter.ts';

/** The exported file, written without a thread. */
export async function pngOf(document: PictureDocument): Promise<Uint8Array> {
  const file = await exportPng(document, { begin: createPngWriter });
  return new Uint8Array(await file.arrayBuffer());
}
