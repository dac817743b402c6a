/** Masks, ControlNets, soft inpainting and models' words as an artist meets them: real Chromium, real service. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JobList } from '../../shared/api.ts';
import { configFrom } from '../../service/config.ts';
import { startService, type RunningService } from '../../service/main.ts';
import { apiOf, type Api } from '../fakes/testService.ts';
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
import { writeGuides } from './writeGuides.ts';

const { chromiumPath, missing } = workbenchNeeds();
const title = missing === '' ? 'before a run' : `before a run (skipped: ${missing})`;
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
    await writeGuides(models);
    const flags = ['--data', data, '--port', '0', '--device', 'cpu', '--no-open'];
    service = await startService(configFrom([...flags, '--models', models], {}));
    api = apiOf(service.url, readFileSync(join(data, 'token'), 'utf8').trim());
    browser = await openBrowser(chromiumPath ?? '', `${service.url}/#code=${service.code}`);
    page = browser.page;
    await page.getByText('1024 × 768 · 8-bit').waitFor();
  });
  afterAll(async () => {
    await browser.close();
    await service.stop();
  });

  const choice = (name: string): Locator => page.getByRole('combobox', { name, exact: true });
  const viewOf = (name: string) =>
    page.getByRole('radiogroup', { name: 'Show mask' }).getByText(name, { exact: true });
  /** The screen at a share of the canvas. */
  const colorAt = async (x: number, y: number): Promise<number[]> => {
    const box = await page.locator('.canvas').boundingBox();
    if (!box) throw new Error('Expected the canvas.');
    const clip = { x: box.x + box.width * x, y: box.y + box.height * y, width: 1, height: 1 };
    const png = await page.screenshot({ clip });
    return [...(await sharp(png).removeAlpha().raw().toBuffer())];
  };
  /** What the status line says of the selection. Beside it stands the free memory, which changes. */
  const selectionText = async () =>
    /selection \d+ × \d+ at \d+, \d+/.exec(
      (await page.locator('.status').textContent()) ?? '',
    )?.[0];

  it('shows what will be seen and what may change over the picture', async () => {
    const inside = [0.475, 0.5] as const;
    await dragOnCanvas(page, [0.4, 0.4], [0.55, 0.6]);
    await page.getByText(/^runs at/).waitFor();
    const plain = await colorAt(...inside);
    const redder = (color: number[]) => color[0]! - color[2]! - (plain[0]! - plain[2]!);
    await viewOf('seen').click();
    await expect.poll(async () => redder(await colorAt(...inside))).toBeGreaterThan(60);
    await viewOf('change').click();
    await expect.poll(async () => redder(await colorAt(...inside))).toBeLessThan(-60);
    // By the keyboard, as in any group of radio buttons.
    await page.keyboard.press('ArrowLeft');
    await expect.poll(async () => redder(await colorAt(...inside))).toBeGreaterThan(60);
    // A wider feather reaches further, without being asked for again.
    await viewOf('both').click();
    const outside = [0.4 - 0.02, 0.5] as const;
    const before = await colorAt(...outside);
    await typeInto(page, 'Feather', '60');
    await expect.poll(async () => colorAt(...outside)).not.toEqual(before);
    await viewOf('off').click();
    await expect.poll(async () => colorAt(...inside)).toEqual(plain);
    await typeInto(page, 'Feather', '8');
    expect(browser.complaints).toEqual([]);
  });

  it('selects by colour, in parts, and grows', async () => {
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Colour selection (W)' }).click();
    const box = await page.locator('.canvas').boundingBox();
    if (!box) throw new Error('Expected the canvas.');
    const at = (x: number, y: number) => [box.x + box.width * x, box.y + box.height * y] as const;
    await page.mouse.click(...at(0.5, 0.1));
    await expect.poll(selectionText).toMatch(/selection \d+ × \d+ at \d+, 0/);
    const sky = await selectionText();
    await page.keyboard.down('Shift');
    await page.mouse.click(...at(0.3, 0.85));
    await page.keyboard.up('Shift');
    await expect.poll(selectionText).not.toBe(sky);
    await page.getByRole('button', { name: '↶ Undo' }).click();
    await expect.poll(selectionText).toBe(sky);
    await page.getByRole('button', { name: 'None', exact: true }).click();
    await page.getByRole('button', { name: 'Rectangle (M)' }).click();
    await dragOnCanvas(page, [0.4, 0.4], [0.55, 0.6]);
    const size = async () =>
      /selection (\d+) × (\d+)/.exec((await selectionText()) ?? '')?.slice(1);
    const [width, height] = (await size())?.map(Number) ?? [];
    await page.getByLabel('Pixels to grow or shrink by').fill('5');
    await page.getByRole('button', { name: 'Grow' }).click();
    await expect.poll(size).toEqual([String(width! + 10), String(height! + 10)]);
    await page.getByRole('button', { name: 'Select', exact: true }).click();
    await expect.poll(selectionText).toContain('selection 1024 × 768 at 0, 0');
    await page.getByRole('button', { name: '↶ Undo' }).click();
    await page.getByRole('button', { name: 'Shrink' }).click();
    await expect.poll(size).toEqual([String(width), String(height)]);
    expect(browser.complaints).toEqual([]);
  });

  it('guides a run by ControlNets and soft inpainting', async () => {
    await page.getByText('▸ More').click();
    await typeInto(page, 'Steps', '2');
    await page.getByText('keep soft edges').click();
    await typeInto(page, 'Mask influence', '0.25');
    await page.getByText('▸ ControlNet').click();
    await page.getByText('+ add a ControlNet').click();
    const button = page.locator('#command');
    await expect.poll(() => button.getAttribute('disabled')).not.toBeNull();
    await page.getByText('ControlNet 1: choose a model, or remove it.').waitFor();
    await choice('ControlNet 1 model').click();
    await page.getByText('More…').last().click();
    const other = page.getByRole('option', { name: /canny-xl/ });
    expect(await other.getAttribute('aria-disabled')).toBe('true');
    await page.getByRole('option', { name: /canny-tiny/ }).click();
    expect(await choice('ControlNet 1 made into').textContent()).toContain('Edges (canny)');
    await typeInto(page, 'ControlNet 1 weight', '0.8');
    await typeInto(page, 'ControlNet 1 ends at', '70');
    await page.getByRole('button', { name: 'Show what ControlNet 1 will see' }).click();
    await page.getByAltText('What ControlNet 1 will see').waitFor();

    await page.getByText('+ add another one').click();
    await choice('ControlNet 2 model').click();
    await page.getByRole('option', { name: /canny-tiny/ }).click();
    await chooseIn(page, 'ControlNet 2 looks at', 'a file');
    await page.getByText('ControlNet 2: choose the picture it looks at.').waitFor();
    const drawing = join(folder, 'drawing.png');
    const lines = { create: { width: 90, height: 60, channels: 3, background: 'white' } } as const;
    writeFileSync(drawing, await sharp(lines).png().toBuffer());
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose a picture for ControlNet 2' }).click();
    await (await chooser).setFiles(drawing);
    await page.getByAltText('File for ControlNet 2').waitFor();

    await page.getByText('+ add another one').click();
    await choice('ControlNet 3 model').click();
    await page.getByRole('option', { name: /canny-tiny/ }).click();
    await chooseIn(page, 'ControlNet 3 looks at', 'a layer');
    await page.locator('.unit', { hasText: 'ControlNet 3' }).getByText('“Background”').waitFor();
    expect(await page.getByText('+ add another one').count()).toBe(0);
    await button.click();
    await page.getByText('✓ placed').waitFor();
    const [job] = JobList.parse((await api.send('GET', '/v1/jobs')).json()).jobs;
    expect(job?.request).toMatchObject({
      advanced: { softInpainting: { maskInfluence: 0.25, scheduleBias: 1, differenceContrast: 2 } },
      controls: [
        { weight: 0.8, end: 0.7, source: 'picture', preprocessor: { name: 'canny' } },
        { weight: 1, source: 'plane', fit: 'crop' },
        { source: 'plane' },
      ],
    });
    expect(job?.results[0]?.recipe.controls).toHaveLength(3);

    expect(browser.complaints).toEqual([]);
  });

  it('shows what is written beside models, and weighs LoRAs', async () => {
    await chooseIn(page, 'Model', 'watercolour');
    await page.getByRole('button', { name: 'About this model' }).click();
    await page.getByAltText('Made with watercolour').waitFor();
    await page.getByText('Made for tests.').waitFor();
    await page.getByRole('button', { name: 'Add “soft light” to the prompt' }).click();
    const prompt = page.locator('sp-textfield[aria-label="Prompt"] textarea').first();
    expect(await prompt.inputValue()).toBe('soft light');
    await page.getByRole('button', { name: 'Add to: prompt' }).click();
    const ink = page.getByRole('option', { name: /inkwash/ });
    await ink.locator('img').waitFor();
    await ink.click();
    expect(await prompt.inputValue()).toBe('soft light <lora:inkwash:0.8> ink wash');
    await typeInto(page, 'Weight of inkwash', '1.2');
    await expect.poll(() => prompt.inputValue()).toBe('soft light <lora:inkwash:1.2> ink wash');
    await page.getByRole('button', { name: 'Remove inkwash' }).click();
    await expect.poll(() => prompt.inputValue()).toBe('soft light ink wash');
    expect(browser.complaints).toEqual([]);
  });

  it('fits any window from 240 pixels, with picture and panel below each other', async () => {
    for (const width of [240, 300, 400, 700, 1000]) {
      await page.setViewportSize({ width, height: 900 });
      const wide = () =>
        page.evaluate(() =>
          [...document.querySelectorAll('.workbench *')]
            .filter((element) => {
              const { right, width: own } = element.getBoundingClientRect();
              return own > 0 && right > innerWidth + 1 && !element.closest('.status');
            })
            .map((element) => `${element.className} ${element.textContent?.slice(0, 40)}`),
        );
      await expect.poll(wide).toEqual([]);
      await page.locator('#command').scrollIntoViewIfNeeded();
      const box = await page.locator('#command').boundingBox();
      expect(box && box.x >= 0 && box.x + box.width <= width).toBe(true);
    }
  });
});
