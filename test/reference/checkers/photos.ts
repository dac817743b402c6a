/** Kind `photos`: a known colour drift to undo; the answer is the score of our correction (lower is better). */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { correctDrift } from '../../../service/engine/picture/color/drift.ts';
import {
  fromFloatImage,
  toFloatImage,
  toSoftMask,
} from '../../../service/engine/picture/convert.ts';
import { Unsupported, type Case, type Checker, type Picture } from '../case.ts';
import { readCase } from '../reader.ts';
import { scoreColor } from './colorScore.ts';

export const check: Checker = async (c) => {
  if (c.input['function'] === 'color_harmony') return { score: await scoreOf(c) };
  if (c.input['function'] === 'color_harmony_summary') return { score: await meanScore(c) };
  throw new Unsupported(String(c.input['function']));
};

async function scoreOf(c: Case): Promise<number> {
  const original = await c.picture(c.input['original']);
  const drifted = await c.picture(c.input['drifted']);
  const mask = await c.picture(c.input['mask']);
  const { width, height } = original;
  const alpha = toSoftMask({ width, height, data: Uint8Array.from(mask.data) });
  const known = { width, height, data: alpha.data.map((v) => (v === 0 ? 1 : 0)) };
  const { image } = correctDrift(floatOf(drifted), floatOf(original), {
    known,
    alpha,
    strength: 1,
  });
  const result = fromFloatImage(image, { channels: 3, depth: 8 }).data;
  const truth = withPiece(original, await c.picture(c.expect['truth']), c.expect['truthAt']);
  const pictures = { original: original.data, drifted: drifted.data, result, truth };
  return scoreColor({ width, height, mask: mask.data, ...pictures }).score;
}

async function meanScore(c: Case): Promise<number> {
  const scores: number[] = [];
  for (const name of readdirSync(c.folder).filter((n) => n.endsWith('.json'))) {
    const other = readCase(join(c.folder, name), c.root);
    if (other?.input['function'] === 'color_harmony') scores.push(await scoreOf(other));
  }
  return scores.reduce((sum, v) => sum + v, 0) / scores.length;
}

function floatOf(picture: Picture) {
  const { width, height, data } = picture;
  return toFloatImage({ width, height, channels: 3, depth: picture.bits, data }).image;
}

function withPiece(original: Picture, piece: Picture, at: unknown): ArrayLike<number> {
  const [left, top] = at as [number, number];
  const out = Array.from(original.data);
  for (let y = 0; y < piece.height; y++) {
    for (let i = 0; i < piece.width * 3; i++) {
      out[((top + y) * original.width + left) * 3 + i] = piece.data[y * piece.width * 3 + i];
    }
  }
  return out;
}
