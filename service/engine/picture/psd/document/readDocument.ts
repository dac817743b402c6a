/**
 * The container of a Photoshop document (PSD and PSB) as spans of its bytes: nothing is copied and no
 * pixel is unpacked (Adobe Photoshop File Formats Specification).
 */
import { ByteCursor, readOrCorrupt, type Span } from './byteCursor.ts';
import { readForm, type DocumentForm } from './documentForm.ts';
import { readLayerInfo, type LayerInfo } from './layerRecords.ts';
import { fileBytes, memoryBytes, type StoredBytes } from './storedBytes.ts';
import { taggedBlocks } from './taggedBlocks.ts';

interface ImageResource {
  readonly id: number;
  readonly data: Span;
}

/** Where the layers are: in their own section, or (16 and 32 bits) in a block of the document. */
export interface LayersPlace {
  /** Where the bytes of the length are. */
  readonly lengthAt: number;
  readonly lengthBytes: 4 | 8;
  readonly data: Span;
  /** After the padding. */
  readonly end: number;
}

export interface PsdFile {
  /** Of the file; all of it, or all before the composite. */
  readonly bytes: Uint8Array;
  readonly stored: StoredBytes;
  readonly form: DocumentForm;
  /** Palette or duotone curves. */
  readonly colorData: Span;
  readonly resources: readonly ImageResource[];
  /** The section of layers and masks without its length. */
  readonly section: Span;
  readonly layersPlace?: LayersPlace;
  /** There where the document has a place for them; a flat document has none or an empty one. */
  readonly layers?: LayerInfo;
  /** In the section: where blocks of the document start. */
  readonly blocksAt: number;
  /** Marked as having a transparent composite though it may have no layers. */
  readonly marksTransparency: boolean;
  /** Compression number and data of the composite. */
  readonly composite: Span;
}

const mostResources = 10_000;
const layerKeys: ReadonlySet<string> = new Set(['Lr16', 'Lr32', 'Layr']);
const transparencyKeys: ReadonlySet<string> = new Set(['Mt16', 'Mt32', 'Mtrn']);
const iccResource = 1039;
const versionResource = 1057;

/**
 * Takes memory for a few hundred bytes a layer, whatever lengths and sizes the file claims. Throws
 * E_IMAGE_CORRUPT, E_IMAGE_PIXELS (a side above maxSidePx or more than maxPicturePixels) and
 * E_IMAGE_CHANNELS (bitmap documents).
 */
export function readDocument(bytes: Uint8Array): PsdFile {
  return readOrCorrupt(() => readAll(bytes, memoryBytes(bytes)));
}

/** The same of a file, whose composite stays on the disk. Throws E_FILE, too. */
export function openDocument(path: string): PsdFile {
  const stored = fileBytes(path);
  return readOrCorrupt(() => readAll(stored.read({ start: 0, end: headEnd(stored) }), stored));
}

/** Where the composite starts: after the header and three sections with their lengths. */
function headEnd(stored: StoredBytes): number {
  const headerBytes = 26;
  const at = (start: number, length: number) => {
    const span = { start, end: start + length };
    return new ByteCursor(stored.read(span), { start: 0, end: length });
  };
  const { big } = readForm(at(0, headerBytes));
  let end = headerBytes;
  for (const lengthBytes of [4, 4, big ? 8 : 4])
    end += lengthBytes + at(end, lengthBytes).length(lengthBytes === 8);
  return end;
}

function readAll(bytes: Uint8Array, stored: StoredBytes): PsdFile {
  const cursor = new ByteCursor(bytes, { start: 0, end: bytes.length });
  const form = readForm(cursor);
  const colorData = cursor.take(cursor.u32());
  const resources = readResources(bytes, cursor.take(cursor.u32()));
  const section = cursor.take(cursor.length(form.big));
  const composite = { start: cursor.at, end: stored.length };
  const sections = readSection(bytes, section, form);
  return { bytes, stored, form, colorData, resources, ...sections, composite };
}

function readResources(bytes: Uint8Array, span: Span): ImageResource[] {
  const cursor = new ByteCursor(bytes, span);
  const found: ImageResource[] = [];
  while (cursor.left >= 12) {
    cursor.take(4);
    const id = cursor.u16();
    const nameAt = cursor.at;
    cursor.take(cursor.u8());
    cursor.align(nameAt, 2);
    const data = cursor.take(cursor.u32());
    cursor.align(data.start, 2);
    found.push({ id, data });
    if (found.length > mostResources) throw new RangeError('more resources than a document has');
  }
  return found;
}

function readSection(bytes: Uint8Array, section: Span, form: DocumentForm) {
  const { big } = form;
  const empty = { section, blocksAt: section.end, marksTransparency: false };
  if (section.end === section.start) return empty;
  const cursor = new ByteCursor(bytes, section);
  const lengthBytes = big ? 8 : 4;
  const lengthAt = cursor.at;
  const info = cursor.take(cursor.length(big));
  let place: LayersPlace | undefined;
  if (info.end - info.start >= 2) place = { lengthAt, lengthBytes, data: info, end: info.end };
  const blocksAt = skipGlobalMask(bytes, cursor);
  let marksTransparency = false;
  for (const block of taggedBlocks(
    bytes,
    { start: blocksAt, end: section.end },
    { big, step: 4 },
  )) {
    if (transparencyKeys.has(block.key)) marksTransparency = true;
    if (!layerKeys.has(block.key) || block.data.end - block.data.start < 2) continue;
    // What the block holds wins over the section, as in Photoshop's own files of 16 and 32 bits.
    if (block.key !== 'Layr' || !place) place = { ...block, lengthBytes };
  }
  if (!place) return { ...empty, blocksAt, marksTransparency };
  const layers = readLayerInfo(bytes, place.data, big);
  return { section, blocksAt, marksTransparency, layersPlace: place, layers };
}

/** The global layer mask: a length and data that nobody needs; some programs leave it out. */
function skipGlobalMask(bytes: Uint8Array, cursor: ByteCursor): number {
  if (cursor.left < 4) return cursor.end;
  const start = cursor.at;
  const signature = cursor.ascii(4);
  if (signature === '8BIM' || signature === '8B64') return start;
  const again = new ByteCursor(bytes, { start, end: cursor.end });
  again.take(again.u32());
  return again.at;
}

/** The colour profile, where the document has one. */
export function profileOf(file: PsdFile): Uint8Array | undefined {
  const found = file.resources.findLast((r) => r.id === iccResource && r.data.end > r.data.start);
  return found && file.bytes.subarray(found.data.start, found.data.end);
}

/** False for documents saved with "maximize compatibility" off: their composite is blank. */
export function hasComposite(file: PsdFile): boolean {
  const version = file.resources.find((r) => r.id === versionResource)?.data;
  const isTold = version !== undefined && version.end - version.start >= 5;
  return !isTold || file.bytes[version.start + 4] !== 0;
}
