/** How the workbench looks: real Chromium, narrow and wide, in every theme. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { themes } from '../../plugin/workbench/theme.ts';
import { configFrom } from '../../service/config.ts';
import { startService, type RunningService } from '../../service/main.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { dragOnCanvas, openBrowser, workbenchNeeds, type Browser } from './chromium.ts';
import { contrastsBelow, faultsOfLayout } from './looks.ts';
import { writeTinyModels } from './tinyModels.ts';
import { writeAdditions } from './writeAdditions.ts';
import { writeGuides } from './writeGuides.ts';

const { chromiumPath, missing } = workbenchNeeds();
const title = missing === '' ? 'the look' : `the look (skipped: ${missing})`;
const wide = { width: 1360, height: 820 };

describe.skipIf(missing !== '')(title, () => {
  const folder = temporaryFolder();
  let service: RunningService;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const models = await writeTinyModels(folder);
    writeAdditions(models, join(models, 'tiny'));
    await writeGuides(models);
    const flags = ['--data', join(folder, 'data'), '--port', '0', '--device', 'cpu', '--no-open'];
    service = await startService(configFrom([...flags, '--models', models], {}));
    browser = await openBrowser(chromiumPath ?? '', `${service.url}/#code=${service.code}`);
    page = browser.page;
    await page.getByText('1024 × 768 · 8-bit').waitFor();
    await dragOnCanvas(page, [0.4, 0.4], [0.55, 0.6]);
    await page.getByText(/^runs at/).waitFor();
    for (const name of ['More', 'Advanced', 'ControlNet'])
      await page.getByText(`▸ ${name}`).click();
    await page.getByText('+ add a ControlNet').click();
    await page.getByText('keep soft edges').click();
  });
  afterAll(async () => {
    await browser.close();
    await service.stop();
  });

  it('keeps the one button in sight while everything is open', async () => {
    await page.setViewportSize(wide);
    await page.locator('.side-panel').evaluate((panel) => panel.scrollTo(0, 0));
    const [button, panel] = await Promise.all(
      ['#command', '.side-panel'].map((name) => page.locator(name).boundingBox()),
    );
    expect(panel?.height).toBeGreaterThan(300);
    expect((button?.y ?? Infinity) + (button?.height ?? 0)).toBeLessThanOrEqual(
      (panel?.y ?? 0) + (panel?.height ?? 0),
    );
  });

  it.each([240, 300, 400])('fits into %i pixels', async (width) => {
    await page.setViewportSize({ width, height: 900 });
    for (const mode of ['Fill', 'Expand']) {
      await page.getByRole('radiogroup', { name: 'Mode' }).getByText(mode, { exact: true }).click();
      // What follows the window's size is drawn a little later.
      await expect.poll(() => page.evaluate(faultsOfLayout)).toEqual([]);
    }
    await page.getByRole('radiogroup', { name: 'Mode' }).getByText('Fill').click();
  });

  it('would tell of a control that reaches over the edge, and of one that lies on another', async () => {
    await page.setViewportSize({ width: 300, height: 900 });
    const style = await page.addStyleTag({
      content: '.pentimento .field-label { min-width: 240px } .row.pair { margin-right: -30px }',
    });
    await expect.poll(() => page.evaluate(faultsOfLayout)).not.toEqual([]);
    await style.evaluate((element) => (element as HTMLElement).remove());
  });

  it('can be read in every theme, errors in the status line too', async () => {
    await page.setViewportSize(wide);
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Open' }).click();
    const broken = { name: 'broken.png', mimeType: 'image/png', buffer: Buffer.from('no picture') };
    await (await chooser).setFiles(broken);
    await page.getByText('broken.png: This file').waitFor();
    const seen: string[] = [];
    for (const _ of themes) {
      await page.getByRole('button', { name: /^Theme/ }).click();
      seen.push((await page.locator('sp-theme').getAttribute('color')) ?? '');
      // Spectrum's controls fade from one theme to the next.
      await expect.poll(() => page.evaluate(contrastsBelow, 4.5)).toEqual([]);
    }
    expect(seen.toSorted()).toEqual(themes.toSorted());
  });

  it('tells variants apart in the list of layers', async () => {
    await page.getByRole('radiogroup', { name: 'Mode' }).getByText('Fill').click();
    const prompt = page.locator('sp-textfield[aria-label="Prompt"]').locator('textarea').first();
    await prompt.fill('a wooden boat upon the wide and quiet water');
    await page.getByText('▾ ControlNet').scrollIntoViewIfNeeded();
    await page.getByText('remove', { exact: true }).click();
    const steps = page.locator('sp-textfield[aria-label="Steps"]').locator('input').first();
    await steps.fill('1');
    await page.getByRole('radiogroup', { name: 'Variants' }).getByText('3').click();
    await page.locator('#command').click();
    await page.getByText('✓ placed').nth(2).waitFor();
    const numbers = page.locator('.layer-number').filter({ hasText: '·' });
    expect(await numbers.allTextContents()).toEqual([' · 1', ' · 2', ' · 3']);
    const list = await page.locator('.layers-list').boundingBox();
    for (const number of await numbers.all()) {
      const box = await number.boundingBox();
      expect((box?.x ?? Infinity) + (box?.width ?? 0)).toBeLessThanOrEqual(
        (list?.x ?? 0) + (list?.width ?? 0),
      );
    }
  });

  it('shows what has the focus, not under the button', async () => {
    await page.setViewportSize(wide);
    await page.getByText('▾ More').focus();
    const names = new Set<string>();
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab');
      const focused = () =>
        page.evaluate(() => {
          const element = document.activeElement;
          const box = element?.getBoundingClientRect();
          const at = box && document.elementFromPoint(box.x + 8, box.y + box.height / 2);
          const isOwn = element?.closest('.main-command') !== null;
          const isUnder = !isOwn && at?.closest('.main-command') !== null && at !== null;
          return { name: element?.ariaLabel ?? element?.textContent ?? '', isCovered: isUnder };
        });
      const { name } = await focused();
      names.add(name);
      await expect.poll(focused).toEqual({ name, isCovered: false });
    }
    expect(names.size).toBeGreaterThan(20);
  });

  it('tries a pairing code once, by Enter and by the button', async () => {
    await page.evaluate(() => localStorage.removeItem('pentimento.token'));
    const tries: string[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/v1/pair')) tries.push(request.postData() ?? '');
    });
    await page.reload();
    const field = page.locator('sp-textfield[aria-label="Pairing code"]').locator('input').first();
    await field.fill('WRON-GONE');
    await field.press('Enter');
    await page.getByText('Pairing is not open.').waitFor();
    await field.fill('WRON-GTWO');
    await page.getByRole('button', { name: 'Pair' }).click();
    await expect.poll(() => tries.length).toBeGreaterThan(1);
    expect(tries.map((body) => /WRON-G\w+/.exec(body)?.[0])).toEqual(['WRON-GONE', 'WRON-GTWO']);
  });
});
