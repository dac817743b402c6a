/** Layer records of a document whose canvas grows: bounds, masks, and what their blocks say of places. */
import { joinedMaskChannel, type LayerRecord } from '../layerRecords.ts';
import type { PsdFile } from '../readDocument.ts';
import { taggedBlocks } from '../taggedBlocks.ts';
import { notMoved, type CanvasMove, type Overwriter } from './canvasMove.ts';
import { moveBlock } from './moveBlocks.ts';

/** Beside the layers: nothing in them is a place on the canvas, or it is a layer's. */
const placelessEverywhere: ReadonlySet<string> = new Set([
  ...'Lr16 Lr32 Layr Mt16 Mt32 Mtrn Alph LMsk Txt2 Patt Pat2 Pat3 FMsk cinf lnkD lnk2 lnk3 lnkE'.split(
    ' ',
  ),
  'CAI ',
  'OCIO',
  'GenI',
]);

const names: Readonly<Partial<Record<string, string>>> = {
  GdFl: 'a gradient fill',
  PtFl: 'a pattern fill',
  artb: 'artboards',
  artd: 'artboards',
  FEid: 'smart filters',
  FXid: 'smart filters',
};

/** Every record, and the blocks beside them. Throws E_OUTPUT_TYPE for what is not known to have no places. */
export function moveLayers(document: Overwriter, file: PsdFile, move: CanvasMove): void {
  const { big } = file.form;
  for (const record of file.layers?.records ?? []) {
    document.moveRect(record.span.start, move);
    moveMask(document, record, { big, move });
    for (const { key, data } of taggedBlocks(document.bytes, record.blocks, { big, step: 1 })) {
      const isKnown = data.end === data.start || moveBlock(document, { key, data }, move);
      if (!isKnown) throw unknownBlock(key);
    }
  }
  const span = { start: file.blocksAt, end: file.section.end };
  for (const { key, data } of taggedBlocks(document.bytes, span, { big, step: 4 })) {
    if (!placelessEverywhere.has(key) && data.end > data.start) throw unknownBlock(key);
  }
}

function unknownBlock(key: string) {
  return notMoved(`The document has ${names[key] ?? `a part that is not known ("${key}")`}`);
}

/** Bounds, number of channels, of each its number and length; what follows, up to the mask's length. */
function maskLengthAt({ span, channels }: LayerRecord, big: boolean): number {
  return span.start + 16 + 2 + channels.length * (big ? 10 : 6) + 12 + 4;
}

const leastJoinedBytes = 36;
const joinedRectAt = 20;

/** Its own rectangle, and that of the mask joined with the vector mask (`readLayerMask`). */
function moveMask(
  document: Overwriter,
  record: LayerRecord,
  { big, move }: { readonly big: boolean; readonly move: CanvasMove },
): void {
  const at = maskLengthAt(record, big);
  const length = document.u32(at);
  if (length === 0) return;
  document.moveRect(at + 4, move);
  const hasJoined = record.channels.some(({ id }) => id === joinedMaskChannel);
  if (hasJoined && length >= leastJoinedBytes) document.moveRect(at + 4 + joinedRectAt, move);
}
