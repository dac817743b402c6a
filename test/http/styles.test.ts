import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StyleList } from '../../shared/styles.ts';
import { startTestService, temporaryFolder, type TestService } from '../fakes/testService.ts';

const webui = temporaryFolder();
const models = join(webui, 'models', 'Stable-diffusion');
let service: TestService;

function writeStyles(path: string, ...rows: string[]): void {
  writeFileSync(path, ['name,prompt,negative_prompt', ...rows].join('\r\n'));
}

async function read(): Promise<StyleList> {
  return StyleList.parse((await service.api.send('GET', '/v1/styles')).json());
}

beforeAll(async () => {
  mkdirSync(models, { recursive: true });
  service = await startTestService({ config: { modelFolders: [models] } });
});
afterAll(() => service.remove());

describe('the styles', () => {
  it('are none at first, and it is told where to put them', async () => {
    const { styles, folders } = await read();
    expect(styles).toEqual([]);
    expect(folders).toEqual([service.dataDir, models, webui]);
  });

  it('come from the data folder and the program of the models, the last of a name counting', async () => {
    writeStyles(join(service.dataDir, 'styles.csv'), 'Oil,mine,', 'Fine,sharp,blurry');
    writeStyles(join(webui, 'styles.csv'), 'Oil,"oil, {prompt}",photo', 'Short');
    mkdirSync(join(webui, 'styles_broken.csv'));
    const { styles, unreadable } = await read();
    expect(styles.map((s) => [s.name, s.prompt, s.negativePrompt])).toEqual([
      ['Fine', 'sharp', 'blurry'],
      ['Oil', 'oil, {prompt}', 'photo'],
      ['Short', '', ''],
    ]);
    expect(styles[1]?.file).toMatch(/[\\/]styles\.csv$/);
    expect(unreadable).toEqual([expect.stringMatching(/styles_broken\.csv$/)]);
  });

  it('need a token as everything else', async () => {
    const answer = await fetch(`${service.url}/v1/styles`);
    expect(answer.status).toBe(401);
  });
});
