import { describe, expect, it } from 'vitest';
import { PentimentoError } from '../../../shared/errors.ts';
import {
  makeResidents,
  weightBytesOf,
  type MemoryLimits,
} from '../../../service/engine/networks/residentNetworks.ts';

const names = ['text', 'unet', 'vae'] as const;
type Name = (typeof names)[number];

/** Networks of 10 bytes each. */
function residents(limits: Partial<MemoryLimits>) {
  const disposed: Name[] = [];
  const network = (name: Name) => ({
    weightBytes: 10,
    dispose: async () => void disposed.push(name),
  });
  const { run } = makeResidents(
    { text: network('text'), unet: network('unet'), vae: network('vae') },
    { lowMemory: false, spareBytes: () => Infinity, ...limits },
  );
  const touch = (name: Name, workBytes = 0) => run(name, workBytes, async () => name);
  return { run, touch, disposed };
}

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
    await touch('unet', 5);
    expect(disposed).toEqual([]);
    await touch('unet', 6);
    expect(disposed).toEqual(['text']);
  });

  it('are there one at a time in low-memory mode', async () => {
    const { touch, disposed } = residents({ lowMemory: true });
    for (const name of ['text', 'vae', 'unet', 'unet', 'vae'] as const) await touch(name);
    expect(disposed).toEqual(['text', 'vae', 'unet']);
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
