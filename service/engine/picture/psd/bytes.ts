/** Big-endian pieces of a file; large ones stay in lists until the whole file is put together. */

/** Bytes that lie elsewhere and are read when they are written, some at a time. */
export interface StoredPiece {
  readonly length: number;
  /** Each is valid until the next is asked for. */
  chunks(): Iterable<Uint8Array>;
  /** Fills `target` with the bytes from `at` on, all of which are inside the piece. */
  readInto(at: number, target: Uint8Array): Promise<void>;
}

export type Piece = Uint8Array | StoredPiece;

/** Unsigned whole numbers of 1, 2 or 4 bytes; negative ones as two's complement. */
export function u8(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

export function u16(...values: number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((v) => [v >> 8, v]));
}

export function u32(...values: number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((v) => [v >> 24, v >> 16, v >> 8, v]));
}

/** Latin-1 bytes. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

/** The zeros that fill `lengthBytes` up to a multiple of `step` bytes. */
export function padding(lengthBytes: number, step: number): Uint8Array {
  return new Uint8Array((step - (lengthBytes % step)) % step);
}

/** Filled up with zeros to a multiple of `step` bytes. */
export function padded(bytes: Uint8Array, step: number): Uint8Array {
  const extra = padding(bytes.length, step);
  return extra.length === 0 ? bytes : concat([bytes, extra]);
}

/** A length of 4 bytes and then the bytes. */
export function withLength(bytes: Uint8Array): Uint8Array {
  return concat([u32(bytes.length), bytes]);
}

/** Bytes of all parts together. */
export function sizeOf(parts: ReadonlyArray<{ readonly length: number }>): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/** The bytes of pieces one after another, in parts that are valid until the next is asked for. */
export function* chunksOf(pieces: readonly Piece[]): Generator<Uint8Array> {
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) yield piece;
    else yield* piece.chunks();
  }
}

export function concat(parts: readonly Piece[]): Uint8Array {
  const out = new Uint8Array(sizeOf(parts));
  let at = 0;
  for (const part of chunksOf(parts)) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
