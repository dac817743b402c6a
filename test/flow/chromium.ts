/** A real Chromium with a profile of its own, and what the flow tests do in the workbench with it. */
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { removeFolder } from '../fixtures/removeFolder.ts';

const usual = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Path of the browser: PENTIMENTO_CHROMIUM, or where systems put it; undefined when there is none. */
function findChromium(): string | undefined {
  const named = process.env['PENTIMENTO_CHROMIUM'];
  return [...(named ? [named] : []), ...usual].find((path) => existsSync(path));
}

/** What a story in the workbench needs, and what of it is not there, in words; nothing: ''. */
export function workbenchNeeds(): {
  /** The repository. */
  readonly root: string;
  readonly chromiumPath: string | undefined;
  readonly missing: string;
} {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
  const chromiumPath = findChromium();
  const isBuilt =
    existsSync(join(root, 'dist/workbench/index.html')) &&
    existsSync(join(root, 'dist/service/engine/process.js'));
  const missing = [
    ...(chromiumPath === undefined ? ['no Chromium: install it or set PENTIMENTO_CHROMIUM'] : []),
    ...(isBuilt ? [] : ['not built: npm run build']),
  ].join('; ');
  return { root, chromiumPath, missing };
}

const quiet = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Browser {
  readonly page: Page;
  /** What the page complained about, in its console or by throwing. */
  readonly complaints: string[];
  close(): Promise<void>;
}

const patienceMs = 240_000;

/** Opens an address in a fresh profile at the size the workbench is drawn for. */
export async function openBrowser(executablePath: string, url: string): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'pentimento-chromium-'));
  const context: BrowserContext = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    viewport: { width: 1360, height: 820 },
    acceptDownloads: true,
    args: quiet,
    timeout: patienceMs,
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  // Other programs may keep the computer busy.
  page.setDefaultTimeout(patienceMs);
  await page.goto(url);
  return {
    page,
    complaints,
    async close() {
      await context.close();
      removeFolder(profile);
    },
  };
}

/** Drags a rectangle over the canvas, as shares of the shown area. */
export async function dragOnCanvas(
  page: Page,
  from: [number, number],
  to: [number, number],
): Promise<void> {
  const box = await page.locator('.canvas').boundingBox();
  if (!box) throw new Error('Expected the canvas on the page.');
  const at = ([x, y]: [number, number]) => [box.x + box.width * x, box.y + box.height * y] as const;
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at(to), { steps: 6 });
  await page.mouse.up();
}

/** Writes into a Spectrum text field and leaves it, which is when numbers count. */
export async function typeInto(page: Page, label: string, text: string): Promise<void> {
  const field = page
    .locator(`sp-textfield[aria-label="${label}"]`)
    .locator('input, textarea')
    .first();
  await field.fill(text);
  await field.blur();
}

/** Names in the layers list, from the top down. */
export function layerNames(page: Page): Promise<string[]> {
  return page.locator('.layer-name > :first-child').allTextContents();
}

/** Chooses in a picker of the panel. Its menu closes when the page moves under it: then it is opened again. */
export async function chooseIn(page: Page, label: string, option: string): Promise<void> {
  const picker = page.locator(`sp-picker[aria-label="${label}"]`);
  const item = page.getByRole('option', { name: option });
  await picker.scrollIntoViewIfNeeded();
  // A page tells that it was scrolled when it draws next: not while the menu is open.
  await page.evaluate(async () => {
    for (let i = 0; i < 2; i++) await new Promise((drawn) => requestAnimationFrame(drawn));
  });
  for (let attempt = 0; attempt < 10; attempt++) {
    if ((await picker.getAttribute('open')) === null) await picker.click();
    const chosen = item.click({ timeout: 20_000 });
    if (
      await chosen.then(
        () => true,
        () => false,
      )
    )
      return;
  }
  throw new Error(`Could not choose ${option} as ${label}`);
}
