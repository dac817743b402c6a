/**
 * Reads protocol buffer messages (protobuf.dev/programming-guides/encoding) field by field: what a
 * field holds is looked at only when somebody asks, so gigabytes of weights are stepped over.
 */

/** Why a file was refused: one sentence part, safe to show. */
export class OnnxError extends Error {}

/** Bytes of a file or of memory. */
export interface ByteSource {
  /** Exactly `length` bytes, valid until the next call. `position + length` is never beyond the end. */
  read(position: number, length: number): Promise<Uint8Array>;
}

/** A range of the source: begin inclusive, end exclusive. */
export interface ByteRange {
  readonly begin: number;
  readonly end: number;
}

export interface Field extends ByteRange {
  readonly number: number;
  /** Where the field itself begins, its tag included. */
  readonly at: number;
  /** Of a varint; undefined for bytes (texts, messages, packed lists) and fixed numbers. */
  readonly value?: bigint;
}

const longestVarint = 10;
const [varint, fixed64, lengthDelimited, fixed32] = [0, 1, 2, 5];

/** The fields of the message in `range`, in their order. Throws OnnxError when it is not well formed. */
export async function* fieldsOf(source: ByteSource, range: ByteRange): AsyncGenerator<Field> {
  let at = range.begin;
  while (at < range.end) {
    const tag = await readVarint(source, { begin: at, end: range.end });
    const number = Number(tag.value >> 3n);
    const wire = Number(tag.value & 7n);
    if (number < 1) throw malformed();
    const field = await readField(source, { begin: tag.end, end: range.end }, wire);
    if (field.end > range.end)
      throw new OnnxError('it ends in the middle; the download was cut off');
    yield { number, at, ...field };
    at = field.end;
  }
}

async function readField(
  source: ByteSource,
  rest: ByteRange,
  wire: number,
): Promise<Pick<Field, 'begin' | 'end' | 'value'>> {
  const { begin } = rest;
  switch (wire) {
    case varint: {
      const { value, end } = await readVarint(source, rest);
      return { value, begin, end };
    }
    case fixed64:
      return { begin, end: begin + 8 };
    case fixed32:
      return { begin, end: begin + 4 };
    case lengthDelimited: {
      const { value, end } = await readVarint(source, rest);
      return { begin: end, end: end + exactNumber(value) };
    }
    default:
      throw malformed();
  }
}

async function readVarint(
  source: ByteSource,
  { begin, end }: ByteRange,
): Promise<{ value: bigint; end: number }> {
  const bytes = await source.read(begin, Math.min(longestVarint, end - begin));
  let value = 0n;
  for (let i = 0; i < bytes.length; i++) {
    value |= BigInt(bytes[i] & 0x7f) << BigInt(7 * i);
    if (bytes[i] < 0x80) return { value: BigInt.asUintN(64, value), end: begin + i + 1 };
  }
  throw malformed();
}

/** Numbers of a packed or single field of varints. */
export async function varintsOf(source: ByteSource, field: Field): Promise<number[]> {
  if (field.value !== undefined) return [exactNumber(field.value)];
  const numbers: number[] = [];
  for (let at = field.begin; at < field.end;) {
    const { value, end } = await readVarint(source, { begin: at, end: field.end });
    numbers.push(exactNumber(value));
    at = end;
  }
  return numbers;
}

/** A count or size. Throws OnnxError for negative and inexact ones. */
export function exactNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed();
  return Number(value);
}

const longestText = 4096;

/** Throws OnnxError for what is no text of a reasonable length. */
export async function textOf(source: ByteSource, { begin, end }: ByteRange): Promise<string> {
  if (end - begin > longestText) throw new OnnxError('one of its names is too long');
  const bytes = await source.read(begin, end - begin);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed();
  }
}

export function malformed(): OnnxError {
  return new OnnxError('it is not a valid ONNX file');
}
