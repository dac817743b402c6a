import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PentimentoError } from '../../../shared/errors.ts';
import { inModal } from '../../../plugin/host/photoshop/inModal.ts';
import { createFakePhotoshop, type FakePhotoshop } from '../../fakes/photoshop.ts';

let fake: FakePhotoshop;
beforeEach(() => {
  vi.useFakeTimers();
  fake = createFakePhotoshop();
});
afterEach(() => {
  vi.useRealTimers();
  fake.world.checkNothingLeft();
});

const options = { commandName: 'Test', waitMs: 1000 };

describe('inModal', () => {
  it('waits for another modal to end', async () => {
    fake.world.busyAttempts = 3;
    const work = vi.fn(async () => 42);
    const result = inModal(fake.api, work, options);
    await vi.runAllTimersAsync();
    expect(await result).toBe(42);
    expect(work).toHaveBeenCalledTimes(1);
  });

  it('gives up with E_HOST_BUSY when it does not end in time', async () => {
    fake.world.busyAttempts = 1000;
    const result = inModal(fake.api, async () => 42, options).catch((e: unknown) => e);
    const started = Date.now();
    await vi.runAllTimersAsync();
    expect(await result).toMatchObject({ code: 'E_HOST_BUSY' });
    expect(Date.now() - started).toBeLessThan(2000);
  });

  it('never runs work again that was under way, whatever its error number', async () => {
    const work = vi.fn(async () => {
      throw Object.assign(new Error('nested'), { number: 9 });
    });
    const result = inModal(fake.api, work, options).catch((e: unknown) => e);
    await vi.runAllTimersAsync();
    expect(await result).toMatchObject({ code: 'E_HOST_FAILED' });
    expect(work).toHaveBeenCalledTimes(1);
  });

  it('passes errors of our own through', async () => {
    const work = () => Promise.reject(new PentimentoError('E_HOST_MODE'));
    await expect(inModal(fake.api, work, options)).rejects.toMatchObject({ code: 'E_HOST_MODE' });
  });
});
