/** A case's whole model, written once per model and seed and opened by the engine itself. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { DiffusionModel, OddSizes, TextContext } from '../../service/engine/diffusion.ts';
import { openDiffusionModel } from '../../service/engine/networks.ts';
import { makeControlNet, type ControlNet } from '../../service/engine/networks/controlNet.ts';
import { abilitiesOf } from '../../service/engine/networks/deviceAbilities.ts';
import { chooseDevice } from '../../service/engine/runtime/device.ts';
import { tensor } from '../../service/engine/tensor.ts';
import { openCheckpoint } from '../../service/engine/weights/openCheckpoint.ts';
import { openControlNet } from '../../service/engine/weights/openControlNet.ts';
import { readModelManifest } from '../fixtures/manifest.ts';
import { writeModel } from '../fixtures/writeModel.ts';
import { Unsupported, type Case } from './case.ts';

/** Model manifests whose networks are built. */
const supported = /-(?:sd1(?:-inpaint|-ip2p)?|sd2v|sdxl|refiner)$/;

const opened = new Map<string, Promise<DiffusionModel>>();
const openedControls = new Map<string, Promise<ControlNet>>();
let folder: string | undefined;

afterAll(async () => {
  for (const model of opened.values()) await (await model).dispose();
  for (const control of openedControls.values()) await (await control).dispose();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** The model named as `{ name, seed }`. Throws Unsupported for families that are not built yet. */
export function caseModel(c: Case, named: unknown, oddSizes: OddSizes): Promise<DiffusionModel> {
  const { name, seed } = named as { name: string; seed: number };
  if (!supported.test(name)) throw new Unsupported(`the model ${name}`);
  const key = `${name}-${seed}-${oddSizes}`;
  const known = opened.get(key);
  if (known) return known;
  const opening = open(c, { name, seed, oddSizes });
  opened.set(key, opening);
  return opening;
}

/** The ControlNet named as `{ name, seed }`. */
export function caseControlNet(c: Case, named: unknown): Promise<ControlNet> {
  const { name, seed } = named as { name: string; seed: number };
  const key = `${name}-${seed}`;
  const known = openedControls.get(key) ?? openControl(c, { name, seed });
  openedControls.set(key, known);
  return known;
}

async function openControl(c: Case, want: { name: string; seed: number }): Promise<ControlNet> {
  folder ??= mkdtempSync(join(tmpdir(), 'pentimento-pipeline-'));
  const out = join(folder, `${want.name}-${want.seed}.safetensors`);
  const manifest = join(c.root, '..', 'models', 'tiny', want.name, 'controlnet.json');
  await writeModel({ manifest, out, seed: want.seed, dtype: 'F32' });
  const device = chooseDevice('cpu');
  const context = { device, abilities: await abilitiesOf(device), cacheFolder: folder };
  return makeControlNet(context, await openControlNet(out));
}

async function open(c: Case, want: { name: string; seed: number; oddSizes: OddSizes }) {
  folder ??= mkdtempSync(join(tmpdir(), 'pentimento-pipeline-'));
  const out = join(folder, `${want.name}-${want.seed}.safetensors`);
  const models = join(c.root, '..', 'models', 'tiny', want.name);
  const { prediction_type: prediction = 'epsilon' } = readModelManifest(models);
  await writeModel({
    manifest: join(models, 'single.json'),
    out,
    seed: want.seed,
    dtype: 'F32',
    // A file of Stable Diffusion 2 cannot tell by itself.
    metadata: { 'modelspec.prediction_type': prediction },
  });
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

const endId = 49_407;

/**
 * `texts` of a case: chunks of ids per text, padded to 77, as one context `[1,77k,C]`; diffusers reads the
 * first of them only, whatever is listed.
 */
export async function caseContext(
  c: Case,
  model: DiffusionModel,
  text: string,
  clipSkip: number,
): Promise<TextContext> {
  const texts = c.input['texts'] as Record<string, number[][]>;
  const chunks = c.input['dialect'] === 'diffusers' ? texts[text]?.slice(0, 1) : texts[text];
  if (!chunks) throw new Error(`The case has no ids for ${JSON.stringify(text)}`);
  // Each encoder puts its own filler in the place of this one.
  const ids = chunks.map((chunk) => Int32Array.from({ length: 77 }, (_, i) => chunk[i] ?? endId));
  const encoded = await model.encodeText(ids, clipSkip);
  const [count, tokens, width] = encoded.shape;
  const { data, pooled } = encoded;
  const first = pooled && tensor(pooled.data.subarray(0, pooled.shape[1]), [1, pooled.shape[1]]);
  return { data, shape: [1, count * tokens, width], ...(first ? { pooled: first } : {}) };
}
