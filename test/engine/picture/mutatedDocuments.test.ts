/**
 * Photoshop documents as an accident or an enemy would change them: each is opened, everything in it is read,
 * and a layer is added. It works, or ends in an error with a code. A few hundred by default; PENTIMENTO_FUZZ sets
 * how many, PENTIMENTO_FUZZ_SEED others than the usual ones, PENTIMENTO_FUZZ_PSD a folder of other documents.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PentimentoError } from '../../../shared/errors.ts';
import { addLayers } from '../../../service/engine/picture/psd/document/addLayers.ts';
import {
  readChannel,
  readMerged,
} from '../../../service/engine/picture/psd/document/channelPixels.ts';
import { grownDocument } from '../../../service/engine/picture/psd/document/grow/growDocument.ts';
import { allLayers, layerTree } from '../../../service/engine/picture/psd/document/layerTree.ts';
import {
  profileOf,
  readDocument,
} from '../../../service/engine/picture/psd/document/readDocument.ts';
import { readComposite } from '../../../service/engine/picture/psd/readComposite.ts';
import { mutatedBytes, seededRandom, type Random } from '../../fixtures/mutate.ts';
import { noiseLayer } from '../../fixtures/psdCarriedOver.ts';

const isLong = process.env['PENTIMENTO_FUZZ'] !== undefined;
const count = Number(process.env['PENTIMENTO_FUZZ'] ?? 300);
const seed = Number(process.env['PENTIMENTO_FUZZ_SEED'] ?? 20_261_121);
const folder =
  process.env['PENTIMENTO_FUZZ_PSD'] ?? join(import.meta.dirname, '../../reference/cases/psd');
const mostBytes = 60_000;

/** What lengths, sides and counts are set to: around the borders of what is allowed. */
const borders = [0, 1, 0x7fff_ffff, 0xffff_ffff, 0x8000_0000, 30_000, 300_001, 65_535];

/** Up to three big-endian words changed, more often near the beginning; sometimes further damage. */
function mutatedDocument(source: Buffer, random: Random): Uint8Array {
  if (random(2)) return mutatedBytes(source, random);
  const bytes = Buffer.from(source);
  for (let left = 1 + random(3); left > 0; left--) {
    const at = random(Math.min(bytes.length - 4, random(2) ? 2000 : bytes.length));
    const value = random(4) ? borders[random(borders.length)] : random(5000);
    if (random(2)) bytes.writeUInt32BE(value ?? 0, at);
    else bytes.writeUInt16BE((value ?? 0) & 0xffff, at);
  }
  return random(4) ? bytes : mutatedBytes(bytes, random);
}

/** Everything that is done with documents, one after another; each part may refuse by itself. */
function partsOf(bytes: Uint8Array): ReadonlyArray<() => unknown> {
  const file = readDocument(bytes);
  const { width, height, channels } = file.form;
  const bounds = { x: 0, y: 0, width: Math.min(9, width), height: Math.min(9, height) };
  return [
    () => profileOf(file),
    () => [...allLayers(layerTree(file))],
    () => readMerged(file, Math.min(4, channels)),
    () => readComposite(bytes),
    () => readDocument(addLayers(file, [noiseLayer(file.form, bounds, 'x')], {})),
    () => grownDocument(file, { x: -2, y: -1, width: width + 3, height: height + 1 }),
    ...(file.layers?.records ?? [])
      .slice(0, 20)
      .flatMap((record) => record.channels.map((c) => () => readChannel(file, record, c))),
  ];
}

/** The code it ends with; throws what has none. */
function codeOf<T>(run: () => T, then: (value: T) => void = () => undefined): string {
  try {
    then(run());
    return 'none';
  } catch (error) {
    if (error instanceof PentimentoError) return error.code;
    throw error;
  }
}

describe('mutated documents', () => {
  it(
    'are read or refused, soon and in little memory',
    { timeout: Math.max(300_000, count * 30) },
    () => {
      const random = seededRandom(seed);
      const sources = readdirSync(folder)
        .filter((name) => /\.ps[db]$/.test(name))
        .map((name) => readFileSync(join(folder, name)))
        .filter(({ length }) => length < mostBytes);
      expect(sources.length).toBeGreaterThan(10);
      const tally: Record<string, number> = {};
      let slowestMs = 0;
      for (let i = 0; i < count; i++) {
        const bytes = mutatedDocument(sources[random(sources.length)] ?? Buffer.alloc(0), random);
        const start = process.cpuUsage();
        const code = codeOf(
          () => partsOf(bytes),
          (parts) => parts.forEach((part) => codeOf(part)),
        );
        const { user, system } = process.cpuUsage(start);
        slowestMs = Math.max(slowestMs, (user + system) / 1000);
        tally[code] = (tally[code] ?? 0) + 1;
      }
      expect(tally['none']).toBeGreaterThan(count / 10);
      expect(tally['E_IMAGE_CORRUPT']).toBeGreaterThan(count / 10);
      expect(slowestMs).toBeLessThan(5000);
      if (isLong) process.stdout.write(`${JSON.stringify({ count, slowestMs, tally })}\n`);
    },
  );
});
