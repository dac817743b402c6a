import { describe, expect, it } from 'vitest';
import { usedEmbeddingHashes, usedLoraHashes } from '../../service/engine/usedHashes.ts';
import { parametersText, Recipe } from '../../shared/recipe.ts';
import { text } from '../engine/jobs.ts';

describe('hashes in a recipe', () => {
  const files = [
    { name: 'film, old: grain', path: '/l/film.safetensors', hash: '0123456789ab' },
    { name: 'ink', path: '/l/ink.safetensors', hash: 'ba9876543210' },
    { name: 'new', path: '/l/new.safetensors' },
    { name: 'other', path: '/l/other.safetensors', hash: 'ffffffffffff' },
  ];
  const adapters = ['film', 'new', 'ink', 'film'].map((name) => ({
    path: `/l/${name}.safetensors`,
  }));

  it('are those of the LoRAs that take part, as far as they are known', () => {
    const loras = usedLoraHashes(adapters, files);
    expect(loras.map(({ name }) => name)).toEqual(['film, old: grain', 'ink']);
    const recipe = Recipe.parse({
      version: 1,
      made: 'pentimento 0',
      request: text({ width: 64, height: 64 }, { emphasis: 'ignore' }),
      index: 0,
      seed: 5,
      model: { id: 'a', name: 'paint', family: 'sd1', hash: '6ce0161689' },
      loras,
      embeddings: usedEmbeddingHashes(new Set(['bad, hand', 'nameless']), [
        { name: 'bad, hand', hash: 'c74b4e810b03' },
        { name: 'nameless' },
        { name: 'unused', hash: 'aaaaaaaaaaaa' },
      ]),
      context: { x: 0, y: 0, width: 64, height: 64 },
      workingSize: { width: 64, height: 64 },
    });
    const line = parametersText(recipe).split('\n').at(-1) ?? '';
    expect(line).toContain('Model hash: 6ce0161689, Model: paint, ');
    expect(line).toContain(
      'Lora hashes: "film old grain: 0123456789ab, ink: ba9876543210", TI hashes: "bad hand: c74b4e810b03", Emphasis: Ignore',
    );
    const without = Recipe.parse({
      ...recipe,
      loras: undefined,
      embeddings: undefined,
      model: undefined,
    });
    expect(parametersText(without)).not.toMatch(/hash/);
  });
});
