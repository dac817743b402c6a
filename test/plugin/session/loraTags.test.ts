import { describe, expect, it } from 'vitest';
import { loraTags, withLoraWeight, withoutLora } from '../../../plugin/session/loraTags.ts';

describe('LoRAs of a prompt', () => {
  const prompt =
    'a boat <lora:ink wash:0.8>, morning <LORA:detail> <lyco:x:0.5:0.7> <hypernet:h:1>';

  it('are found with their weights, 1 where none is written', () => {
    expect(loraTags(prompt).map(({ name, weight }) => [name, weight])).toEqual([
      ['ink wash', 0.8],
      ['detail', 1],
      ['x', 0.5],
    ]);
    expect(loraTags('<lora:a:strong>')[0]?.weight).toBeUndefined();
    expect(loraTags('no <lora here>')).toEqual([]);
  });

  it('take another weight and keep the rest of the text', () => {
    const [ink, detail, lyco] = loraTags(prompt);
    if (!ink || !detail || !lyco) throw new Error('Expected three tags');
    expect(withLoraWeight(prompt, ink, -0.25)).toBe(
      prompt.replace('<lora:ink wash:0.8>', '<lora:ink wash:-0.25>'),
    );
    expect(withLoraWeight(prompt, detail, 1.5)).toBe(
      prompt.replace('<LORA:detail>', '<LORA:detail:1.5>'),
    );
    expect(withLoraWeight(prompt, lyco, 1)).toBe(
      prompt.replace('<lyco:x:0.5:0.7>', '<lyco:x:1:0.7>'),
    );
  });

  it('keep what has a name of its own', () => {
    const text = '<lora:ink:lbw=OUTALL:dyn=4>';
    const [tag] = loraTags(text);
    expect(tag?.weight).toBe(1);
    expect(tag && withLoraWeight(text, tag, 0.5)).toBe('<lora:ink:0.5:lbw=OUTALL:dyn=4>');
  });

  it('go without leaving a gap', () => {
    const text = 'a <lora:b:1> c';
    const [tag] = loraTags(text);
    expect(tag && withoutLora(text, tag)).toBe('a c');
    const [first] = loraTags('<lora:b:1> c');
    expect(first && withoutLora('<lora:b:1> c', first)).toBe('c');
    const [tight] = loraTags('a<lora:b:1>, c');
    expect(tight && withoutLora('a<lora:b:1>, c', tight)).toBe('a, c');
  });
});
