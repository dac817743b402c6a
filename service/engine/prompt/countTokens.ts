/** How many tokens a prompt fills, for the counter beside it (a1111: sd_hijack.py get_prompt_lengths). */
import type { TokenCount, TokenRequest } from '../../../shared/api.ts';
import { chunkLength, tokenLimit } from './chunks.ts';
import { promptParts } from './compositions.ts';
import { promptTokens } from './conditioning.ts';
import { promptText } from './promptText.ts';
import { promptSchedule } from './schedule.ts';
import { clipTokenizer } from './tokenizer.ts';

/** Where a change within the prompt happens does not matter for the longest of its texts. */
const anySteps = 20;

/** One count per text: of its longest AND part or changing text. Never throws. */
export function countTokens(request: TokenRequest): TokenCount[] {
  const { dialect, emphasis = 'original' } = request;
  if (dialect === 'diffusers') return request.texts.map(countPlain);
  const tokenizer = clipTokenizer('webui');
  return request.texts.map((prompt) => {
    const texts = promptParts(promptText(prompt)).flatMap((part) =>
      promptSchedule(part.text, { steps: anySteps }).map(({ text }) => text),
    );
    const counted = texts.map((text) => promptTokens(text, { tokenizer, emphasis }));
    const tokens = Math.max(0, ...counted.map(({ tokenCount }) => tokenCount));
    const unreadable = [...new Set(counted.flatMap((c) => c.unreadable))];
    return { tokens, limit: tokenLimit(tokens), unreadable };
  });
}

function countPlain(text: string): TokenCount {
  const tokens = clipTokenizer('diffusers').encode(text).length;
  return { tokens, limit: chunkLength, unreadable: [] };
}
