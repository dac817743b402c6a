/** The workbench as a user meets it: real Chromium, real service, a tiny model with synthetic weights. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Download } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compositeLayers, maskAt } from '../../plugin/host/workbench/compositeLayers.ts';
import { allLayers, type PixelLayer } from '../../plugin/host/workbench/layers.ts';
import type { PictureDocument } from '../../plugin/host/workbench/pictureDocument.ts';
import { readPsdDocument } from '../../plugin/host/workbench/readPsdDocument.ts';
import { rectOfSize } from '../../shared/geometry.ts';
import { configFrom } from '../../service/config.ts';
import { startService, type RunningService } from '../../service/main.ts';
import { steadyPort } from '../fixtures/steadyPort.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import {
  dragOnCanvas,
  workbenchNeeds,
  layerNames,
  openBrowser,
  typeInto,
  type Browser,
} from './chromium.ts';
import { writeTinyModels } from './tinyModels.ts';

const { root, chromiumPath, missing } = workbenchNeeds();
const title = missing === '' ? 'the workbench' : `the workbench (skipped: ${missing})`;

describe.skipIf(missing !== '')(title, () => {
  const folder = temporaryFolder();
  let service: RunningService;
  let browser: Browser;

  async function serve(name: string, ...more: string[]): Promise<RunningService> {
    const args = [
      '--data',
      join(folder, name),
      '--port',
      '0',
      '--device',
      'cpu',
      '--no-open',
      ...more,
    ];
    return startService(configFrom(args, {}));
  }

  async function open(running: RunningService): Promise<Browser> {
    const opened = await openBrowser(chromiumPath ?? '', `${running.url}/#code=${running.code}`);
    await opened.page.getByText('1024 × 768 · 8-bit').waitFor();
    return opened;
  }

  async function placed(count: number): Promise<void> {
    await browser.page
      .getByText('✓ placed')
      .nth(count - 1)
      .waitFor();
  }

  async function bytesOf(download: Promise<Download>): Promise<Buffer> {
    return readFileSync(await (await download).path());
  }

  describe('with a model', () => {
    beforeAll(async () => {
      const models = await writeTinyModels(folder);
      service = await serve('with-model', '--models', models);
    });
    afterAll(async () => {
      await browser.close();
      await service.stop();
    });

    // The page's code counts once, so one page goes through the whole story.
    it('fills a selection, offers variants, undoes in one step, saves and opens again', async () => {
      browser = await open(service);
      const { page } = browser;
      expect(new URL(page.url()).hash).toBe('');

      await dragOnCanvas(page, [0.4, 0.4], [0.55, 0.6]);
      await typeInto(page, 'Prompt', 'a wooden boat, morning');
      await page.getByText('▸ More').click();
      await typeInto(page, 'Steps', '2');
      await typeInto(page, 'Feather', '6');
      await page.getByText(/^runs at/).waitFor();
      expect(await page.locator('#command').textContent()).toBe('Fill selection');
      await page.locator('#command').click();
      await placed(1);
      expect(await layerNames(page)).toEqual(['a wooden boat', 'Background']);

      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: '↶ Undo' }).click();
      expect(await layerNames(page)).toEqual(['Background']);
      await page.getByRole('button', { name: '↷ Redo' }).click();
      expect(await layerNames(page)).toEqual(['a wooden boat', 'Background']);

      await page.getByRole('radiogroup', { name: 'Variants' }).getByText('3').click();
      await page.locator('#command').click();
      await placed(4);
      expect(await layerNames(page)).toEqual([
        'a wooden boat',
        'a wooden boat · 1',
        'a wooden boat · 2',
        'a wooden boat · 3',
        'a wooden boat',
        'Background',
      ]);

      const psd = await bytesOf(savedBy('Save PSD'));
      const document = readPsdDocument(exact(psd), 'saved.psd', 'saved');
      await expectUntouchedOutside(document.document);
      expect(variantsOf(document.document).map((l) => l.isVisible)).toEqual([true, false, false]);
      const recipes = masked(document.document).map((l) => l.recipe);
      expect(new Set(recipes.map((r) => r?.seed)).size).toBe(4);
      expect(
        recipes.every(
          (r) => r?.request.kind === 'inpaint' && r.request.prompt === 'a wooden boat, morning',
        ),
      ).toBe(true);

      const png = await sharp(await bytesOf(savedBy('Export PNG')))
        .raw()
        .toBuffer({ resolveWithObject: true });
      const shown = compositeLayers(document.document.layers, rectOfSize(document.document));
      expect(png.info.channels).toBe(3);
      expect(png.data.equals(Buffer.from(shown.filter((_, i) => i % 4 !== 3)))).toBe(true);

      const chooser = page.waitForEvent('filechooser');
      await page.getByRole('button', { name: 'Open' }).click();
      await (
        await chooser
      ).setFiles({ name: 'again.psd', mimeType: 'image/vnd.adobe.photoshop', buffer: psd });
      await page.getByText('again.psd · 1024 × 768').waitFor();
      expect(await layerNames(page)).toHaveLength(6);
      await page.getByText('seed', { exact: false }).first().waitFor();
      expect(browser.complaints).toEqual([]);

      async function savedBy(name: string): Promise<Download> {
        const download = page.waitForEvent('download');
        await page.getByRole('button', { name }).click();
        return download;
      }
    });

    it('stops a run and keeps everything that was typed', async () => {
      await browser.page.reload();
      const { page } = browser;
      await page.getByText('landscape.jpg · 1024 × 768').waitFor();
      await dragOnCanvas(page, [0.4, 0.4], [0.5, 0.5]);
      await page.getByText('▸ More').click();
      await typeInto(page, 'Steps', '150');
      await page.locator('#command').click();
      await page.locator('#stop:not([disabled])').click();
      await page.locator('.working').waitFor({ state: 'detached' });
      expect(await layerNames(page)).toEqual(['Background']);
      expect(
        await page.locator('sp-textfield[aria-label="Prompt"] textarea').first().inputValue(),
      ).toBe('a wooden boat, morning');
    });
  });

  describe('without any model', () => {
    beforeEach(async () => {
      const port = String(await steadyPort());
      service = await serve(`bare-${port}`, '--port', port);
      browser = await open(service);
    });
    afterEach(async () => {
      await browser.close();
      await service.stop();
    });

    it('removes what a lasso selects and leaves the rest bit for bit', async () => {
      const { page } = browser;
      await page.locator('.canvas').click({ position: { x: 4, y: 4 } });
      await page.keyboard.press('o');
      await dragOnCanvas(page, [0.72, 0.83], [0.8, 0.96]);
      expect(await page.locator('#command').textContent()).toBe('Remove selection');
      await page.locator('#command').click();
      await placed(1);
      const download = page.waitForEvent('download');
      await page.keyboard.press('Control+s');
      const { document } = readPsdDocument(exact(await bytesOf(download)), 'saved.psd', 'saved');
      await expectUntouchedOutside(document);
      expect(masked(document)[0]?.recipe?.request.kind).toBe('remove');
      expect(browser.complaints).toEqual([]);
    });

    it('keeps the 16 bits of a file, outside of the result every one of them', async () => {
      const { page } = browser;
      const deep = await deepPhoto();
      const chooser = page.waitForEvent('filechooser');
      await page.getByRole('button', { name: 'Open' }).click();
      await (await chooser).setFiles({ name: 'deep.png', mimeType: 'image/png', buffer: deep.png });
      await page.getByText('deep.png · 320 × 240 · 16-bit').waitFor();
      await dragOnCanvas(page, [0.47, 0.47], [0.52, 0.53]);
      const told = await page.getByText(/^selection \d+ × \d+ at/).textContent();
      const [width, height, left, top] = (told ?? '').match(/\d+/g)!.map(Number) as Four;
      await page.locator('#command').click();
      await placed(1);
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Export PNG' }).click();
      const saved = await bytesOf(download);
      expect(await sharp(saved).metadata()).toMatchObject({ depth: 'ushort', channels: 3 });
      const values = await samples16(saved);
      const changed = [...values.keys()].filter((i) => values[i] !== deep.values[i]);
      expect(changed.length).toBeGreaterThan(width * height);
      // Painted in 16 bits, not in 8 that were widened.
      expect(changed.filter((i) => values[i]! % 257 !== 0).length).toBeGreaterThan(
        changed.length / 2,
      );
      const feather = 40;
      const outside = changed.filter((i) => {
        const x = (Math.floor(i / 3) % 320) - left;
        const y = Math.floor(i / 960) - top;
        const isNear = x >= -feather && x < width + feather;
        return !isNear || y < -feather || y >= height + feather;
      });
      expect(outside).toEqual([]);
      // There is an outside.
      expect(left - feather > 0 || top - feather > 0).toBe(true);
      expect(browser.complaints).toEqual([]);
    });

    it('says that the service is gone, keeps the prompt and finds it again', async () => {
      const { page } = browser;
      await typeInto(page, 'Prompt', 'kept');
      const port = String(service.port);
      await service.stop();
      await page.getByText('The service is not running.').waitFor();
      service = await startService(
        configFrom(['--data', join(folder, 'second'), '--port', port, '--no-open'], {}),
      );
      await page.getByText('Look again').click();
      // Another data folder does not know this panel: it has to be paired again.
      await page.getByText('The pairing is no longer valid.').waitFor();
      await typeInto(page, 'Pairing code', service.code);
      await page.getByRole('button', { name: 'Pair', exact: true }).click();
      await page.locator('.dot-ready').waitFor();
      expect(
        await page.locator('sp-textfield[aria-label="Prompt"] textarea').first().inputValue(),
      ).toBe('kept');
    });
  });
});

async function samples16(png: Buffer): Promise<Uint16Array> {
  const { data } = await sharp(png)
    .toColourspace('rgb16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  return new Uint16Array(new Uint8Array(data).buffer);
}

type Four = [number, number, number, number];

/** Part of a photograph, with low bytes that 8 bits cannot hold. */
async function deepPhoto(): Promise<{ png: Buffer; values: Uint16Array }> {
  const bytes = await sharp(join(root, 'plugin/samples/landscape.jpg'))
    .extract({ left: 300, top: 300, width: 320, height: 240 })
    .removeAlpha()
    .raw()
    .toBuffer();
  const values = Uint16Array.from(bytes, (v, i) => Math.min(65535, v * 256 + ((i * 7919) % 256)));
  const raw = { width: 320, height: 240, channels: 3 } as const;
  const png = await sharp(values, { raw }).toColourspace('rgb16').png().toBuffer();
  return { png, values: await samples16(png) };
}

/** Buffers of Node share one large array. */
function exact(bytes: Buffer): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
}

function masked(document: PictureDocument): PixelLayer[] {
  return allLayers(document.layers).filter(
    (l): l is PixelLayer => l.kind === 'pixels' && l.mask !== undefined,
  );
}

function variantsOf(document: PictureDocument): PixelLayer[] {
  return masked(document)
    .filter((l) => / · \d$/.test(l.name))
    .reverse();
}

/** Where no mask covers, the saved composite is the photograph, bit for bit; and something is covered. */
async function expectUntouchedOutside(document: PictureDocument): Promise<void> {
  const photo = await sharp(join(root, 'plugin/samples/landscape.jpg'))
    .removeAlpha()
    .raw()
    .toBuffer();
  const shown = compositeLayers(document.layers, rectOfSize(document));
  const masks = masked(document).flatMap((l) => (l.mask ? [l.mask] : []));
  let covered = 0;
  let different = 0;
  for (let y = 0; y < document.height; y++) {
    for (let x = 0; x < document.width; x++) {
      if (masks.some((mask) => maskAt(mask, x, y) > 0)) {
        covered++;
        continue;
      }
      const i = y * document.width + x;
      for (let c = 0; c < 3; c++) if (shown[i * 4 + c] !== photo[i * 3 + c]) different++;
    }
  }
  expect(different).toBe(0);
  expect(covered).toBeGreaterThan(500);
  expect(covered).toBeLessThan((document.width * document.height) / 2);
}
