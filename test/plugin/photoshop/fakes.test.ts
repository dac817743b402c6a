/** The fakes have to refuse what Photoshop refuses, or the other tests prove nothing. */
import { beforeEach, describe, expect, it } from 'vitest';
import manifest from '../../../manifest.json' with { type: 'json' };
import { createFakePhotoshop, type FakePhotoshop } from '../../fakes/photoshop.ts';
import { createFakeUxp } from '../../fakes/uxp.ts';
import { createUxpSandbox } from '../../fakes/uxpSandbox.ts';
import { coverage, raster } from './scene.ts';

let fake: FakePhotoshop;
beforeEach(() => {
  fake = createFakePhotoshop();
});

const canvas = { x: 0, y: 0, width: 8, height: 6 };
const bounds = { left: 0, top: 0, right: 8, bottom: 6 };

function openPhoto() {
  const layer = fake.layer({ pixels: raster(canvas, 8, 4) });
  const document = fake.open({ layers: [layer], active: [layer.id] });
  return { document, layer, address: { documentID: document.id, layerID: layer.id } };
}

const modally = <T>(work: () => Promise<T>) =>
  fake.api.core.executeAsModal(work, { commandName: 'Test' });

const gray = { components: 1, colorSpace: 'Grayscale', chunky: true, fullRange: false } as const;
const rgba = { components: 4, colorSpace: 'RGB', chunky: true, fullRange: false } as const;

describe('fake Photoshop', () => {
  it('refuses imaging and changes outside a modal scope', async () => {
    const { document, layer, address } = openPhoto();
    const { imaging, app, action } = fake.api;
    document.selection = coverage(canvas, () => 255);
    await expect(imaging.getPixels({ ...address, sourceBounds: bounds })).rejects.toThrow(/modal/);
    await expect(
      imaging.getSelection({ documentID: document.id, sourceBounds: bounds }),
    ).rejects.toThrow(/modal/);
    await expect(app.activeDocument?.createPixelLayer({ name: 'x' })).rejects.toThrow(/modal/);
    await expect(action.batchPlay([{ _obj: 'selectNoLayers' }], {})).rejects.toThrow(/modal/);
    const proxy = app.activeDocument?.layers[0];
    expect(() => {
      if (proxy) proxy.visible = false;
    }).toThrow(/modal/);
    expect(layer.visible).toBe(true);
  });

  it('refuses a call that outlives its scope', async () => {
    const { address } = openPhoto();
    let late: Promise<unknown> = Promise.resolve();
    await modally(async () => {
      late = fake.api.imaging.getPixels({ ...address, sourceBounds: bounds });
    });
    await expect(late).rejects.toThrow(/modal/);
  });

  it('notices images that nobody disposed of, and use after disposal', async () => {
    const { address } = openPhoto();
    await modally(async () => {
      const { imageData } = await fake.api.imaging.getPixels({ ...address, sourceBounds: bounds });
      expect(() => fake.world.checkNothingLeft()).toThrow(/not disposed/);
      imageData.dispose();
      await expect(imageData.getData({ chunky: true, fullRange: true })).rejects.toThrow(/dispose/);
      expect(() => imageData.dispose()).toThrow(/twice/);
    });
    fake.world.checkNothingLeft();
  });

  it('refuses wrong lengths, components, color spaces and depths', async () => {
    const { address } = openPhoto();
    const { imaging } = fake.api;
    const size = { width: 2, height: 2 };
    const at = { left: 0, top: 0 };
    await modally(async () => {
      await expect(
        imaging.createImageDataFromBuffer(new Uint8Array(15), { ...size, ...rgba }),
      ).rejects.toThrow(/width x height/);
      await expect(
        imaging.createImageDataFromBuffer(new Uint16Array(4).fill(65535), { ...size, ...gray }),
      ).rejects.toThrow(/32768/);
      const color = await imaging.createImageDataFromBuffer(new Uint8Array(16), {
        ...size,
        ...rgba,
      });
      const deep = await imaging.createImageDataFromBuffer(new Uint16Array(16), {
        ...size,
        ...rgba,
      });
      const put = { ...address, replace: true, targetBounds: at };
      await expect(
        imaging.putLayerMask({ ...put, kind: 'user', imageData: color }),
      ).rejects.toThrow(/grayscale/);
      await expect(imaging.putPixels({ ...put, imageData: deep })).rejects.toThrow(
        /component size/,
      );
      color.dispose();
      deep.dispose();
    });
  });

  it('hands out 16-bit data in Photoshop’s own range unless the full one is asked for', async () => {
    const layer = fake.layer({ pixels: raster(canvas, 16, 4) });
    const document = fake.open({ depth: 16, layers: [layer] });
    await modally(async () => {
      const options = { documentID: document.id, layerID: layer.id, sourceBounds: bounds };
      const { imageData } = await fake.api.imaging.getPixels(options);
      expect((await imageData.getData({ chunky: true, fullRange: false }))[3]).toBe(32768);
      expect((await imageData.getData({ chunky: true, fullRange: true }))[3]).toBe(65535);
      imageData.dispose();
    });
  });

  it('refuses to read a selection that is not there', async () => {
    const { document } = openPhoto();
    await modally(() =>
      expect(
        fake.api.imaging.getSelection({ documentID: document.id, sourceBounds: bounds }),
      ).rejects.toThrow(/nothing is selected/),
    );
  });

  it('is busy with number 9', async () => {
    fake.world.busyAttempts = 1;
    await expect(modally(async () => 1)).rejects.toMatchObject({ number: 9 });
    expect(await modally(async () => 1)).toBe(1);
  });

  it('takes a suspended history back after an exception and commits it after success', async () => {
    const { document } = openPhoto();
    const change = (ends: () => void) =>
      fake.api.core.executeAsModal(
        async ({ hostControl }) => {
          await hostControl.suspendHistory({ documentID: document.id, name: 'Step' });
          await fake.api.app.activeDocument?.createPixelLayer({ name: 'New' });
          ends();
        },
        { commandName: 'Test' },
      );
    await expect(
      change(() => {
        throw new Error('stop');
      }),
    ).rejects.toThrow('stop');
    expect(fake.world.document(document.id).layers).toHaveLength(1);
    expect(fake.world.document(document.id).history).toEqual(['Open']);
    await change(() => undefined);
    expect(fake.world.document(document.id).history).toEqual(['Open', 'Step']);
  });

  it('resolves with error objects where a command fails', async () => {
    openPhoto();
    const results = await modally(() => fake.api.action.batchPlay([{ _obj: 'explode' }], {}));
    expect(results[0]).toMatchObject({ _obj: 'error' });
  });

  it('lets proxies of closed documents and deleted layers throw', () => {
    const { document } = openPhoto();
    const proxy = fake.api.app.activeDocument;
    const layer = proxy?.layers[0];
    document.layers = [];
    expect(() => layer?.name).toThrow(/stale/);
    fake.world.documents = [];
    expect(() => proxy?.width).toThrow(/stale/);
  });

  it('silences notifications while a plugin is modal', async () => {
    let heard = 0;
    const listener = () => heard++;
    await fake.api.action.addNotificationListener(['select'], listener);
    await modally(async () => fake.world.emit('select'));
    expect(heard).toBe(0);
    fake.world.emit('select');
    expect(heard).toBe(1);
    expect(() => fake.world.checkNothingLeft()).toThrow(/listeners/);
  });
});

describe('fake UXP', () => {
  const panels = { pentimento: { create: () => undefined } };
  const uxpAt = (times: number[]) =>
    createFakeUxp({
      manifest,
      isModal: () => fake.world.modalDepth > 0,
      answer: async () => new Response('ok'),
      now: () => times.shift() ?? 0,
    });

  it('refuses a setup that comes late, twice, after the script, or for an unknown panel', () => {
    expect(() => uxpAt([0, 21]).module.entrypoints.setup({ panels })).toThrow(/after 21 ms/);
    const twice = uxpAt([]);
    twice.module.entrypoints.setup({ panels });
    expect(() => twice.module.entrypoints.setup({ panels })).toThrow(/twice/);
    expect(() => uxpAt([]).scriptEnded()).toThrow(/not called/);
    const late = uxpAt([]);
    expect(() => late.scriptEnded()).toThrow();
    expect(() => late.module.entrypoints.setup({ panels })).toThrow(/script had ended/);
    const unknown = { other: panels.pentimento };
    expect(() => uxpAt([]).module.entrypoints.setup({ panels: unknown })).toThrow(/no panel/);
  });

  it('refuses a handler that takes longer than 300 ms', () => {
    const uxp = uxpAt([0, 1, 10, 400]);
    uxp.module.entrypoints.setup({ panels });
    expect(() => uxp.openPanel('pentimento', {} as HTMLElement)).toThrow(/390 ms/);
  });

  it('lets requests through to listed origins only, and none inside a modal scope', async () => {
    const uxp = uxpAt([]);
    await expect(uxp.fetch(new Request('http://127.0.0.1:8188/x'))).rejects.toThrow(/Permission/);
    await expect(uxp.fetch(new Request('https://127.0.0.1:47860/x'))).rejects.toThrow(/Permission/);
    expect((await uxp.fetch(new Request('http://127.0.0.1:47860/x'))).ok).toBe(true);
    await modally(() =>
      expect(uxp.fetch(new Request('http://127.0.0.1:47860/x'))).rejects.toThrow(/modal/),
    );
  });

  it('gives a script only what UXP has', () => {
    const uxp = uxpAt([]);
    const sandbox = createUxpSandbox(fake, uxp);
    const setup = 'require("uxp").entrypoints.setup({ panels: {} });';
    const missing = ['TextDecoder', 'TextEncoder', 'EventSource', 'Worker', 'matchMedia'];
    const tests = [
      ...missing,
      'queueMicrotask',
      'MutationObserver',
      'indexedDB',
      'structuredClone',
    ];
    sandbox.run(
      `${setup} for (const name of ${JSON.stringify(tests)}) if (name in globalThis) throw new Error(name);`,
    );
    for (const code of ['eval("1")', 'new Function("return 1")()', 'require("fs")']) {
      expect(() => sandbox.run(code)).toThrow();
    }
    expect(() => sandbox.run('document.createElement("canvas")')).toThrow(/canvas/);
  });
});
