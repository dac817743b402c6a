/** Additional layer information: blocks of a signature, a key of four letters, a length and data. */
import { ByteCursor, type Span } from './byteCursor.ts';

/** Keys whose length has 8 bytes in a large document (Adobe Photoshop File Formats Specification). */
const wideKeys: ReadonlySet<string> = new Set(
  'LMsk Lr16 Lr32 Layr Mt16 Mt32 Mtrn Alph FMsk lnk2 lnk3 lnkE FXid FEid FELS PxSD pths extd extn cinf artd'.split(
    ' ',
  ),
);

interface BlockForm {
  readonly big: boolean;
  /** Blocks of a document start at multiples of 4, blocks of a layer follow at once. */
  readonly step: 1 | 4;
}

interface TaggedBlock {
  readonly key: string;
  /** Where the bytes of its length are. */
  readonly lengthAt: number;
  readonly data: Span;
  /** After the padding. */
  readonly end: number;
}

/**
 * Every block in the span, one after another; what is not a block ends the list. Throws a RangeError
 * when a block reaches past the span.
 */
export function* taggedBlocks(
  bytes: Uint8Array,
  span: Span,
  { big, step }: BlockForm,
): Generator<TaggedBlock> {
  const cursor = new ByteCursor(bytes, span);
  while (cursor.left >= 12) {
    const signature = cursor.ascii(4);
    if (signature !== '8BIM' && signature !== '8B64') return;
    const key = cursor.ascii(4);
    const lengthAt = cursor.at;
    const data = cursor.take(cursor.length(big && wideKeys.has(key)));
    cursor.align(data.start, step);
    yield { key, lengthAt, data, end: cursor.at };
  }
}

/** The data of the wanted blocks of a layer; of two with the same key the last. */
export function findBlocks(
  bytes: Uint8Array,
  span: Span,
  wanted: { readonly big: boolean; readonly keys: ReadonlySet<string> },
): Map<string, Span> {
  const found = new Map<string, Span>();
  for (const { key, data } of taggedBlocks(bytes, span, { big: wanted.big, step: 1 })) {
    if (wanted.keys.has(key)) found.set(key, data);
  }
  return found;
}
