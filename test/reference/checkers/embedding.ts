/** Embeddings: the vectors a file holds, and what a text encoder makes of them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clipTextGraph } from '../../../service/engine/graph/clipText.ts';
import { embeddedTokens } from '../../../service/engine/networks/insertedVectors.ts';
import { endOf, pooledAt } from '../../../service/engine/networks/pooledText.ts';
import {
  openEmbedding,
  type OpenedEmbedding,
} from '../../../service/engine/weights/openEmbedding.ts';
import { safetensorsBytes } from '../../fixtures/safetensorsBytes.ts';
import type { Case, Checker } from '../case.ts';
import { openTextModel } from '../openComponent.ts';
import { runGraph, textStateOf, withComponent } from '../runComponent.ts';

export const check: Checker = async (c) => {
  const embedding = await embeddingOf(c);
  const answers: Record<string, unknown> = { vectors: embedding.vectors };
  for (const [encoder, rows] of Object.entries(c.input['ids'] as Record<string, number[][]>)) {
    Object.assign(answers, await encode(c, { encoder, ids: Int32Array.from(rows[0]), embedding }));
  }
  return answers;
};

interface Question {
  readonly encoder: string;
  readonly ids: Int32Array;
  readonly embedding: OpenedEmbedding;
}

/** The case's tensors as the file they were, opened by the engine. */
async function embeddingOf(c: Case): Promise<OpenedEmbedding> {
  const header: Record<string, unknown> = {};
  const parts: Buffer[] = [];
  let at = 0;
  for (const [name, reference] of Object.entries(c.input['file'] as Record<string, unknown>)) {
    const { data, dtype, shape } = c.tensor(reference);
    header[name] = { dtype, shape, data_offsets: [at, at + data.byteLength] };
    parts.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    at += data.byteLength;
  }
  const folder = await mkdtemp(join(tmpdir(), 'pentimento-case-'));
  try {
    const path = join(folder, 'embedding.safetensors');
    writeFileSync(path, safetensorsBytes(header, { data: Buffer.concat(parts) }));
    return await openEmbedding(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function encode(c: Case, { encoder, ids, embedding }: Question): Promise<Record<string, unknown>> {
  const model = c.input['model'] as Record<string, string> & { seed: number };
  const position = Number(c.input['offset']) + 1;
  return withComponent(join(c.root, model[encoder]), model.seed, async (component) => {
    const opened = openTextModel(component);
    const { config, weights } = opened;
    const inserted = [{ position, parts: embedding.parts }];
    const tokens = await embeddedTokens(opened, ids, inserted);
    const own = embedding.parts.find(({ shape }) => shape[1] === config.hiddenSize);
    const answers: Record<string, unknown> = { [`${encoder}.vectors`]: own };
    for (const key of Object.keys(c.expect)) {
      const [, name] = key.split('.');
      if (!key.startsWith(`${encoder}.`) || name === 'vectors') continue;
      const size = { batch: 1, embedded: true, ...textStateOf(name) };
      const outputs = await runGraph(clipTextGraph(weights, config, size), { tokens });
      answers[key] =
        name === 'pooled' ? pooledAt(outputs['pooled'], endOf(ids)) : outputs['context'];
    }
    return answers;
  });
}
