/** A case's whole model, written once per model and seed and opened by the engine itself. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { DiffusionModel, OddSizes } from '../../service/engine/diffusion.ts';
import { openDiffusionModel } from '../../service/engine/networks.ts';
import { chooseDevice } from '../../service/engine/runtime/device.ts';
import { openCheckpoint } from '../../service/engine/weights/openCheckpoint.ts';
import { writeModel } from '../fixtures/writeModel.ts';
import { Unsupported, type Case } from './case.ts';

/** Model manifests this version can open: Stable Diffusion 1.x, 4 and 9 channels. */
const supported = /-sd1(-inpaint)?$/;

const opened = new Map<string, Promise<DiffusionModel>>();
let folder: string | undefined;

afterAll(async () => {
  for (const model of opened.values()) await (await model).dispose();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Throws Unsupported for families that are not built yet. */
export function caseModel(c: Case, oddSizes: OddSizes): Promise<DiffusionModel> {
  const { name, seed } = c.input['model'] as { name: string; seed: number };
  if (!supported.test(name)) throw new Unsupported(`the model ${name}`);
  const key = `${name}-${seed}-${oddSizes}`;
  const known = opened.get(key);
  if (known) return known;
  const opening = open(c, { name, seed, oddSizes });
  opened.set(key, opening);
  return opening;
}

async function open(c: Case, want: { name: string; seed: number; oddSizes: OddSizes }) {
  folder ??= mkdtempSync(join(tmpdir(), 'pentimento-pipeline-'));
  const out = join(folder, `${want.name}-${want.seed}.safetensors`);
  const manifest = join(c.root, '..', 'models', 'tiny', want.name, 'single.json');
  await writeModel({ manifest, out, seed: want.seed, dtype: 'F32' });
  const checkpoint = await openCheckpoint({
    reference: { id: want.name, name: want.name, family: 'sd1' },
    layout: 'single',
    path: out,
  });
  return openDiffusionModel(checkpoint, {
    device: chooseDevice('cpu'),
    cacheFolder: folder,
    oddSizes: want.oddSizes,
  });
}

/** `texts` of a case: chunks of ids per text, padded to 77, as one context `[1,77k,C]`. */
export async function caseContext(c: Case, model: DiffusionModel, text: string, clipSkip: number) {
  const texts = c.input['texts'] as Record<string, number[][]>;
  const chunks = texts[text];
  if (!chunks) throw new Error(`The case has no ids for ${JSON.stringify(text)}`);
  const pad = (c.input['pad'] as { text_encoder: number }).text_encoder;
  const ids = chunks.map((chunk) => Int32Array.from({ length: 77 }, (_, i) => chunk[i] ?? pad));
  const encoded = await model.encodeText(ids, clipSkip);
  const [count, tokens, width] = encoded.shape;
  return { data: encoded.data, shape: [1, count * tokens, width] };
}
