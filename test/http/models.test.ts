/** GET /v1/models and the pictures beside models; recipes that name a model by its hash. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLibrary, type Library } from '../../service/library/library.ts';
import { ModelList } from '../../shared/api.ts';
import { ReadRecipe } from '../../shared/readRecipe.ts';
import { startTestService, type TestService } from '../fakes/testService.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';
import { pngWith, textChunk } from '../recipes/files.ts';

const folder = join(temporaryFolder(), 'models');
const png = Buffer.from('\u0089PNG\r\n\u001a\n....', 'latin1');
let service: TestService;
let library: Library;
let hash = '';

beforeAll(async () => {
  mkdirSync(folder);
  const out = join(folder, 'My model.safetensors');
  await writeModel({
    manifest: manifestPath('tiny/tiny-sd1/single.json'),
    out,
    seed: 1,
    dtype: 'F16',
  });
  hash = createHash('sha256').update(readFileSync(out)).digest('hex').slice(0, 10);
  writeFileSync(join(folder, 'My model.png'), png);
  library = openLibrary({ folders: [folder], hashing: { isBusy: () => false, share: 1 } });
  await library.hashed();
  service = await startTestService({ replaced: { models: library } });
});
afterAll(() => service.remove());

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${service.url}${path}`, {
    headers: { authorization: `Bearer ${service.token}`, ...headers },
  });

describe('models', () => {
  it('have their hash and a preview, which only paired clients get', async () => {
    const { models } = ModelList.parse(await (await get('/v1/models')).json());
    expect(models).toMatchObject([{ id: 'my-model', hash, hasPreview: true }]);
    const answer = await get('/v1/models/my-model/preview');
    expect(answer.headers.get('content-type')).toBe('image/png');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(Buffer.from(await answer.arrayBuffer()).equals(png)).toBe(true);
    const etag = answer.headers.get('etag') ?? '';
    const again = await get('/v1/models/my-model/preview', { 'if-none-match': etag });
    expect(again.status).toBe(304);
    expect((await get('/v1/models/other/preview')).status).toBe(404);
    expect((await get('/v1/models/..%2F..%2Fetc%2Fpasswd/preview')).status).toBe(404);
    expect((await fetch(`${service.url}/v1/models/my-model/preview`)).status).toBe(401);
  });

  it('are found by the hash in a recipe, whatever they were called', async () => {
    const modelIn = async (line: string) => {
      const text = `a boat\nSteps: 12, Sampler: Euler a, CFG scale: 5, Seed: 3, ${line}`;
      const body = await pngWith(textChunk('parameters', text));
      const answer = await service.api.send('POST', '/v1/recipes', { body });
      return ReadRecipe.parse(answer.json()).settings.model;
    };
    expect(await modelIn(`Model hash: ${hash}, Model: another name`)).toBe('my-model');
    expect(await modelIn('Model hash: 0123456789, Model: another name')).toBeUndefined();
    expect(await modelIn(`Model hash: ${hash.slice(0, 8)}, Model: another name`)).toBeUndefined();
  });
});
