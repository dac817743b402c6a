/** Files of which a part is written before the rest is known. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { beginFile } from '../../service/cli/begunFile.ts';
import { concat, type Piece, type StoredPiece } from '../../service/engine/picture/psd/bytes.ts';
import { PentimentoError } from '../../shared/errors.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';

const folder = temporaryFolder();
const mebibyte = 1024 * 1024;

function noise(length: number, seed: number): Uint8Array {
  const tile = Uint8Array.from(
    { length: 9973 },
    (_, i) => Math.imul(i + seed, 2_654_435_761) >>> 24,
  );
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += tile.length)
    bytes.set(tile.subarray(0, Math.min(tile.length, length - at)), at);
  return bytes;
}

/** How many bytes were read of it. */
function counted(bytes: Uint8Array): { piece: StoredPiece; read: () => number } {
  let sum = 0;
  const piece: StoredPiece = {
    length: bytes.length,
    chunks: () => [bytes],
    readInto: async (at, target) => {
      sum += target.length;
      target.set(bytes.subarray(at, at + target.length));
    },
  };
  return { piece, read: () => sum };
}

function oldFile(name: string): string {
  const own = join(folder, name);
  mkdirSync(own);
  const path = join(own, 'picture.psd');
  writeFileSync(path, 'old');
  return path;
}

const filesBeside = (path: string) => readdirSync(join(path, '..'));

/** Lets the early part be written to its end. */
async function untilRead(read: () => number, bytes: number): Promise<void> {
  while (read() < bytes) await new Promise((done) => setImmediate(done));
}

describe('a file that is begun early', () => {
  const head = noise(30_001, 1);
  const tail = noise(3 * mebibyte + 77, 2);

  it.each([10_000, 13 * mebibyte + 5, 70 * mebibyte + 1])(
    'has every byte of its pieces: %i bytes early',
    async (length) => {
      const path = oldFile(`early-${length}`);
      const { piece, read } = counted(noise(length, 3));
      const begun = beginFile(path, { at: head.length, pieces: [piece] });
      expect(readFileSync(path, 'utf8')).toBe('old');
      // Whole windows of 4 MiB.
      const whole = Math.max(0, Math.floor((head.length + length) / (4 * mebibyte)) - 1);
      await untilRead(read, whole * 4 * mebibyte);
      const pieces: Piece[] = [head, piece, tail];
      await begun.complete(pieces, head.length);
      await begun.discard();
      expect(Buffer.compare(readFileSync(path), concat(pieces))).toBe(0);
      expect(filesBeside(path)).toEqual(['picture.psd']);
      // Nothing is read twice but what is around the early windows.
      expect(read()).toBeLessThanOrEqual(length + 2 * mebibyte);
    },
  );

  it('is completed while it is being begun', async () => {
    const path = oldFile('at-once');
    const { piece } = counted(noise(40 * mebibyte, 3));
    const pieces = [head, piece, tail];
    await beginFile(path, { at: head.length, pieces: [piece] }).complete(pieces, head.length);
    expect(Buffer.compare(readFileSync(path), concat(pieces))).toBe(0);
  });

  it('is written anew where its early part has another place than was thought', async () => {
    const path = oldFile('moved');
    const { piece } = counted(noise(9 * mebibyte, 3));
    const begun = beginFile(path, { at: 1000, pieces: [piece] });
    const pieces = [head, piece];
    await begun.complete(pieces, head.length);
    expect(Buffer.compare(readFileSync(path), concat(pieces))).toBe(0);
    expect(filesBeside(path)).toEqual(['picture.psd']);
  });

  it('is written anew where its early part failed', async () => {
    const path = oldFile('failed-early');
    const bytes = noise(30 * mebibyte, 3);
    let isBroken = true;
    let tell = () => {};
    const failed = new Promise<void>((done) => {
      tell = done;
    });
    const piece: StoredPiece = {
      length: bytes.length,
      chunks: () => [bytes],
      readInto: async (at, target) => {
        if (isBroken && at > 20 * mebibyte) {
          tell();
          throw new PentimentoError('E_FILE', 'gone');
        }
        target.set(bytes.subarray(at, at + target.length));
      },
    };
    const begun = beginFile(path, { at: head.length, pieces: [piece] });
    await failed;
    isBroken = false;
    await begun.complete([head, piece], head.length);
    expect(Buffer.compare(readFileSync(path), concat([head, piece]))).toBe(0);
  });

  it('leaves what was there when it is discarded', async () => {
    const path = oldFile('discarded');
    const { piece } = counted(noise(70 * mebibyte, 3));
    const begun = beginFile(path, { at: head.length, pieces: [piece] });
    await new Promise((done) => setImmediate(done));
    await begun.discard();
    await begun.discard();
    expect(filesBeside(path)).toEqual(['picture.psd']);
    expect(readFileSync(path, 'utf8')).toBe('old');
  });

  it('leaves what was there when the rest cannot be read', async () => {
    const path = oldFile('failed-late');
    const { piece } = counted(noise(9 * mebibyte, 3));
    const broken: StoredPiece = {
      length: 5000,
      chunks: () => [],
      readInto: () => Promise.reject(new PentimentoError('E_FILE', 'gone')),
    };
    const begun = beginFile(path, { at: head.length, pieces: [piece] });
    await expect(begun.complete([head, piece, broken], head.length)).rejects.toMatchObject({
      code: 'E_FILE',
    });
    expect(filesBeside(path)).toEqual(['picture.psd']);
    expect(readFileSync(path, 'utf8')).toBe('old');
  });

  it('tells where it cannot be written only when it is completed', async () => {
    const path = join(folder, 'no-such-folder', 'picture.psd');
    const begun = beginFile(path, { at: 0, pieces: [head] });
    await expect(begun.complete([head], 0)).rejects.toMatchObject({ code: 'E_FILE' });
  });
});
