import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HostState } from '../../../plugin/host/host.ts';
import { createPhotoshopHost } from '../../../plugin/host/photoshop/photoshopHost.ts';
import { createFakePhotoshop, type FakePhotoshop } from '../../fakes/photoshop.ts';
import { coverage, raster } from './scene.ts';

let fake: FakePhotoshop;
let seen: HostState[];
let stop: () => void;
beforeEach(async () => {
  vi.useFakeTimers();
  fake = createFakePhotoshop();
  seen = [];
  stop = createPhotoshopHost(fake.api).watch((state) => seen.push(state));
  await vi.advanceTimersByTimeAsync(0);
});
afterEach(async () => {
  stop();
  await vi.advanceTimersByTimeAsync(0);
  vi.useRealTimers();
  fake.world.checkNothingLeft();
});

const canvas = { x: 0, y: 0, width: 8, height: 6 };
function openPhoto() {
  const layer = fake.layer({ name: 'Photo', pixels: raster(canvas, 8, 4) });
  return fake.open({ title: 'photo.psd', layers: [layer], active: [layer.id] });
}

describe('watch', () => {
  it('tells at once what there is', () => {
    expect(seen).toHaveLength(1);
    expect(seen[0]?.document).toBeUndefined();
  });

  it('tells 150 ms after the last of many events, once', async () => {
    const document = openPhoto();
    fake.world.emit('open');
    await vi.advanceTimersByTimeAsync(100);
    document.selection = coverage({ x: 1, y: 1, width: 3, height: 2 }, () => 255);
    fake.world.emit('set');
    fake.world.emit('historyStateChanged');
    await vi.advanceTimersByTimeAsync(140);
    expect(seen).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(20);
    expect(seen).toHaveLength(2);
    expect(seen[1]).toMatchObject({
      document: { name: 'photo.psd', mode: 'rgb', depth: 8, layer: { name: 'Photo' } },
      layerBounds: canvas,
      selectionBounds: { x: 1, y: 1, width: 3, height: 2 },
    });
  });

  it('tells nothing when an event changed nothing', async () => {
    openPhoto();
    fake.world.emit('open');
    await vi.advanceTimersByTimeAsync(200);
    fake.world.emit('select');
    await vi.advanceTimersByTimeAsync(200);
    expect(seen).toHaveLength(2);
  });

  it('notices a change that no event told about', async () => {
    const document = openPhoto();
    fake.world.emit('open');
    await vi.advanceTimersByTimeAsync(200);
    document.selection = coverage({ x: 2, y: 2, width: 2, height: 2 }, () => 255);
    await vi.advanceTimersByTimeAsync(2000);
    expect(seen.at(-1)?.selectionBounds).toEqual({ x: 2, y: 2, width: 2, height: 2 });
  });

  it('cuts the selection to the canvas and says nothing is selected beside it', async () => {
    const document = openPhoto();
    document.selection = coverage({ x: -2, y: -2, width: 5, height: 5 }, () => 255);
    fake.world.emit('set');
    await vi.advanceTimersByTimeAsync(200);
    expect(seen.at(-1)?.selectionBounds).toEqual({ x: 0, y: 0, width: 3, height: 3 });
    document.selection = coverage({ x: 20, y: 20, width: 5, height: 5 }, () => 255);
    fake.world.emit('set');
    await vi.advanceTimersByTimeAsync(200);
    expect(seen.at(-1)?.selectionBounds).toBeUndefined();
  });

  it('says why a document cannot be worked on', async () => {
    const document = openPhoto();
    document.quickMask = true;
    document.selection = coverage({ x: 0, y: 0, width: 2, height: 2 }, () => 255);
    fake.world.emit('set');
    await vi.advanceTimersByTimeAsync(200);
    expect(seen.at(-1)?.note).toMatch(/Quick Mask/);
    expect(seen.at(-1)?.selectionBounds).toBeUndefined();
    document.mode = 'indexedColorMode';
    fake.world.emit('convertMode');
    await vi.advanceTimersByTimeAsync(200);
    expect(seen.at(-1)).toMatchObject({ document: undefined, note: expect.stringMatching(/RGB/) });
  });

  it('keeps what it knew while a document closes under it, then sees it gone', async () => {
    openPhoto();
    fake.world.emit('open');
    await vi.advanceTimersByTimeAsync(200);
    fake.world.documents = [];
    fake.world.emit('close');
    await vi.advanceTimersByTimeAsync(200);
    expect(seen.at(-1)?.document?.name).toBe('photo.psd');
    fake.world.frontId = undefined;
    fake.world.emit('close');
    await vi.advanceTimersByTimeAsync(200);
    expect(seen.at(-1)?.document).toBeUndefined();
  });

  it('never enters a modal scope and never writes', async () => {
    const document = openPhoto();
    fake.world.emit('open');
    await vi.advanceTimersByTimeAsync(5000);
    expect(fake.world.modals).toEqual([]);
    expect(document.history).toEqual(['Open']);
  });

  it('removes its listeners and timers when stopped, even before they were added', async () => {
    stop();
    await vi.advanceTimersByTimeAsync(0);
    fake.world.checkNothingLeft();
    const count = seen.length;
    openPhoto();
    fake.world.emit('open');
    await vi.advanceTimersByTimeAsync(5000);
    expect(seen).toHaveLength(count);
    expect(vi.getTimerCount()).toBe(0);
    const stopAtOnce = createPhotoshopHost(fake.api).watch(() => undefined);
    stopAtOnce();
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
    stop = () => undefined;
  });
});
