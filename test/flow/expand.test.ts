/** Expanding in the workbench: real Chromium, real service, without and with a (tiny) model. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configFrom } from '../../service/config.ts';
import { startService, type RunningService } from '../../service/main.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { layerNames, openBrowser, typeInto, workbenchNeeds, type Browser } from './chromium.ts';
import { writeTinyModels } from './tinyModels.ts';

const { chromiumPath, missing } = workbenchNeeds();
const title = missing === '' ? 'expanding' : `expanding (skipped: ${missing})`;

describe.skipIf(missing !== '')(title, () => {
  let service: RunningService;
  let browser: Browser;

  beforeAll(async () => {
    const folder = temporaryFolder();
    const args = ['--data', join(folder, 'data'), '--port', '0', '--device', 'cpu', '--no-open'];
    args.push('--models', await writeTinyModels(folder));
    service = await startService(configFrom(args, {}));
    browser = await openBrowser(chromiumPath ?? '', `${service.url}/#code=${service.code}`);
    await browser.page.getByText('1024 × 768 · 8-bit').waitFor();
  });
  afterAll(async () => {
    await browser.close();
    await service.stop();
  });

  async function press(count: number): Promise<void> {
    const { page } = browser;
    await page.locator('#command').click();
    await page
      .getByText('✓ placed')
      .nth(count - 1)
      .waitFor();
  }

  it('grows the canvas with the layer, in one step that can be undone', async () => {
    const { page } = browser;
    await page.getByRole('radio', { name: 'Expand' }).click();
    expect(await page.locator('#command').textContent()).toBe('Expand picture');
    await page.getByText(/^There is nothing to expand/).waitFor();

    await page.getByRole('radio', { name: 'its own patches' }).click();
    await typeInto(page, 'Right', '48');
    await typeInto(page, 'Top', '24');
    await page.getByText('1072 × 792', { exact: false }).waitFor();
    await press(1);
    await page.getByText('1072 × 792 · 8-bit').waitFor();
    expect(await layerNames(page)).toEqual(['Expanded', 'Background']);
    // Pressing again does not expand again.
    await page.getByText(/^There is nothing to expand/).waitFor();

    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: '↶ Undo' }).click();
    await page.getByText('1024 × 768 · 8-bit').waitFor();
    expect(await layerNames(page)).toEqual(['Background']);
    await page.getByRole('button', { name: '↷ Redo' }).click();
    await page.getByText('1072 × 792 · 8-bit').waitFor();
    expect(browser.complaints).toEqual([]);
  });

  it('takes a shape, paints it with the model in passes and tells so before', async () => {
    const { page } = browser;
    await page.getByRole('button', { name: '↶ Undo' }).click();
    await page.getByText('1024 × 768 · 8-bit').waitFor();
    await page.getByRole('radio', { name: 'the model' }).click();
    await page.getByRole('radio', { name: '16:9' }).click();
    await page.getByText('1365 × 768', { exact: false }).waitFor();
    await page.getByText('It is painted in 2 passes.').waitFor();
    await page.getByRole('radio', { name: 'left', exact: true }).click();
    await typeInto(page, 'Prompt', 'more hills');
    await page.getByText('▸ More').click();
    await typeInto(page, 'Steps', '1');
    await page.getByText(/^runs at/).waitFor();
    await press(2);
    await page.getByText('1365 × 768 · 8-bit').waitFor();
    expect(await layerNames(page)).toEqual(['more hills', 'Background']);
    expect(browser.complaints).toEqual([]);
  });
});
