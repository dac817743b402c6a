/** Token ids of texts, as each program cleans them, and entries of the vocabulary. */
import { clipTokenizer, type TextCleaning } from '../../../service/engine/prompt/tokenizer.ts';
import { vocabularyEntry } from '../../../service/engine/prompt/vocabulary.ts';
import { Unsupported, type Checker } from '../case.ts';

const cleanings: Readonly<Record<string, TextCleaning>> = {
  a1111: 'webui',
  diffusers: 'diffusers',
  'open-clip': 'open-clip',
};

export const check: Checker = (c) => {
  const name = String(c.input['tokenizer']);
  const rows = c.input['rows'] as unknown[];
  if (name === 'vocabulary') {
    return Promise.resolve({ rows: rows.map((id) => vocabularyEntry(Number(id))) });
  }
  const cleaning = cleanings[name];
  if (!cleaning) throw new Unsupported(`tokenizer ${name}`);
  const tokenizer = clipTokenizer(cleaning);
  return Promise.resolve({ rows: rows.map((text) => tokenizer.encode(String(text))) });
};
