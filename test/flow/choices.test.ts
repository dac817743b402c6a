/** Samplers, seeds, weights and recipes as an artist meets them in the workbench: real Chromium, real service. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JobList } from '../../shared/api.ts';
import { configFrom } from '../../service/config.ts';
import { startService, type RunningService } from '../../service/main.ts';
import { apiOf, type Api } from '../fakes/testService.ts';
import { eventually } from '../fixtures/eventually.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import {
  chooseIn,
  dragOnCanvas,
  openBrowser,
  typeInto,
  workbenchNeeds,
  type Browser,
} from './chromium.ts';
import { writeTinyModels } from './tinyModels.ts';
import { writeAdditions } from './writeAdditions.ts';

const { root, chromiumPath, missing } = workbenchNeeds();
const title = missing === '' ? 'the artist' : `the artist (skipped: ${missing})`;

describe.skipIf(missing !== '')(title, () => {
  const folder = temporaryFolder();
  let service: RunningService;
  let browser: Browser;
  let page: Page;
  let api: Api;

  beforeAll(async () => {
    const data = join(folder, 'data');
    const models = await writeTinyModels(folder);
    writeAdditions(models, join(models, 'tiny'));
    const args = [
      '--data',
      data,
      '--port',
      '0',
      '--device',
      'cpu',
      '--no-open',
      '--models',
      models,
    ];
    service = await startService(configFrom(args, {}));
    api = apiOf(service.url, readFileSync(join(data, 'token'), 'utf8').trim());
    browser = await openBrowser(chromiumPath ?? '', `${service.url}/#code=${service.code}`);
    page = browser.page;
    await page.getByText('1024 × 768 · 8-bit').waitFor();
  });
  afterAll(async () => {
    await browser.close();
    await service.stop();
  });

  const promptArea = () => page.locator('sp-textfield[aria-label="Prompt"] textarea').first();
  const choice = (label: string): Locator =>
    page.getByRole('combobox', { name: label, exact: true });

  it('weighs words, chooses a sampler by keyboard and varies a seed', async () => {
    await dragOnCanvas(page, [0.4, 0.4], [0.55, 0.6]);
    await promptArea().fill('a wooden boat, morning');
    await promptArea().evaluate((area: HTMLTextAreaElement) => area.setSelectionRange(3, 3));
    await page.keyboard.press('Control+ArrowUp');
    await page.keyboard.press('Control+ArrowUp');
    expect(await promptArea().inputValue()).toBe('a (wooden:1.2) boat, morning');
    await page.getByText('5 / 75').waitFor();

    await page.getByText('▸ More').click();
    await choice('Sampler').focus();
    await page.keyboard.press('Enter');
    // From what is chosen to the third of the list.
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(await choice('Sampler').textContent()).toContain('Euler a');
    await page.keyboard.press('Enter');
    await page.getByText('More…').click();
    await page.keyboard.type('timesteps ddim');
    await page.getByText('Nothing has these words.').waitFor();
    await page.keyboard.press('Escape');
    expect(await choice('Sampler').textContent()).toContain('Euler a');

    await typeInto(page, 'Steps', '900');
    await page.getByText('It goes from 1 to 150. 24 stays in use.').waitFor();
    await typeInto(page, 'Steps', '2');
    await page.getByText('stays in use').waitFor({ state: 'detached' });
    await typeInto(page, 'Seed', '8812');
    await page.getByText('▸ Advanced').click();
    await typeInto(page, 'Variation strength', '0.3');
    await typeInto(page, 'Variation seed', '77');
    await typeInto(page, 'Eta', '0.5');
    await page.locator('#command').click();
    await page.getByText('✓ placed').waitFor();
    const [job] = JobList.parse((await api.send('GET', '/v1/jobs')).json()).jobs;
    expect(job?.request).toMatchObject({
      prompt: 'a (wooden:1.2) boat, morning',
      sampler: 'Euler a',
      steps: 2,
      seed: 8812,
      variation: { seed: 77, strength: 0.3 },
      samplerOptions: { eta: 0.5 },
    });
    expect(browser.complaints).toEqual([]);
  });

  it('drops a picture on the panel and takes over what it was made with', async () => {
    const [job] = JobList.parse((await api.send('GET', '/v1/jobs')).json()).jobs;
    const { bytes } = await api.send('GET', `/v1/results/${job?.results[0]?.id}/png`);
    await promptArea().fill('something else');
    await page.getByText('random', { exact: true }).click();
    await typeInto(page, 'Steps', '30');
    await drop(page, '.side-panel', 'boat.png', bytes);
    await page.getByText('Recipe of boat.png').waitFor();
    expect(await promptArea().inputValue()).toBe('something else');
    await page.getByRole('button', { name: 'Only seed' }).click();
    await page.getByText('✓ Only seed').waitFor();
    expect(await fieldValue(page, 'Seed')).toBe('8812');
    expect(await fieldValue(page, 'Steps')).toBe('30');
    await page.getByRole('button', { name: 'Use all' }).click();
    await page.getByText('✓ Use all').waitFor();
    expect(await promptArea().inputValue()).toBe('a (wooden:1.2) boat, morning');
    expect(await fieldValue(page, 'Steps')).toBe('2');
    expect(await choice('Sampler').textContent()).toContain('Euler a');

    const sample = readFileSync(join(root, 'plugin/samples/landscape.jpg'));
    await drop(page, '.side-panel', 'photo.jpg', sample);
    await page.getByText('There is no recipe in this picture.').waitFor();
    await eventually(() =>
      expect(browser.complaints).toEqual([expect.stringMatching(/status of 4\d\d/)]),
    );
    browser.complaints.length = 0;
    expect(await promptArea().inputValue()).toBe('a (wooden:1.2) boat, morning');
  });

  it('names a LoRA at the caret and puts styles in and out', async () => {
    await promptArea().fill('a boat, morning');
    await promptArea().evaluate((area: HTMLTextAreaElement) => area.setSelectionRange(6, 6));
    await page.getByRole('button', { name: 'Add to: prompt' }).click();
    const other = page.getByRole('option', { name: 'xl-detail Made for SDXL; tiny is SD 1.5.' });
    expect(await other.getAttribute('aria-disabled')).toBe('true');
    await page.keyboard.type('ink');
    await other.waitFor({ state: 'detached' });
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    const named = 'a boat <lora:inkwash:1>, morning';
    expect(await promptArea().inputValue()).toBe(named);

    await page.getByRole('button', { name: 'styles' }).click();
    await page.getByRole('option', { name: /Oil painting/ }).click();
    await page.getByRole('option', { name: /Fine/ }).click();
    await page.getByRole('button', { name: 'Apply to prompt' }).click();
    await page.getByText('+ what to avoid: photo, render').waitFor();
    expect(await promptArea().inputValue()).toBe(
      `oil painting of ${named}, thick brush strokes, highly detailed, sharp focus`,
    );
    await page.getByRole('button', { name: 'Take out of prompt' }).click();
    await page.getByText('+ what to avoid', { exact: true }).waitFor();
    expect(await promptArea().inputValue()).toBe(named);
  });

  it('offers what a few-step model was made for', async () => {
    await chooseIn(page, 'Model', 'tiny-lcm');
    await page
      .getByText('This is a few-step model: use 6 steps, CFG 1.5, LCM SGM Uniform?')
      .waitFor();
    await page.getByRole('button', { name: 'Use', exact: true }).click();
    await page.getByText('few-step model').waitFor({ state: 'detached' });
    expect(await fieldValue(page, 'Steps')).toBe('6');
    expect(await choice('Sampler').textContent()).toContain('LCM');
    expect(browser.complaints).toEqual([]);
  });
});

function fieldValue(page: Page, label: string): Promise<string> {
  return page.locator(`sp-textfield[aria-label="${label}"] input`).first().inputValue();
}

/** Drops a file as the system does. */
async function drop(page: Page, on: string, name: string, bytes: Uint8Array): Promise<void> {
  const transfer = await page.evaluateHandle(
    ([fileName, content]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(content)], fileName));
      return data;
    },
    [name, [...bytes]] as const,
  );
  await page.dispatchEvent(on, 'dragover', { dataTransfer: transfer });
  await page.dispatchEvent(on, 'drop', { dataTransfer: transfer });
}
