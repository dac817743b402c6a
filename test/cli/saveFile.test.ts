import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { PentimentoError } from '../../shared/errors.ts';
import { save } from '../../service/cli/saveFile.ts';
import { concat, type Piece, type StoredPiece } from '../../service/engine/picture/psd/bytes.ts';
import { fileBytes } from '../../service/engine/picture/psd/document/storedBytes.ts';
import { splicedPiece } from '../../service/engine/picture/psd/document/splicedPiece.ts';

const folder = mkdtempSync(join(tmpdir(), 'pentimento-save-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function bytesOf(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

function manyBytes(length: number): Uint8Array {
  const tile = bytesOf(100_003, 2);
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += tile.length)
    bytes.set(tile.subarray(0, Math.min(tile.length, length - at)), at);
  return bytes;
}

/** New bytes, a file's, a file's with others between them: none of a round length. */
function piecesOf(bulk: number): Piece[] {
  const path = join(folder, `stored-${bulk}`);
  writeFileSync(path, bytesOf(3_000_001, 5));
  const stored = fileBytes(path);
  const replacements = Array.from({ length: 700 }, (_, i) => ({
    span: { start: 100_001 + i * 2003, end: 100_001 + i * 2003 + 777 },
    bytes: bytesOf(500 + i, i),
  }));
  return [
    bytesOf(41, 1),
    stored.piece({ start: 7, end: 2_900_000 }),
    new Uint8Array(0),
    manyBytes(bulk),
    splicedPiece(stored, { start: 99, end: 3_000_001 }, replacements),
  ];
}

describe('a saved file', () => {
  it.each([
    ['small', 5000],
    ['too large for the cache of the system', 67_000_003],
  ])('has every byte of its pieces: %s', async (name, bulk) => {
    const path = join(folder, name);
    const pieces = piecesOf(bulk);
    await save(path, pieces);
    expect(Buffer.compare(readFileSync(path), concat(pieces))).toBe(0);
  });

  it('is empty where there is nothing to write', async () => {
    const path = join(folder, 'empty');
    await save(path, new Uint8Array(0));
    expect(readFileSync(path).length).toBe(0);
  });

  it.each([3_000_000, 80_000_000])(
    'keeps what it was when a piece of %i bytes cannot be read to its end',
    async (length) => {
      const path = join(folder, 'kept');
      writeFileSync(path, 'old');
      const broken: StoredPiece = {
        length,
        chunks: () => [],
        readInto: async (at, target) => {
          if (at > length / 2) throw new PentimentoError('E_FILE', 'gone');
          target.fill(1);
        },
      };
      await expect(save(path, [bytesOf(9, 1), broken])).rejects.toMatchObject({ code: 'E_FILE' });
      expect(readFileSync(path, 'utf8')).toBe('old');
      expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
    },
  );

  it('is not made of two versions of a document', async () => {
    const from = join(folder, 'document');
    writeFileSync(from, bytesOf(500_000, 3));
    const stored = fileBytes(from);
    const piece = stored.piece({ start: 0, end: 500_000 });
    writeFileSync(from, bytesOf(500_001, 4));
    const path = join(folder, 'mixed');
    await expect(save(path, [piece])).rejects.toMatchObject({ code: 'E_FILE' });
    expect(readdirSync(folder)).not.toContain('mixed');
  });
});
