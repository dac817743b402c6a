/** Descriptors: the keyed values in which Photoshop stores settings (File Formats Specification, descriptor structure). */
import { ByteCursor, type Span } from './byteCursor.ts';

export type DescriptorValue = number | string | boolean | Descriptor | readonly DescriptorValue[];
export interface Descriptor {
  readonly [key: string]: DescriptorValue;
}

const deepest = 32;
export const descriptorVersion = 16;

/** Version, then a descriptor. Undefined when it holds kinds of values that are not read here, or is damaged. */
export function readDescriptor(bytes: Uint8Array, span: Span): Descriptor | undefined {
  try {
    const cursor = new ByteCursor(bytes, span);
    return cursor.u32() === descriptorVersion ? readItems(cursor, 0) : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readItems(cursor: ByteCursor, depth: number): Descriptor {
  if (depth > deepest) throw new RangeError('nested too deeply');
  cursor.unicode();
  readKey(cursor);
  const items = new Map<string, DescriptorValue>();
  for (let left = cursor.u32(); left > 0; left--) {
    const key = readKey(cursor);
    items.set(key, readValue(cursor, depth));
  }
  return Object.fromEntries(items);
}

/** A text with its length; a length of 0 stands for four letters. */
function readKey(cursor: ByteCursor): string {
  const length = cursor.u32();
  if (length > 255) throw new RangeError('a key is too long');
  return cursor.ascii(length === 0 ? 4 : length);
}

function readValue(cursor: ByteCursor, depth: number): DescriptorValue {
  const kind = cursor.ascii(4);
  switch (kind) {
    case 'long':
      return cursor.i32();
    case 'doub':
      return cursor.f64();
    case 'bool':
      return cursor.u8() !== 0;
    case 'TEXT':
      return cursor.unicode();
    case 'UntF':
      cursor.take(4);
      return cursor.f64();
    case 'comp':
      return cursor.i32() * 0x1_0000_0000 + cursor.u32();
    case 'enum':
      readKey(cursor);
      return readKey(cursor);
    case 'Objc':
    case 'GlbO':
      return readItems(cursor, depth + 1);
    case 'VlLs':
      return readList(cursor, depth + 1);
    case 'tdta':
    case 'alis':
      cursor.take(cursor.u32());
      return '';
    case 'type':
    case 'GlbC':
      cursor.unicode();
      return readKey(cursor);
    default:
      throw new RangeError(`a value of kind ${kind}`);
  }
}

function readList(cursor: ByteCursor, depth: number): DescriptorValue[] {
  if (depth > deepest) throw new RangeError('nested too deeply');
  const list: DescriptorValue[] = [];
  for (let left = cursor.u32(); left > 0; left--) list.push(readValue(cursor, depth));
  return list;
}

/** The rectangle of four numbers that a descriptor holds, cut to whole pixels towards 0. */
export function rectOfDescriptor(value: DescriptorValue | undefined) {
  if (typeof value !== 'object' || Array.isArray(value)) return undefined;
  const sides = ['Left', 'Top ', 'Rght', 'Btom'].map((key) => (value as Descriptor)[key]);
  if (!sides.every((side) => typeof side === 'number' && Number.isFinite(side))) return undefined;
  const [x, y, right, bottom] = sides.map(Number).map(Math.trunc);
  return { x, y, width: right - x, height: bottom - y };
}
