import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ascii, concat, u16, u32 } from '../../../service/engine/picture/psd/bytes.ts';
import { mergedWith } from '../../../service/engine/picture/psd/document/mergedImage.ts';
import { unpackedPart } from '../../../service/engine/picture/psd/document/mergedRows.ts';
import { packedRow } from '../../../service/engine/picture/psd/document/packedRows.ts';
import { readDocument } from '../../../service/engine/picture/psd/document/readDocument.ts';
import { splicedPiece } from '../../../service/engine/picture/psd/document/splicedPiece.ts';
import { memoryBytes } from '../../../service/engine/picture/psd/document/storedBytes.ts';
import { unpackRow } from '../../../service/engine/picture/psd/packBits.ts';
import { noiseLayer } from '../../fixtures/psdCarriedOver.ts';

describe('stored bytes with others between them', () => {
  it('are the same in any windows as altogether', async () => {
    const cuts = fc.array(fc.tuple(fc.nat(20), fc.nat(9), fc.nat(12)), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(cuts, fc.integer({ min: 1, max: 40 }), async (changes, windowBytes) => {
        const bytes = Uint8Array.from({ length: 400 }, (_, i) => i);
        const replacements: Array<{ span: { start: number; end: number }; bytes: Uint8Array }> = [];
        const expected: number[] = [];
        let at = 5;
        for (const [gap, old, fresh] of changes) {
          const start = at + gap;
          const added = new Uint8Array(fresh).fill(200 + replacements.length);
          replacements.push({ span: { start, end: start + old }, bytes: added });
          expected.push(...bytes.subarray(at, start), ...added);
          at = start + old;
        }
        expected.push(...bytes.subarray(at, 390));
        const piece = splicedPiece(memoryBytes(bytes), { start: 5, end: 390 }, replacements);
        expect(Array.from(concat([piece]))).toEqual(expected);
        const read: number[] = [];
        for (let from = 0; from < piece.length; from += windowBytes) {
          const target = new Uint8Array(Math.min(windowBytes, piece.length - from));
          await piece.readInto(from, target);
          read.push(...target);
        }
        expect(read).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a composite with layers over it', () => {
  it.each([8, 16, 32] as const)(
    'is the same in any windows as altogether: %i bits',
    async (depth) => {
      const size = fc.record({
        width: fc.integer({ min: 1, max: 9 }),
        height: fc.integer({ min: 1, max: 6 }),
      });
      const place = fc.record({
        x: fc.integer({ min: -3, max: 8 }),
        y: fc.integer({ min: -3, max: 5 }),
        width: fc.integer({ min: 1, max: 7 }),
        height: fc.integer({ min: 1, max: 7 }),
      });
      const window = fc.integer({ min: 1, max: 60 });
      let changed = 0;
      await fc.assert(
        fc.asyncProperty(size, place, place, window, async (document, a, b, windowBytes) => {
          const file = readDocument(Buffer.from(flatDocument(document, depth)));
          const layers = [a, b].map((bounds) => noiseLayer(file.form, bounds, 'x'));
          const [, piece] = mergedWith(file, layers);
          if (piece instanceof Uint8Array) throw new Error('Expected a piece that is read later');
          const whole = concat([piece]);
          if (Buffer.compare(whole, file.bytes.subarray(file.composite.start + 2)) !== 0) changed++;
          for (let from = 0; from < piece.length; from += windowBytes) {
            const target = new Uint8Array(Math.min(windowBytes, piece.length - from));
            await piece.readInto(from, target);
            expect(target).toEqual(whole.subarray(from, from + target.length));
          }
        }),
        { numRuns: 300 },
      );
      expect(changed).toBeGreaterThan(100);
    },
  );
});

/** Raw noise of three channels, and two bytes after it. */
function flatDocument(
  { width, height }: { readonly width: number; readonly height: number },
  depth: 8 | 16 | 32,
): Uint8Array {
  const count = width * height * 3;
  const values = Uint8Array.from({ length: (count * depth) / 8 }, (_, i) => Math.imul(i, 97) % 63);
  const head = [ascii('8BPS'), u16(1, 0, 0, 0, 3), u32(height, width), u16(depth, 3), u32(0, 0, 0)];
  return concat([...head, u16(0), values, Uint8Array.of(1, 2)]);
}

describe('a part of a packed row', () => {
  const row = fc
    .array(fc.tuple(fc.nat(255), fc.oneof(fc.nat(4), fc.nat(300))), { minLength: 1, maxLength: 40 })
    .map((runs) =>
      Uint8Array.from(runs.flatMap(([v, n]) => Array.from({ length: n + 1 }, () => v))),
    );

  it('is what the whole row has there, and can be packed anew in its place', () => {
    fc.assert(
      fc.property(row, fc.nat(), fc.nat(), (bytes, a, b) => {
        const start = a % bytes.length;
        const end = start + 1 + (b % (bytes.length - start));
        const packed = packedRow(bytes);
        const part = unpackedPart(packed, { start, end }, bytes.length);
        expect(part.row.start).toBeLessThanOrEqual(start);
        expect(part.row.end).toBeGreaterThanOrEqual(end);
        expect(part.bytes).toEqual(bytes.slice(part.row.start, part.row.end));
        const changed = bytes.slice();
        changed.fill(77, start, end);
        part.bytes.fill(77, start - part.row.start, end - part.row.start);
        const again = concat([
          packed.subarray(0, part.packed.start),
          packedRow(part.bytes),
          packed.subarray(part.packed.end),
        ]);
        const out = new Uint8Array(bytes.length);
        expect(unpackRow(again, out)).toBe(true);
        expect(out).toEqual(changed);
      }),
    );
  });

  it('is refused where its packets end too soon or say more than the row holds', () => {
    const packed = Uint8Array.of(2, 1, 2, 3, 253, 9);
    expect(unpackedPart(packed, { start: 2, end: 5 }, 7).bytes).toEqual(
      Uint8Array.of(1, 2, 3, 9, 9, 9, 9),
    );
    for (const broken of [packed.subarray(0, 5), packed.subarray(0, 4), packed.subarray(0, 3)])
      expect(() => unpackedPart(broken, { start: 2, end: 5 }, 7)).toThrow(RangeError);
    expect(() => unpackedPart(packed, { start: 2, end: 5 }, 6)).toThrow(RangeError);
  });
});
