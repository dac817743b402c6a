import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WordEncoder } from '../../../service/engine/prompt/bytePairs.ts';
import { repairText } from '../../../service/engine/prompt/repairText.ts';
import { clipTokenizer } from '../../../service/engine/prompt/tokenizer.ts';
import {
  clipVocabulary,
  firstMergedId,
  wordEnd,
} from '../../../service/engine/prompt/vocabulary.ts';
import { processorMs } from '../../fixtures/processorMs.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 200 });

/** Byte pairs by the book: the lowest rank everywhere, again and again. */
function slowWord(word: string): number[] {
  const { byteIds, ranks } = clipVocabulary();
  let ids: number[] = Array.from(new TextEncoder().encode(word), (b) => byteIds[b]!);
  ids[ids.length - 1]! += wordEnd;
  for (;;) {
    const rankOf = (left: number, right: number) => {
      const rank = ranks.get(left, right);
      return rank < 0 ? Infinity : rank;
    };
    const pairs = ids.slice(1).map((id, i) => rankOf(ids[i]!, id));
    const best = Math.min(Infinity, ...pairs);
    if (best === Infinity) return ids;
    const merged: number[] = [];
    for (let i = 0; i < ids.length; i++) {
      const pair = i + 1 < ids.length ? rankOf(ids[i]!, ids[i + 1]!) : undefined;
      if (pair === best) {
        merged.push(firstMergedId + best);
        i++;
      } else merged.push(ids[i]!);
    }
    ids = merged;
  }
}

describe('the tokenizer', () => {
  const tokenizer = clipTokenizer('webui');

  it('knows the ids everybody knows', () => {
    expect(tokenizer.encode('a photo of a cat')).toEqual([320, 1125, 539, 320, 2368]);
    expect([tokenizer.startId, tokenizer.endId, tokenizer.commaId]).toEqual([49406, 49407, 267]);
  });

  it('merges long words as it merges short ones', () => {
    const encoder = new WordEncoder(clipVocabulary());
    const letters = fc.string({
      unit: fc.constantFrom('a', 'b', 'n', 'e', 't', 'h', '!', 'é', '漢', '😀'),
      minLength: 1,
      maxLength: 120,
    });
    // A letter repeated is a pair that overlaps itself.
    const runs = fc
      .array(fc.tuple(fc.constantFrom('a', '!', 'h', '='), fc.integer({ min: 1, max: 60 })))
      .map((parts) => `x${parts.map(([letter, count]) => letter.repeat(count)).join('')}`);
    fc.assert(
      fc.property(fc.oneof(letters, runs), (word) => {
        expect(encoder.encode(word)).toEqual(slowWord(word));
      }),
    );
  });

  it('reads any text without throwing, blanks and case apart', () => {
    for (const cleaning of ['webui', 'diffusers', 'open-clip'] as const) {
      const each = clipTokenizer(cleaning);
      fc.assert(
        fc.property(anyText, (text) => {
          const ids = each.encode(text);
          expect(ids.every((id) => id >= 0 && id <= 49407)).toBe(true);
        }),
      );
    }
    expect(tokenizer.encode('  A   Photo\n')).toEqual(tokenizer.encode('a photo'));
    expect(tokenizer.encode('\ud800 lone')).toHaveLength(tokenizer.encode('\ufffd lone').length);
  });

  it('takes time in proportion to the text, also for one endless word', async () => {
    for (const text of [
      'a'.repeat(200_000),
      'ab '.repeat(66_000),
      '漢'.repeat(66_000),
      ' '.repeat(200_000),
    ]) {
      expect(await processorMs(() => clipTokenizer('webui').encode(text))).toBeLessThan(2_000);
    }
  });
});

describe('the repair of text', () => {
  it('undoes wrong encodings, curls and forms', () => {
    expect(repairText('schÃ¶n')).toBe('schön');
    expect(repairText('â€œquotedâ€\u009d')).toBe('"quoted"');
    expect(repairText('“it’s”')).toBe('"it\'s"');
    expect(repairText('ﬁ ＡＢＣ ｶﾞ')).toBe('fi ABC ガ');
    expect(repairText('\u001b[31mred\u0007')).toBe('red');
    expect(repairText('e\u0301')).toBe('é');
  });

  it('reads character references unless there is a tag', () => {
    expect(repairText('&eacute; &#39; &#x41; &unknown;')).toBe("é ' A &unknown;");
    expect(repairText('&amp;amp;')).toBe('&');
    expect(repairText('<lora:x:1> &amp;')).toBe('<lora:x:1> &amp;');
    expect(repairText('&amp;\n<b>\n&amp;')).toBe('&\n<b>\n&amp;');
  });

  it('leaves ordinary text of any script alone', () => {
    for (const text of ['été à la plage', 'Привет мир', '漢字 かな', 'ångström ß', 'naïve café']) {
      expect(repairText(text)).toBe(text);
    }
  });
});
