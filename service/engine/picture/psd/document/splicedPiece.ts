/** Stored bytes of which some are replaced, as one piece of a file that is read when it is written. */
import { sizeOf, type StoredPiece } from '../bytes.ts';
import type { Span } from './byteCursor.ts';
import type { StoredBytes } from './storedBytes.ts';

/** Other bytes, of any number, for a span. */
export interface Replacement {
  readonly span: Span;
  readonly bytes: Uint8Array;
}

/** What follows one another in the piece: new bytes, or a span of the stored ones. */
interface Part {
  /** In the piece. */
  readonly at: number;
  readonly length: number;
  readonly source: Uint8Array | Span;
}

/** `replacements` are in order, inside `span`, and do not overlap. */
export function splicedPiece(
  stored: StoredBytes,
  span: Span,
  replacements: readonly Replacement[],
): StoredPiece {
  const parts = partsOf(span, replacements);
  // Several parts of a file may be read at the same time.
  const spares: Uint8Array[] = [];
  return {
    length: sizeOf(parts),
    *chunks() {
      for (const { source } of parts) {
        const piece = source instanceof Uint8Array ? source : stored.piece(source);
        if (piece instanceof Uint8Array) yield piece;
        else yield* piece.chunks();
      }
    },
    async readInto(at, target) {
      const seen = seenParts(parts, at, target.length);
      const around = aroundParts(seen);
      if (seen.length === 1 && around.end > around.start)
        return stored.readInto(around.start, target);
      const spare = spares.pop();
      const length = around.end - around.start;
      const bytes = spare && spare.length >= length ? spare : new Uint8Array(length);
      await stored.readInto(around.start, bytes.subarray(0, length));
      lay(seen, { start: around.start, bytes }, target);
      spares.push(bytes);
    },
  };
}

function partsOf(span: Span, replacements: readonly Replacement[]): Part[] {
  const parts: Part[] = [];
  let at = 0;
  const add = (length: number, source: Part['source']) => {
    if (length > 0) parts.push({ at, length, source });
    at += length;
  };
  let kept = span.start;
  for (const { span: old, bytes } of replacements) {
    add(old.start - kept, { start: kept, end: old.start });
    add(bytes.length, bytes);
    kept = old.end;
  }
  add(span.end - kept, { start: kept, end: span.end });
  return parts;
}

/** What of the parts lies in `length` bytes from `at` on, counted from there. */
function seenParts(parts: readonly Part[], at: number, length: number): Part[] {
  const seen: Part[] = [];
  for (let i = indexAt(parts, at); i < parts.length && parts[i].at < at + length; i++) {
    const { source, ...part } = parts[i];
    const from = Math.max(0, at - part.at);
    const count = Math.min(part.length, at + length - part.at) - from;
    const clipped =
      source instanceof Uint8Array
        ? source.subarray(from, from + count)
        : { start: source.start + from, end: source.start + from + count };
    seen.push({ at: part.at + from - at, length: count, source: clipped });
  }
  return seen;
}

/** The last part that begins at or before `at`. */
function indexAt(parts: readonly Part[], at: number): number {
  let low = 0;
  let high = parts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (parts[middle].at <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The stored bytes from the first to the last that are seen: between small replacements they are read in one go. */
function aroundParts(parts: readonly Part[]): Span {
  const spans = parts.flatMap(({ source }) => (source instanceof Uint8Array ? [] : [source]));
  return { start: spans.at(0)?.start ?? 0, end: spans.at(-1)?.end ?? 0 };
}

/** `around`: stored bytes from `start` on. */
function lay(
  parts: readonly Part[],
  around: { readonly start: number; readonly bytes: Uint8Array },
  target: Uint8Array,
): void {
  for (const { at, source } of parts) {
    if (source instanceof Uint8Array) target.set(source, at);
    else {
      const { start, bytes } = around;
      target.set(bytes.subarray(source.start - start, source.end - start), at);
    }
  }
}
