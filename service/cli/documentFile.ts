/** The Photoshop document that the results of a run are written into. */
import { sizeOf } from '../engine/picture/psd/bytes.ts';
import { dataBelow } from '../engine/picture/psd/document/addLayers.ts';
import { addResults } from '../engine/picture/psd/document/addResults.ts';
import { grownDocument } from '../engine/picture/psd/document/grow/growDocument.ts';
import { writeDocument } from '../engine/picture/psd/writeDocument.ts';
import { beginFile, type BegunFile } from './begunFile.ts';
import { currentDocument } from './openDocument.ts';
import type { OpenedPicture, ResultPicture } from './pictures.ts';
import { save } from './saveFile.ts';

/** Less is written as soon as it takes to begin. */
const leastEarlyBytes = 64 * 1024 * 1024;

/**
 * Writes what lies below the results while they are made, where a document is large. The file has to be given to
 * `saveDocument` or discarded. Throws as `addResults` for what the document itself lacks.
 */
export function beginDocument(
  out: string,
  { document, above }: OpenedPicture,
  count: number,
): BegunFile | undefined {
  const part = document && dataBelow(document, count, { above });
  if (!part || sizeOf(part.pieces) < leastEarlyBytes) return undefined;
  return beginFile(out, part);
}

/**
 * The original (a document with all its layers, on its larger canvas where it has grown) and every result as a
 * layer with its mask. Throws as `save`.
 */
export async function saveDocument(
  path: string,
  original: OpenedPicture,
  results: readonly ResultPicture[],
  begun?: BegunFile,
): Promise<void> {
  const { document: found, above } = currentDocument(original);
  if (!found) return save(path, writeDocument(original, results));
  const own = found === original.document ? begun : undefined;
  const { grown } = original;
  const document = grown ? grownDocument(found, grown.canvas) : found;
  const { pieces, belowAt } = await addResults(document, results, {
    above,
    isRoomy: own !== undefined,
  });
  if (own) return own.complete(pieces, belowAt);
  await begun?.discard();
  return save(path, pieces);
}
