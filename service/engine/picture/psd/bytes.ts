/** Big-endian pieces of a file, put together at the end. */

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

/** Filled up with zeros to a multiple of `step` bytes. */
export function padded(bytes: Uint8Array, step: number): Uint8Array {
  const extra = (step - (bytes.length % step)) % step;
  return extra === 0 ? bytes : concat([bytes, new Uint8Array(extra)]);
}

/** A length of 4 bytes and then the bytes. */
export function withLength(bytes: Uint8Array): Uint8Array {
  return concat([u32(bytes.length), bytes]);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
