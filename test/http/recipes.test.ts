/** POST /v1/recipes: a picture's recipe, whoever wrote it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReadRecipe } from '../../shared/readRecipe.ts';
import { startTestService, type TestService } from '../fakes/testService.ts';
import { eventually } from '../fixtures/eventually.ts';
import { pngWith, textChunk } from '../recipes/files.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.remove());

const post = (body: Uint8Array | string) => service.api.send('POST', '/v1/recipes', { body });
const parameters = (model: string) =>
  `a boat\nNegative prompt: fog\nSteps: 12, Sampler: Euler a, CFG scale: 5, Seed: 3, Size: 64x64, Model: ${model}, Version: v1.10.1`;

describe('recipes', () => {
  it('are answered with what a request can take over, and leave no file', async () => {
    const answer = await post(await pngWith(textChunk('parameters', parameters('Tiny'))));
    expect(answer.status).toBe(200);
    const read = ReadRecipe.parse(answer.json());
    expect(read.source).toBe('a1111');
    expect(read.settings).toMatchObject({
      model: 'tiny',
      prompt: 'a boat',
      negativePrompt: 'fog',
      steps: 12,
      seed: 3,
    });
    expect(read.notUsed).toEqual([]);
    await eventually(() => expect(readdirSync(join(service.dataDir, 'tmp'))).toEqual([]));
  });

  it('name the model that is not there', async () => {
    const answer = await post(await pngWith(textChunk('parameters', parameters('other'))));
    const read = ReadRecipe.parse(answer.json());
    expect(read.settings.model).toBeUndefined();
    expect(read.model).toEqual({ name: 'other' });
    expect(read.notUsed).toEqual([
      { name: 'Model', value: 'other', why: 'No usable file of that name is in the library.' },
    ]);
  });

  it('that are missing or damaged are told apart', async () => {
    const codes = async (body: Uint8Array | string) => {
      const answer = await post(body);
      return `${answer.status} ${answer.json().code}`;
    };
    expect(await codes(await pngWith())).toBe('422 E_RECIPE_NONE');
    expect(await codes(await pngWith(textChunk('prompt', '{')))).toBe('422 E_RECIPE_DAMAGED');
    expect(await codes('')).toBe('415 E_IMAGE_TYPE');
    expect(await codes('no picture')).toBe('415 E_IMAGE_TYPE');
  });

  it('need a token', async () => {
    const answer = await fetch(`${service.url}/v1/recipes`, { method: 'POST', body: 'x' });
    expect(answer.status).toBe(401);
  });
});
