/** A large file of which a part is written while the rest is not known yet. */
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { sizeOf, type Piece } from '../engine/picture/psd/bytes.ts';
import { createBulk, type BulkFile, type PlacedPieces } from './bulkFile.ts';
import { replaceWith, save } from './saveFile.ts';
import { partBeside } from './staleParts.ts';

/** Every one has to be completed or discarded; until then the file of that name is what it was. */
export interface BegunFile {
  /**
   * All pieces of the file, of which those that were written begin at `earlyAt`; where that is another place
   * than was thought, or they could not be written, all is written now. Throws as `save`.
   */
  complete(pieces: readonly Piece[], earlyAt: number): Promise<void>;
  /** Nothing is left of it. Nothing happens to one that is complete. */
  discard(): Promise<void>;
}

/** Begins to write; never throws: what is wrong is told when it is completed. */
export function beginFile(path: string, part: PlacedPieces): BegunFile {
  const temporary = partBeside(path);
  const stop = new AbortController();
  const writing = writeEarly(temporary, part, stop.signal);
  // A command that is ended at once must not leave it behind.
  const removeNow = () => rmSync(temporary, { force: true });
  process.once('exit', removeNow);
  let isOver = false;
  const discard = async () => {
    if (isOver) return;
    isOver = true;
    stop.abort();
    await (await writing)?.close();
    await rm(temporary, { force: true });
    process.off('exit', removeNow);
  };
  return {
    discard,
    async complete(pieces, earlyAt) {
      // What is not written yet is written with the rest.
      stop.abort();
      const file = await writing;
      if (!file || earlyAt !== part.at) {
        await discard();
        return save(path, pieces);
      }
      isOver = true;
      await replaceWith(path, () => completed(file, pieces)).finally(() =>
        process.off('exit', removeNow),
      );
    },
  };
}

/** Undefined where it failed. */
async function writeEarly(
  temporary: string,
  part: PlacedPieces,
  stop: AbortSignal,
): Promise<BulkFile | undefined> {
  const file = await createBulk(temporary, part.at + sizeOf(part.pieces)).catch(() => undefined);
  try {
    await file?.writeEarly(part, stop);
    return file;
  } catch {
    await file?.close();
    return undefined;
  }
}

async function completed(file: BulkFile, pieces: readonly Piece[]): Promise<void> {
  try {
    await file.complete(pieces);
  } finally {
    await file.close();
  }
}
