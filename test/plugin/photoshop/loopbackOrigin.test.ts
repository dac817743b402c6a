import { describe, expect, it } from 'vitest';
import { loopbackOrigin } from '../../../plugin/host/photoshop/loopbackOrigin.ts';
import { pause } from '../../../plugin/pause.ts';

const down = () => Promise.reject(new TypeError('Network request failed'));

describe('loopbackOrigin', () => {
  it('begins with 127.0.0.1 and tries the other name after each failure', async () => {
    const origin = loopbackOrigin(down);
    const names: string[] = [];
    for (let i = 0; i < 3; i++) {
      names.push(origin.baseUrl);
      await expect(origin.fetch(new Request(`${origin.baseUrl}/healthz`))).rejects.toThrow();
    }
    expect(names.map((name) => new URL(name).hostname)).toEqual([
      '127.0.0.1',
      'localhost',
      '127.0.0.1',
    ]);
  });

  it('stays with the name that has answered, also while the service is away', async () => {
    let isUp = false;
    const origin = loopbackOrigin(() => (isUp ? Promise.resolve(new Response()) : down()));
    const call = () =>
      origin.fetch(new Request(`${origin.baseUrl}/healthz`)).catch(() => undefined);
    await call();
    isUp = true;
    await call();
    isUp = false;
    await call();
    expect(origin.baseUrl).toContain('localhost');
  });

  it('does not change the name for a request that was given up', async () => {
    const stop = new AbortController();
    const origin = loopbackOrigin(down);
    stop.abort();
    const request = new Request(`${origin.baseUrl}/healthz`, { signal: stop.signal });
    await expect(origin.fetch(request)).rejects.toThrow();
    expect(origin.baseUrl).toContain('127.0.0.1');
  });

  it('changes it once for requests that failed together', async () => {
    const origin = loopbackOrigin(down);
    const request = () => origin.fetch(new Request(`${origin.baseUrl}/healthz`)).catch(() => 0);
    await Promise.all([request(), request()]);
    expect(origin.baseUrl).toContain('localhost');
  });
});

describe('pause', () => {
  it('ends early when the signal fires, and at once when it has fired', async () => {
    const stop = new AbortController();
    const long = pause(60_000, stop.signal);
    stop.abort();
    await long;
    await pause(60_000, stop.signal);
    await pause(1, new AbortController().signal);
  });
});
