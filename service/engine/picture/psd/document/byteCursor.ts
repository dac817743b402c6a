/** Reading big-endian values of a file that may be damaged: nothing is ever read outside the span. */
import { PentimentoError } from '../../../../../shared/errors.ts';

/** A piece of the file: [start, end) in bytes. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Walks over one span. Every method throws a RangeError when the span ends too soon. */
export class ByteCursor {
  at: number;
  readonly end: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(bytes: Uint8Array, span: Span) {
    if (span.start < 0 || span.end > bytes.length || span.start > span.end) {
      throw new RangeError('A piece lies outside of the file');
    }
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = span.start;
    this.end = span.end;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** The next `length` bytes, stepped over. */
  take(length: number): Span {
    if (length < 0 || length > this.left) throw new RangeError('A length reaches past its piece');
    const start = this.at;
    this.at += length;
    return { start, end: this.at };
  }

  /** Steps to a multiple of `step` bytes from `origin`; at the end of the span that is no error. */
  align(origin: number, step: number): void {
    const over = (this.at - origin) % step;
    if (over > 0) this.at = Math.min(this.end, this.at + step - over);
  }

  u8(): number {
    return this.view.getUint8(this.take(1).start);
  }

  u16(): number {
    return this.view.getUint16(this.take(2).start);
  }

  i16(): number {
    return this.view.getInt16(this.take(2).start);
  }

  u32(): number {
    return this.view.getUint32(this.take(4).start);
  }

  i32(): number {
    return this.view.getInt32(this.take(4).start);
  }

  f64(): number {
    return this.view.getFloat64(this.take(8).start);
  }

  /** A length of 4 bytes, or of 8 in a large document; beyond 2^53 no file reaches. */
  length(wide: boolean): number {
    return wide ? this.u32() * 0x1_0000_0000 + this.u32() : this.u32();
  }

  /** `length` bytes as Latin-1, for keys and signatures. */
  ascii(length: number): string {
    const { start, end } = this.take(length);
    return String.fromCharCode(...this.bytes.subarray(start, end));
  }

  /** UTF-16 with its count of units before it; zeros at the end are left out. */
  unicode(): string {
    const count = this.u32();
    const { start, end } = this.take(count * 2);
    const text = new TextDecoder('utf-16be').decode(this.bytes.subarray(start, end));
    const last = text.search(/\0+$/);
    return last < 0 ? text : text.slice(0, last);
  }
}

/** Runs a reader of untrusted bytes. What it finds out of range becomes E_IMAGE_CORRUPT. */
export function readOrCorrupt<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new PentimentoError('E_IMAGE_CORRUPT', undefined, { cause });
  }
}
