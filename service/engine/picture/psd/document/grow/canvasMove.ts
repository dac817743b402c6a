/** A canvas that becomes larger: where what lies on it comes to lie, written over a copy of the document. */
import { PentimentoError } from '../../../../../../shared/errors.ts';
import type { Rect, Size } from '../../../../../../shared/geometry.ts';
import type { Span } from '../byteCursor.ts';

export interface CanvasMove {
  readonly from: Size;
  readonly to: Size;
  /** How far everything moves to the right and down, in whole pixels. */
  readonly dx: number;
  readonly dy: number;
}

/** `canvas`: the larger one in pixels of the document. */
export function moveOnto(document: Size, canvas: Rect): CanvasMove {
  const { width, height } = document;
  const to = { width: canvas.width, height: canvas.height };
  return { from: { width, height }, to, dx: -canvas.x, dy: -canvas.y };
}

/** What is in a document that nobody can say how it has to change. `part` begins a sentence about the file. */
export function notMoved(part: string): PentimentoError {
  return new PentimentoError('E_OUTPUT_TYPE', `${part}; write a .png or .tif instead.`);
}

/** Numbers of a copy of a document, read and written over where they are. */
export class Overwriter {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(at: number): number {
    return this.#view.getUint8(at);
  }

  u16(at: number): number {
    return this.#view.getUint16(at);
  }

  u32(at: number): number {
    return this.#view.getUint32(at);
  }

  i32(at: number): number {
    return this.#view.getInt32(at);
  }

  set32(at: number, value: number): void {
    this.#view.setInt32(at, value);
  }

  add32(at: number, value: number): void {
    this.#view.setInt32(at, this.#view.getInt32(at) + value);
  }

  addF64(at: number, value: number): void {
    this.#view.setFloat64(at, this.#view.getFloat64(at) + value);
  }

  /** Of top, left, bottom, right; one without pixels stays where it is. */
  moveRect(at: number, { dx, dy }: CanvasMove): void {
    const isEmpty = this.i32(at + 8) <= this.i32(at) || this.i32(at + 12) <= this.i32(at + 4);
    if (isEmpty) return;
    for (const [i, by] of [dy, dx, dy, dx].entries()) this.add32(at + i * 4, by);
  }

  /** Where the letters begin in the span, each time. */
  *places(letters: string, { start, end }: Span): Generator<number> {
    const wanted = Buffer.from(letters, 'latin1');
    const span = Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, end - start);
    for (let at = span.indexOf(wanted); at >= 0; at = span.indexOf(wanted, at + 1))
      yield start + at;
  }

  isZero({ start, end }: Span): boolean {
    return this.bytes.subarray(start, end).every((v) => v === 0);
  }

  has(letters: string, span: Span): boolean {
    return this.places(letters, span).next().done !== true;
  }
}
