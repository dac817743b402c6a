/** Large documents, of which a part is written while the results are made. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { beginDocument } from '../../service/cli/documentFile.ts';
import { openPicture, resultOf, writeResults } from '../../service/cli/pictures.ts';
import { ascii, concat, u16, u32 } from '../../service/engine/picture/psd/bytes.ts';
import { addResults } from '../../service/engine/picture/psd/document/addResults.ts';
import { layerTree } from '../../service/engine/picture/psd/document/layerTree.ts';
import { readLayerXmp } from '../../service/engine/picture/psd/document/layerXmp.ts';
import { packedRow, rowLengths } from '../../service/engine/picture/psd/document/packedRows.ts';
import { readDocument } from '../../service/engine/picture/psd/document/readDocument.ts';
import { recipesOfXmp } from '../../shared/recipeXmp.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { removalRecipe } from './samples.ts';

const folder = temporaryFolder();
const size = { width: 6000, height: 3900 };
const bounds = { x: 1000, y: 700, width: 3000, height: 300 };
const recipe = removalRecipe(size, bounds);

function result(made = recipe.made) {
  const { width, height } = bounds;
  const color = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 31) % 253);
  const alpha = Uint8Array.from({ length: width * height }, (_, i) => [255, 128, 0][i % 3]);
  return {
    body: { bounds, recipe: { ...recipe, made } },
    planes: [
      { name: 'color', ...bounds, channels: 3, depth: 8, data: color },
      { name: 'alpha', ...bounds, channels: 1, depth: 8, data: alpha },
    ] as const,
  };
}

/** Rows of noise, each channel's the same all over again. */
function flatDocument(isPacked: boolean, { width, height } = size): Uint8Array {
  const tile = Array.from({ length: 50 }, (_, y) =>
    Uint8Array.from({ length: width }, (__, x) => Math.imul(x + y * 7919, 2_654_435_761) >>> 24),
  );
  const stored = isPacked ? tile.map(packedRow) : tile;
  const rows = Array.from({ length: height * 3 }, (_, i) => stored[i % stored.length]);
  const lengths = isPacked
    ? rowLengths(
        rows.map((row) => row.length),
        false,
      )
    : new Uint8Array(0);
  const head = [ascii('8BPS'), u16(1, 0, 0, 0, 3), u32(height, width), u16(8, 3), u32(0, 0, 0)];
  return concat([...head, u16(isPacked ? 1 : 0), lengths, ...rows]);
}

function saved(name: string, bytes: Uint8Array) {
  const path = join(folder, `${name}.psd`);
  writeFileSync(path, bytes);
  return { path, out: join(folder, `${name}-out.psd`) };
}

async function begun(name: string, bytes: Uint8Array, count = 1) {
  const { path, out } = saved(name, bytes);
  const picture = await openPicture(path, out, { isRegionEnough: true });
  const file = beginDocument(out, picture, count);
  if (!file) throw new Error('Nothing is begun');
  return { path, out, picture, file };
}

async function wanted(bytes: Uint8Array, frames: ReturnType<typeof result>[], isRoomy: boolean) {
  const { pieces } = await addResults(readDocument(bytes), frames.map(resultOf), { isRoomy });
  return concat(pieces);
}

const parts = () => readdirSync(folder).filter((name) => name.endsWith('.part'));

describe('a large document', () => {
  it.each([
    ['raw', false],
    ['packed', true],
  ])('is the same as written at once, with room for a recipe: %s', async (name, isPacked) => {
    const bytes = flatDocument(isPacked);
    const { out, picture, file } = await begun(name, bytes);
    await writeResults(out, picture, [result()], file);
    const written = new Uint8Array(readFileSync(out));
    expect(Buffer.compare(written, await wanted(bytes, [result()], true))).toBe(0);
    const document = readDocument(written);
    const [, layer] = layerTree(document);
    expect(layer.name).toBe('Remove');
    expect(recipesOfXmp(readLayerXmp(document, layer.record) ?? '')).toEqual([recipe]);
    expect(parts()).toEqual([]);
  });

  it('holds more results than were thought of, and recipes of any length', async () => {
    const bytes = flatDocument(false);
    const more = await begun('more', bytes);
    await writeResults(more.out, more.picture, [result(), result()], more.file);
    const two = await wanted(bytes, [result(), result()], true);
    expect(Buffer.compare(readFileSync(more.out), two)).toBe(0);
    const long = result('x'.repeat(20_000));
    const longer = await begun('longer', bytes);
    await writeResults(longer.out, longer.picture, [long], longer.file);
    expect(Buffer.compare(readFileSync(longer.out), await wanted(bytes, [long], false))).toBe(0);
    expect(parts()).toEqual([]);
  });

  it('goes into what it has become during the run', async () => {
    const { path, out, picture, file } = await begun('changed', flatDocument(false));
    const packed = flatDocument(true);
    writeFileSync(path, packed);
    await writeResults(out, picture, [result()], file);
    expect(Buffer.compare(readFileSync(out), await wanted(packed, [result()], false))).toBe(0);
    expect(parts()).toEqual([]);
  });

  it('is not begun where it is small', async () => {
    const { path, out } = saved('small', flatDocument(false, { width: 600, height: 400 }));
    const picture = await openPicture(path, out, { isRegionEnough: true });
    expect(beginDocument(out, picture, 1)).toBeUndefined();
    expect(parts()).toEqual([]);
  });
});
