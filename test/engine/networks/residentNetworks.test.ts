import { describe, expect, it } from 'vitest';
import { PentimentoError } from '../../../shared/errors.ts';
import {
  makeResidents,
  weightBytesOf,
  type MemoryLimits,
  type Resident,
  type ResidentNetwork,
} from '../../../service/engine/networks/residentNetworks.ts';

type Kind = ResidentNetwork['kind'];

/** Networks of 10 bytes each, and what was disposed of. */
function memoryWith(limits: Partial<MemoryLimits>) {
  const disposed: string[] = [];
  const { add, spareBytes } = makeResidents({
    lowMemory: false,
    spareBytes: () => Infinity,
    ...limits,
  });
  const place = (name: string, kind: Kind, keepsWork = false): Resident =>
    add({ kind, weightBytes: 10, keepsWork, dispose: async () => void disposed.push(name) });
  return { place, disposed, spareBytes };
}

function residents(limits: Partial<MemoryLimits>) {
  const { place, ...rest } = memoryWith(limits);
  const networks = {
    text: place('text', 'text'),
    unet: place('unet', 'unet', true),
    vae: place('vae', 'vae'),
  };
  type Name = keyof typeof networks;
  const run = <T>(name: Name, workBytes: number, work: () => Promise<T>) =>
    networks[name].run(workBytes, work);
  const touch = (name: Name, workBytes = 0) => run(name, workBytes, async () => name);
  return { run, touch, place, ...rest };
}

const names = ['text', 'unet', 'vae'] as const;

describe('networks in memory', () => {
  it('all stay while there is room', async () => {
    const { touch, disposed } = residents({ spareBytes: () => 15 });
    for (const name of [...names, ...names]) await expect(touch(name)).resolves.toBe(name);
    expect(disposed).toEqual([]);
  });

  it('make room for one that does not fit, with its work', async () => {
    const { touch, disposed } = residents({ spareBytes: () => 15 });
    await touch('text');
    await touch('unet', 5);
    expect(disposed).toEqual([]);
    await touch('vae', 6);
    expect(disposed).toEqual(['text', 'unet']);
  });

  it('are not asked to make room twice for the same work', async () => {
    let spare = 20;
    const { touch, disposed } = residents({ spareBytes: () => spare });
    await touch('text');
    await touch('unet', 5);
    // What the work took the first time is its own now.
    spare = 2;
    await touch('unet', 7);
    expect(disposed).toEqual([]);
    await touch('unet', 10);
    expect(disposed).toEqual(['text']);
  });

  it('are there one at a time in low-memory mode', async () => {
    const { touch, disposed } = residents({ lowMemory: true });
    for (const name of ['text', 'vae', 'unet', 'unet', 'vae'] as const) await touch(name);
    expect(disposed).toEqual(['text', 'vae', 'unet']);
  });

  it('of one step stay together in low-memory mode: a UNet and its ControlNets', async () => {
    const { touch, place, disposed } = residents({ lowMemory: true });
    const controls = [place('lines', 'controlnet'), place('depth', 'controlnet')];
    await touch('text');
    for (let step = 0; step < 2; step++) {
      for (const net of controls) await net.run(0, async () => undefined);
      await touch('unet');
    }
    expect(disposed).toEqual(['text']);
    const second = place('refiner', 'unet');
    await second.run(0, async () => undefined);
    expect(disposed).toEqual(['text', 'unet']);
    await touch('vae');
    expect(disposed).toEqual(['text', 'unet', 'lines', 'depth', 'refiner']);
  });
});

describe('a budget', () => {
  it('is shared by all models; what was used longest ago goes first, and only as much as need be', async () => {
    const { touch, place, disposed } = residents({ budgetBytes: 35 });
    const other = place('other unet', 'unet', true);
    await touch('text');
    await touch('unet', 5);
    await touch('text');
    await other.run(5, async () => undefined);
    expect(disposed).toEqual(['unet']);
    await touch('vae', 1);
    expect(disposed).toEqual(['unet', 'text']);
    await touch('vae', 10);
    expect(disposed).toEqual(['unet', 'text']);
    await touch('vae', 11);
    expect(disposed).toEqual(['unet', 'text', 'other unet']);
  });

  it('too small for one network lets it run alone', async () => {
    const { touch, disposed, spareBytes } = residents({ budgetBytes: 5 });
    for (const name of names) await touch(name);
    expect(disposed).toEqual(['text', 'unet']);
    expect(spareBytes()).toBe(0);
  });

  it('leaves for work what networks and their kept results do not take', async () => {
    let free = Infinity;
    const { touch, spareBytes } = residents({ budgetBytes: 100, spareBytes: () => free });
    expect(spareBytes()).toBe(100);
    await touch('unet', 30);
    await touch('unet', 20);
    await touch('vae', 40);
    expect(spareBytes()).toBe(100 - 40 - 10);
    free = 7;
    expect(spareBytes()).toBe(7);
  });

  it('does not count networks that have left', async () => {
    const { touch, place, disposed } = residents({ budgetBytes: 20 });
    const closed = place('closed', 'upscaler');
    await closed.run(0, async () => undefined);
    await touch('unet');
    await closed.leave();
    await touch('vae');
    expect(disposed).toEqual(['closed']);
  });
});

describe('a device whose memory is full', () => {
  const failing = (times: number, error = new PentimentoError('E_MEMORY')) => {
    let calls = 0;
    return async () => {
      calls++;
      if (calls <= times) throw error;
      return calls;
    };
  };

  it('is freed of the other networks, and tried once more', async () => {
    const { run, touch, disposed } = residents({});
    await touch('text');
    await touch('unet');
    await expect(run('vae', 0, failing(1))).resolves.toBe(2);
    expect(disposed).toEqual(['text', 'unet']);
  });

  it('says so when that was not enough, or nothing else was there', async () => {
    const first = residents({});
    await first.touch('text');
    await expect(first.run('unet', 0, failing(2))).rejects.toMatchObject({ code: 'E_MEMORY' });
    const alone = residents({});
    await expect(alone.run('unet', 0, failing(1))).rejects.toMatchObject({ code: 'E_MEMORY' });
  });

  it('is told apart from other failures', async () => {
    const { run, touch, disposed } = residents({});
    await touch('text');
    const broken = failing(1, new PentimentoError('E_DEVICE'));
    await expect(run('unet', 0, broken)).rejects.toMatchObject({ code: 'E_DEVICE' });
    expect(disposed).toEqual([]);
  });
});

describe('the weights of a network', () => {
  it('are counted in the number format of the device', () => {
    const stored = { file: '/m', dtype: 'F16', begin: 0, end: 0 } as const;
    const weights = new Map([
      ['a', { ...stored, shape: [4, 3, 3, 3] }],
      ['b', { ...stored, shape: [4] }],
    ]);
    expect(weightBytesOf(weights, 'float32')).toBe(4 * 112);
    expect(weightBytesOf(weights, 'float16')).toBe(2 * 112);
  });
});
