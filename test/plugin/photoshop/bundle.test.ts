/** The built panel, packed, checked, and evaluated as Photoshop evaluates it. */
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { unzipSync } from 'fflate';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import manifest from '../../../manifest.json' with { type: 'json' };
import packageFile from '../../../package.json' with { type: 'json' };
import { encodeFrame, decodeFrame } from '../../../shared/frame.ts';
import { ccxName, makeCcx, problemsOfPanel, readPanelFiles } from '../../../tools/ccx.mjs';
import { problemsOfManifest } from '../../../tools/panelManifest.mjs';
import { createFakePhotoshop, type FakePhotoshop } from '../../fakes/photoshop.ts';
import { createFakeUxp, type FakeUxp } from '../../fakes/uxp.ts';
import { createUxpSandbox, type UxpSandbox } from '../../fakes/uxpSandbox.ts';
import { FakeEvent, type FakeElement } from '../../fakes/uxpDom.ts';
import { catalogue, checkpoint, readRecipe, styleList } from '../../fakes/session.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { coverage, picture, raster } from './scene.ts';

const root = path.join(import.meta.dirname, '../../..');
let files: Record<string, Uint8Array>;
let ccx: Record<string, Uint8Array>;
let code: string;

beforeAll(async () => {
  const script = path.join(root, 'tools/package.mjs');
  const packed = spawnSync(process.execPath, [script], { cwd: root, encoding: 'utf8' });
  if (packed.status !== 0) throw new Error(packed.stdout + packed.stderr);
  files = await readPanelFiles(path.join(root, 'dist/panel'));
  code = new TextDecoder().decode(files['panel.js']);
  ccx = unzipSync(new Uint8Array(await readFile(path.join(root, 'dist', ccxName(manifest)))));
}, 60_000);

const textOf = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

describe('the package', () => {
  it('has the manifest at its root, with one host instead of a list', () => {
    const packed = JSON.parse(textOf(ccx['manifest.json']));
    expect(packed.host).toEqual(manifest.host[0]);
    expect(packed).toEqual({ ...manifest, host: manifest.host[0] });
    expect(
      problemsOfManifest(packed, { files: Object.keys(ccx), version: packageFile.version }),
    ).toEqual([]);
  });

  it('holds the built files and nothing else, under plain paths', () => {
    expect(Object.keys(ccx).sort()).toEqual(
      [
        'manifest.json',
        'index.html',
        'panel.css',
        'panel.js',
        ...['panel', 'plugin'].flatMap((name) =>
          ['dark', 'light'].flatMap((theme) =>
            [1, 2].map((scale) => `icons/${name}-${theme}@${scale}x.png`),
          ),
        ),
      ].sort(),
    );
    expect(textOf(ccx['panel.js']) === code).toBe(true);
  });

  it('is the same file for the same content', () => {
    expect(Buffer.compare(makeCcx(files), makeCcx(files))).toBe(0);
  });

  it('is one classic script that Photoshop can load', () => {
    expect(problemsOfPanel(files)).toEqual([]);
  });

  it('is refused when it could not be loaded', () => {
    const bad = {
      ...files,
      'panel.js': new TextEncoder().encode('export const a = import("./b.js"); eval("1")'),
      'chunk.js': new Uint8Array(),
      'index.html': new TextEncoder().encode('<script type="module" src="panel.js">'),
    };
    expect(problemsOfPanel(bad).length).toBeGreaterThanOrEqual(5);
  });
});

let photoshop: FakePhotoshop;
let uxp: FakeUxp;
let sandbox: UxpSandbox;
let answer: (request: Request) => Promise<Response>;

function load(): void {
  photoshop = createFakePhotoshop();
  uxp = createFakeUxp({
    manifest,
    isModal: () => photoshop.world.modalDepth > 0,
    answer: (request) => answer(request),
    // Evaluation speed is not what these tests are about; that setup comes first is.
    now: () => 0,
  });
  sandbox = createUxpSandbox(photoshop, uxp);
  sandbox.run(code);
}

afterEach(() => sandbox?.close());

const find = (panel: FakeElement, name: string, id: string) =>
  panel.all(name).find((element) => element.getAttribute('id') === id);

const json = (value: unknown, status = 200) =>
  new Response(JSON.stringify(value), {
    status,
    headers: { 'Content-Type': 'application/json' },
  });

describe('the script in Photoshop', () => {
  it('registers its panel before anything else and asks only for photoshop and uxp', () => {
    answer = () => Promise.reject(new TypeError('Network request failed'));
    load();
    expect(sandbox.required.sort()).toEqual(['photoshop', 'uxp']);
    expect(code.indexOf('entrypoints.setup')).toBeLessThan(500);
  });

  it('tries both names of this computer and says that the service is not running', async () => {
    answer = () => Promise.reject(new TypeError('Network request failed'));
    load();
    const panel = sandbox.openPanel('pentimento');
    await eventually(() => {
      expect(panel.textContent).toContain('The service is not running.');
      expect(uxp.requests).toEqual(
        expect.arrayContaining([
          'GET http://127.0.0.1:47860/v1/status',
          'GET http://localhost:47860/v1/status',
        ]),
      );
    });
    expect(find(panel, 'sp-button', 'command')?.hasAttribute('disabled')).toBe(true);
  });

  it('asks to be paired when the service does not know it, and keeps the token it gets', async () => {
    const seen: Array<string | null> = [];
    answer = async (request) => {
      seen.push(request.headers.get('Authorization'));
      if (new URL(request.url).pathname === '/v1/pair') {
        return json({ token: 'secret-token', clientId: 'c1' });
      }
      return json(
        {
          type: 'pentimento:E_AUTH_REQUIRED',
          title: 'This panel is not paired with the service.',
          status: 401,
          code: 'E_AUTH_REQUIRED',
          next: 'Pair it with the code that the service shows.',
          retryable: false,
        },
        401,
      );
    };
    load();
    const panel = sandbox.openPanel('pentimento');
    await eventually(() => expect(panel.textContent).toContain('Pair'));
    const field = panel.all('sp-textfield')[0];
    if (!field) throw new Error('There is no field for the code.');
    Reflect.set(field, 'value', 'ABCD-EFGH');
    field.dispatchEvent(new FakeEvent('change', { bubbles: false }));
    const button = panel.all('sp-button').find((b) => /pair/i.test(b.textContent));
    button?.dispatchEvent(new FakeEvent('click'));
    await eventually(() => {
      expect(textOf(uxp.secureStorage.items.get('pentimento.token'))).toBe('secret-token');
      expect(seen).toContain('Bearer secret-token');
    });
    expect(seen[0]).toBeNull();
  });
});

describe('from the button to the layer', () => {
  it('reads the selection, sends it, and places the answer in one undo step', async () => {
    const context = { x: 0, y: 0, width: 8, height: 6 };
    const result = picture({ x: 2, y: 1, width: 4, height: 3 });
    let sent: ReturnType<typeof decodeFrame> | undefined;
    answer = async (request) => {
      const { pathname } = new URL(request.url);
      const bytes = new Uint8Array(await request.arrayBuffer());
      if (pathname === '/v1/status') return json(statusAnswer);
      if (pathname === '/v1/models') return json({ models: [], folders: [] });
      if (pathname === '/v1/samplers') return json(catalogue);
      if (pathname === '/v1/plan') return json({ ...planAnswer, context });
      if (pathname === '/v1/jobs' && request.method === 'GET') return json({ jobs: [] });
      if (pathname === '/v1/jobs') {
        sent = decodeFrame(bytes);
        return json({ id: 'job1' }, 201);
      }
      if (pathname === '/v1/jobs/job1/events') {
        return json([
          { type: 'queued', jobId: 'job1', seq: 0, ahead: 0 },
          { type: 'started', jobId: 'job1', seq: 1, attempt: 1 },
          { type: 'result', jobId: 'job1', seq: 2, result: resultInfo(result) },
          { type: 'done', jobId: 'job1', seq: 3 },
        ]);
      }
      if (pathname === '/v1/results/result1/frame') {
        const body = { bounds: result.bounds, recipe: result.recipe };
        return new Response(encodeFrame({ body, planes: [result.color, result.alpha] }).slice());
      }
      return json({}, 404);
    };
    load();
    const photo = photoshop.layer({ name: 'Photo', pixels: raster(context, 8, 4) });
    const document = photoshop.open({ layers: [photo], active: [photo.id] });
    document.selection = coverage({ x: 3, y: 2, width: 2, height: 1 }, () => 180);
    const panel = sandbox.openPanel('pentimento');
    await eventually(() => {
      const button = find(panel, 'sp-button', 'command');
      expect(button?.textContent).toBe('Remove selection');
      expect(button?.hasAttribute('disabled')).toBe(false);
    });
    find(panel, 'sp-button', 'command')?.dispatchEvent(new FakeEvent('click'));
    await eventually(() => expect(document.layers).toHaveLength(2));
    await eventually(() => expect(document.history).toEqual(['Open', 'Remove']));
    expect(sent?.planes.map((plane) => plane.name)).toEqual(['picture', 'mask']);
    expect(Array.from(sent?.planes[0]?.data ?? [])).toEqual(Array.from(photo.pixels?.data ?? []));
    expect(Array.from(sent?.planes[1]?.data ?? []).filter((v) => v > 0)).toEqual([180, 180]);
    const [placed] = document.layers;
    expect(placed?.pixels).toMatchObject(result.bounds);
    expect(Array.from(placed?.mask?.data ?? [])).toEqual(Array.from(result.alpha.data));
    expect(document.active).toEqual([photo.id]);
    expect(photoshop.world.modals).toHaveLength(2);
    photoshop.world.listeners.length = 0;
    photoshop.world.checkNothingLeft();
  });
});

describe('samplers and recipes in Photoshop', () => {
  const press = (element: FakeElement | undefined) => {
    if (!element) throw new Error('There is nothing to press.');
    element.dispatchEvent(new FakeEvent('click'));
  };
  const link = (panel: FakeElement, words: string) =>
    panel.all('span').find((element) => element.textContent === words);
  const choice = (panel: FakeElement, label: string) =>
    panel
      .all('div')
      .find((e) => e.getAttribute('role') === 'combobox' && e.getAttribute('aria-label') === label);
  const option = (panel: FakeElement, name: string) =>
    panel
      .all('div')
      .find((e) => e.getAttribute('role') === 'option' && e.children[0]?.textContent === name);
  const sent: { path: string; body: Uint8Array }[] = [];

  async function openPanel(models: readonly object[] = []): Promise<FakeElement> {
    sent.length = 0;
    answer = async (request) => {
      const { pathname } = new URL(request.url);
      sent.push({ path: pathname, body: new Uint8Array(await request.arrayBuffer()) });
      if (pathname === '/v1/status') return json(statusAnswer);
      if (pathname === '/v1/models') return json({ models, folders: [] });
      if (pathname === '/v1/samplers') return json(catalogue);
      if (pathname === '/v1/jobs') return json({ jobs: [] });
      if (pathname === '/v1/tokens') {
        const count = { tokens: 3, limit: 75, unreadable: [] };
        return json([count, count]);
      }
      if (pathname === '/v1/recipes') return json(readRecipe);
      if (pathname === '/v1/styles') return json(styleList);
      return json({}, 404);
    };
    load();
    const panel = sandbox.openPanel('pentimento');
    await eventually(() => expect(panel.textContent).toContain('3 / 75'));
    return panel;
  }

  it('offers the samplers that the service tells, with their sentences', async () => {
    const panel = await openPanel();
    press(link(panel, '▸ More'));
    await eventually(() => expect(choice(panel, 'Sampler')?.textContent).toContain('DPM++ 2M'));
    expect(panel.textContent).toContain('A safe first choice');
    press(choice(panel, 'Sampler'));
    await eventually(() => expect(option(panel, 'Euler a')).toBeDefined());
    expect(option(panel, 'Heun')).toBeUndefined();
    press(link(panel, 'More…'));
    await eventually(() => expect(option(panel, 'Heun')).toBeDefined());
    press(option(panel, 'DDIM'));
    await eventually(() => expect(choice(panel, 'Sampler')?.textContent).toContain('DDIM'));
    expect(choice(panel, 'Schedule')?.getAttribute('aria-disabled')).toBe('true');
    expect(panel.textContent).toContain('no other schedule fits');
  });

  it('puts styles and a LoRA into the prompt', async () => {
    const lora = { ...checkpoint, id: 'ink', name: 'ink', kind: 'lora' };
    const panel = await openPanel([checkpoint, lora]);
    const promptText = () => Reflect.get(panel.all('sp-textarea')[0] ?? {}, 'value');
    press(link(panel, 'add…'));
    await eventually(() => expect(option(panel, 'ink')).toBeDefined());
    press(option(panel, 'ink'));
    await eventually(() => expect(promptText()).toBe('<lora:ink:1>'));
    press(link(panel, 'styles'));
    await eventually(() => expect(option(panel, '☐ Oil')).toBeDefined());
    press(option(panel, '☐ Oil'));
    await eventually(() => expect(option(panel, '☑ Oil')).toBeDefined());
    press(panel.all('sp-button').find((b) => b.textContent === 'Apply to prompt'));
    await eventually(() => expect(promptText()).toBe('oil painting of <lora:ink:1>'));
    expect(link(panel, '+ what to avoid: photo')).toBeDefined();
  });

  it('sets up a ControlNet with Photoshop’s own tags', async () => {
    const net = { ...checkpoint, id: 'n', name: 'canny-v11', kind: 'controlnet' };
    const panel = await openPanel([checkpoint, net]);
    press(link(panel, '▸ More'));
    await eventually(() => expect(link(panel, '▸ ControlNet')).toBeDefined());
    press(link(panel, '▸ ControlNet'));
    await eventually(() => expect(link(panel, '+ add a ControlNet')).toBeDefined());
    press(link(panel, '+ add a ControlNet'));
    await eventually(() => expect(choice(panel, 'ControlNet 1 model')).toBeDefined());
    press(choice(panel, 'ControlNet 1 model'));
    await eventually(() => expect(option(panel, 'canny-v11')).toBeDefined());
    press(option(panel, 'canny-v11'));
    await eventually(() =>
      expect(choice(panel, 'ControlNet 1 made into')?.textContent).toContain('Edges (canny)'),
    );
    const sight = panel
      .all('sp-dropdown')
      .find((e) => e.getAttribute('aria-label') === 'ControlNet 1 looks at');
    Reflect.set(sight ?? {}, 'selectedIndex', 3);
    sight?.dispatchEvent(new FakeEvent('change'));
    await eventually(() => expect(link(panel, 'choose a picture…')).toBeDefined());
    const switches = panel.all('sp-checkbox').filter((e) => e.textContent === 'keep soft edges');
    Reflect.set(switches[0] ?? {}, 'checked', true);
    switches[0]?.dispatchEvent(new FakeEvent('change', { bubbles: false }));
    await eventually(() => expect(panel.textContent).toContain('Difference contrast'));
  });

  it('reads the recipe of a file that the artist picks', async () => {
    const panel = await openPanel();
    press(link(panel, 'from a picture'));
    await Promise.resolve();
    uxp.chosenFile = { name: 'fisherman.png', bytes: Uint8Array.of(1, 2, 3).buffer };
    press(link(panel, 'from a picture'));
    await eventually(() => expect(panel.textContent).toContain('Recipe of fisherman.png'));
    expect(sent.find(({ path: to }) => to === '/v1/recipes')?.body).toEqual(Uint8Array.of(1, 2, 3));
    expect(panel.textContent).toContain('“dreamshaper_8 [879db523c3]” is not in your library');
    expect(panel.textContent).toContain('There is no second pass.');
    press(panel.all('sp-button').find((b) => b.textContent === 'Use all'));
    await eventually(() => {
      expect(Reflect.get(panel.all('sp-textarea')[0] ?? {}, 'value')).toBe('an old fisherman');
      expect(panel.textContent).toContain('DPM++ 2M SDE SGM Uniform · 28 steps · CFG 5.5');
    });
  });
});

describe('masks in Photoshop', () => {
  const plane = (name: string, value: number) => {
    const data = new Uint8Array(48).fill(value);
    return { name, width: 8, height: 6, channels: 1, depth: 8, data } as const;
  };

  it('are shown small in the panel on request, and read again only when asked', async () => {
    const sent: ReturnType<typeof decodeFrame>[] = [];
    answer = async (request) => {
      const { pathname } = new URL(request.url);
      const bytes = new Uint8Array(await request.arrayBuffer());
      if (pathname === '/v1/status') return json(statusAnswer);
      if (pathname === '/v1/models') return json({ models: [], folders: [] });
      if (pathname === '/v1/samplers') return json(catalogue);
      if (pathname === '/v1/jobs') return json({ jobs: [] });
      if (pathname === '/v1/plan')
        return json({ ...planAnswer, context: { x: 0, y: 0, width: 8, height: 6 } });
      if (pathname === '/v1/masks') {
        sent.push(decodeFrame(bytes));
        const body = { bounds: { x: 3, y: 2, width: 2, height: 1 } };
        const planes = [plane('alpha', 255), plane('denoise', 128)];
        return new Response(encodeFrame({ body, planes }).slice());
      }
      return json({}, 404);
    };
    load();
    const photo = photoshop.layer({
      name: 'Photo',
      pixels: raster({ x: 0, y: 0, width: 8, height: 6 }, 8, 4),
    });
    const document = photoshop.open({ layers: [photo], active: [photo.id] });
    document.selection = coverage({ x: 3, y: 2, width: 2, height: 1 }, () => 180);
    const panel = sandbox.openPanel('pentimento');
    const cell = (words: string) => panel.all('div').find((e) => e.textContent === words);
    const image = () => panel.all('img').find((e) => /seen/.test(e.getAttribute('alt') ?? ''));
    await eventually(() => expect(cell('both')).toBeDefined());
    await eventually(() =>
      expect(find(panel, 'sp-button', 'command')?.hasAttribute('disabled')).toBe(false),
    );
    expect(photoshop.world.modals).toHaveLength(0);
    cell('both')?.dispatchEvent(new FakeEvent('click'));
    await eventually(() => expect(image()?.getAttribute('src')).toMatch(/^data:image\/png/));
    expect(photoshop.world.modals).toHaveLength(1);
    expect(sent[0]?.body).toMatchObject({ kind: 'remove', longestSidePx: 368 });
    const mask = Array.from(sent[0]?.planes[0]?.data ?? []);
    expect(mask.filter((v) => v > 0)).toEqual([180, 180]);

    const feather = panel.all('sp-textfield').find((e) => e.getAttribute('label') === 'Feather');
    Reflect.set(feather ?? {}, 'value', '3');
    feather?.dispatchEvent(new FakeEvent('change', { bubbles: false }));
    const again = () => panel.all('span').find((e) => e.textContent === 'show again');
    await eventually(() => expect(again()).toBeDefined());
    expect(photoshop.world.modals).toHaveLength(1);
    again()?.dispatchEvent(new FakeEvent('click'));
    await eventually(() => expect(sent).toHaveLength(2));
    expect(sent[1]?.body).toMatchObject({ featherPx: 3 });
    await eventually(() => expect(again()).toBeUndefined());
    expect(photoshop.world.modals).toHaveLength(2);
    photoshop.world.listeners.length = 0;
    photoshop.world.checkNothingLeft();
  });
});

const statusAnswer = {
  version: '0.1.0',
  apiVersion: 1,
  device: 'cpu',
  engine: 'idle',
  freeMemoryBytes: 8e9,
  queued: 0,
};

const planAnswer = {
  workingSize: { width: 64, height: 64 },
  scale: 8,
  steps: 1,
  notes: [],
};

function resultInfo(result: ReturnType<typeof picture>) {
  return {
    id: 'result1',
    jobId: 'job1',
    index: 0,
    bounds: result.bounds,
    recipe: result.recipe,
    sha256: '0'.repeat(64),
    sizeBytes: 100,
  };
}
