/**
 * A layer's own XMP packet where Photoshop keeps it: in the metadata block of its record (`shmd`), as
 * the text `layerXMP` of the descriptor under the key `cust`.
 */
import { ascii, concat, padded, u32, u8, withLength } from '../bytes.ts';
import { block } from '../recordBytes.ts';
import { ByteCursor, type Span } from './byteCursor.ts';
import { descriptorVersion, readDescriptor } from './descriptor.ts';
import type { LayerRecord } from './layerRecords.ts';
import type { PsdFile } from './readDocument.ts';
import { findBlocks } from './taggedBlocks.ts';

const metadataKey = 'shmd';
const textKey = 'layerXMP';
const customKey = 'cust';

/** The block with its key and length. */
export function layerXmpBlock(xmp: string): Uint8Array {
  const descriptor = concat([
    u32(descriptorVersion),
    text(''),
    withLength(ascii('metadata')),
    u32(1),
    withLength(ascii(textKey)),
    ascii('TEXT'),
    text(xmp),
  ]);
  const item = [ascii(`8BIM${customKey}`), u8(0, 0, 0, 0), withLength(padded(descriptor, 4))];
  return block(metadataKey, concat([u32(1), ...item]));
}

/** UTF-16 with the count of its units and a zero at the end. */
function text(value: string): Uint8Array {
  const units = Buffer.from(`${value}\0`, 'utf16le').swap16();
  return concat([u32(value.length + 1), units]);
}

/** Undefined when the layer has none. Throws a RangeError when its blocks are damaged. */
export function readLayerXmp({ bytes, form }: PsdFile, record: LayerRecord): string | undefined {
  const wanted = { big: form.big, keys: new Set([metadataKey]) };
  const data = findBlocks(bytes, record.blocks, wanted).get(metadataKey);
  const xmp = data && readCustom(bytes, data)?.[textKey];
  return typeof xmp === 'string' ? xmp : undefined;
}

function readCustom(bytes: Uint8Array, data: Span) {
  const cursor = new ByteCursor(bytes, data);
  for (let left = cursor.u32(); left > 0 && cursor.left >= 16; left--) {
    cursor.take(4);
    const key = cursor.ascii(4);
    cursor.take(4);
    const span = cursor.take(cursor.u32());
    if (key === customKey) return readDescriptor(bytes, span);
  }
  return undefined;
}
