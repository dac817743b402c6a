import { describe, expect, it } from 'vitest';
import { countTokens } from '../../../service/engine/prompt/countTokens.ts';
import type { TokenRequest } from '../../../shared/api.ts';

function count(text: string, more: Partial<TokenRequest> = {}) {
  return countTokens({ texts: [text], dialect: 'pentimento', ...more })[0];
}

describe('the token counter', () => {
  it.each([
    ['', 0, 75],
    ['a wooden boat', 3, 75],
    ['a (wooden:1.2) boat', 3, 75],
    ['boat '.repeat(75), 75, 75],
    ['boat '.repeat(76), 76, 150],
    ['a boat BREAK a lake', 77, 150],
    ['a boat <lora:ink:0.8>', 2, 75],
  ])('counts %j', (text, tokens, limit) => {
    expect(count(text)).toEqual({ tokens, limit, unreadable: [] });
  });

  it('counts the longest of what a prompt changes into, and of its AND parts', () => {
    expect(count('[a boat:a very old boat:0.5]')?.tokens).toBe(4);
    expect(count('a boat AND a very old wooden lake')?.tokens).toBe(5);
  });

  it('names weights that are no numbers', () => {
    expect(count('a (boat:1.2.3)')?.unreadable).toEqual(['1.2.3']);
  });

  it('counts brackets as text where they are text', () => {
    const weighed = count('(boat:1.2)')?.tokens ?? 0;
    expect(count('(boat:1.2)', { emphasis: 'none' })?.tokens).toBeGreaterThan(weighed);
    expect(count('(boat:1.2)', { dialect: 'diffusers' })?.tokens).toBeGreaterThan(weighed);
  });

  it('says what diffusers cuts off', () => {
    expect(count('boat '.repeat(80), { dialect: 'diffusers' })).toMatchObject({
      tokens: 80,
      limit: 75,
    });
  });

  it('answers in the order of the texts', () => {
    const counts = countTokens({ texts: ['a', 'a b', ''], dialect: 'a1111' });
    expect(counts.map((c) => c.tokens)).toEqual([1, 2, 0]);
  });
});
