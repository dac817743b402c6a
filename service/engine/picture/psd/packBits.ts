/** PackBits run-length coding, as PSD and TIFF use it (Macintosh Technical Note TN1023). */

/** One row packed; `out` must have room for `row.length + row.length / 128 + 1` bytes from `at`. Answers the end. */
export function packRow(row: Uint8Array, out: Uint8Array, at: number): number {
  let to = at;
  let i = 0;
  const n = row.length;
  while (i < n) {
    let run = 1;
    while (run < 128 && i + run < n && row[i + run] === row[i]) run++;
    if (run >= 3 || (run === 2 && i + 2 === n)) {
      out[to++] = 257 - run;
      out[to++] = row[i];
      i += run;
      continue;
    }
    const end = endOfLiterals(row, i + run, Math.min(n, i + 128));
    out[to++] = end - i - 1;
    while (i < end) out[to++] = row[i++];
  }
  return to;
}

/** Where from `start` on three equal bytes begin; `end` when they do not before. */
function endOfLiterals(row: Uint8Array, start: number, end: number): number {
  const last = Math.min(end, row.length - 2);
  if (start >= last) return end;
  let first = row[start];
  let second = row[start + 1];
  for (let i = start; i < last; i++) {
    const third = row[i + 2];
    if (first === second && second === third) return i;
    first = second;
    second = third;
  }
  return end;
}

/** Unpacks exactly `row.length` bytes. False when the packed bytes end too soon or say more than the row holds. */
export function unpackRow(packed: Uint8Array, row: Uint8Array): boolean {
  let from = 0;
  let to = 0;
  while (to < row.length) {
    if (from >= packed.length) return false;
    const head = packed[from++];
    if (head === 128) continue;
    const length = head < 128 ? head + 1 : 257 - head;
    if (to + length > row.length) return false;
    if (head < 128) {
      if (from + length > packed.length) return false;
      row.set(packed.subarray(from, from + length), to);
      from += length;
    } else {
      if (from >= packed.length) return false;
      row.fill(packed[from++], to, to + length);
    }
    to += length;
  }
  return true;
}

/** Whole packets of a packed row. */
export interface Packets {
  /** Where they are among the packed bytes. */
  readonly packed: { readonly start: number; readonly end: number };
  /** What of the row they stand for. */
  readonly row: { readonly start: number; readonly end: number };
}

/** The packets that stand for bytes `start` to `end` of a row; undefined when the packed bytes end too soon. */
export function packetsOver(
  packed: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
): Packets | undefined {
  let from = 0;
  let to = 0;
  const first = { packed: 0, row: 0 };
  while (to < end) {
    if (from >= packed.length) return undefined;
    const head = packed[from];
    const length = head < 128 ? head + 1 : head === 128 ? 0 : 257 - head;
    from += head < 128 ? length + 1 : head === 128 ? 1 : 2;
    to += length;
    if (to <= start) {
      first.packed = from;
      first.row = to;
    }
  }
  if (from > packed.length) return undefined;
  return { packed: { start: first.packed, end: from }, row: { start: first.row, end: to } };
}
