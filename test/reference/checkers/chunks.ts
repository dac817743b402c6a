/** Chunks of a prompt, and the token counter of the prompt box. */
import { parseAttention } from '../../../service/engine/prompt/attention.ts';
import { chunkPrompt, tokenLimit } from '../../../service/engine/prompt/chunks.ts';
import { promptParts } from '../../../service/engine/prompt/compositions.ts';
import { paddedIds } from '../../../service/engine/prompt/conditioning.ts';
import { embeddingLookup } from '../../../service/engine/prompt/embeddings.ts';
import { takeNetworkTags } from '../../../service/engine/prompt/extraNetworks.ts';
import { promptSchedule } from '../../../service/engine/prompt/schedule.ts';
import { clipTokenizer } from '../../../service/engine/prompt/tokenizer.ts';
import { Unsupported, type Case, type Checker } from '../case.ts';

export const check: Checker = (c) => {
  const rows = c.input['rows'] as never[];
  if (c.input['op'] === 'chunks') return Promise.resolve({ rows: rows.map(chunkRow(c)) });
  if (c.input['op'] === 'counter') return Promise.resolve({ rows: rows.map(counted) });
  throw new Unsupported(`chunks ${String(c.input['op'])}`);
};

function chunkRow(c: Case) {
  const embeddings = Object.entries(c.input['embeddings'] as Record<string, number>);
  const tokenizers = { sd1: clipTokenizer('webui'), sd2: clipTokenizer('open-clip') };
  const list = embeddings.map(([name, vectors]) => ({ name, vectors }));
  return ([family, commaBacktrack, prompt]: ['sd1' | 'sd2', number, string]) => {
    const tokenizer = tokenizers[family];
    const { chunks, tokenCount } = chunkPrompt(parseAttention(prompt).parts, {
      tokenizer,
      commaBacktrack,
      findEmbedding: embeddingLookup(list, tokenizer),
    });
    const padId = family === 'sd1' ? tokenizer.endId : 0;
    return {
      count: tokenCount,
      limit: tokenLimit(tokenCount),
      chunks: chunks.map((chunk) => ({
        ids: withoutTail(paddedIds(chunk.ids, tokenizer.endId, padId)),
        weights: runs(chunk.weights),
        ...(chunk.embeddings.length > 0
          ? { fixes: chunk.embeddings.map(({ offset, name }) => [offset, name]) }
          : {}),
      })),
    };
  };
}

/** The run of equal ids at the end, once. */
function withoutTail(ids: Int32Array): number[] {
  let end = ids.length;
  while (end > 1 && ids[end - 2] === ids[end - 1]) end--;
  return Array.from(ids.subarray(0, end));
}

function runs(weights: Float64Array): [number, number][] {
  const out: [number, number][] = [];
  for (const weight of weights) {
    const last = out.at(-1);
    if (last?.[1] === weight) last[0]++;
    else out.push([1, weight]);
  }
  return out;
}

function counted([prompt, steps]: [string, number]): [number, number] {
  const tokenizer = clipTokenizer('webui');
  const texts = promptParts(takeNetworkTags(prompt).text).flatMap(({ text }) =>
    promptSchedule(text, { steps }).map((entry) => entry.text),
  );
  const counts = texts.map(
    (text) => chunkPrompt(parseAttention(text).parts, { tokenizer }).tokenCount,
  );
  const count = Math.max(...counts);
  return [count, tokenLimit(count)];
}
