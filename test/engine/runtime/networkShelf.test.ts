import { describe, expect, it } from 'vitest';
import type { Network } from '../../../service/engine/runtime/network.ts';
import { NetworkShelf } from '../../../service/engine/runtime/networkShelf.ts';

/** Networks that write down when they come and go. */
function recorder(): { log: string[]; load: (name: string) => () => Promise<Network> } {
  const log: string[] = [];
  const load = (name: string) => async (): Promise<Network> => {
    log.push(`load ${name}`);
    return {
      run: async () => ({}),
      dispose: async () => void log.push(`dispose ${name}`),
    };
  };
  return { log, load };
}

describe('NetworkShelf', () => {
  it('loads a network once and makes room before it loads another', async () => {
    const { log, load } = recorder();
    const shelf = new NetworkShelf(2);
    const first = await shelf.take('a', load('a'));
    await shelf.take('b', load('b'));
    expect(await shelf.take('a', load('a'))).toBe(first);
    await shelf.take('c', load('c'));
    expect(log).toEqual(['load a', 'load b', 'dispose b', 'load c']);
  });

  it('keeps working after a load that failed', async () => {
    const { log, load } = recorder();
    const shelf = new NetworkShelf(1);
    await shelf.take('a', load('a'));
    await expect(shelf.take('b', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await shelf.take('c', load('c'));
    await shelf.clear();
    expect(log).toEqual(['load a', 'dispose a', 'load c', 'dispose c']);
  });
});
