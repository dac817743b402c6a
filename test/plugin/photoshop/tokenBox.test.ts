import { describe, expect, it } from 'vitest';
import { openTokenBox } from '../../../plugin/host/photoshop/tokenBox.ts';
import { FakeSecureStorage } from '../../fakes/uxp.ts';

async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('pairing token', () => {
  it('is found again by the next session', async () => {
    const storage = new FakeSecureStorage();
    const first = await openTokenBox(storage);
    expect(first.get()).toBeUndefined();
    first.set('pnt_é漢🙂');
    expect(first.get()).toBe('pnt_é漢🙂');
    await settled();
    expect((await openTokenBox(storage)).get()).toBe('pnt_é漢🙂');
  });

  it('is forgotten when it is taken away, in the order of the calls', async () => {
    const storage = new FakeSecureStorage();
    const box = await openTokenBox(storage);
    box.set('one');
    box.set('two');
    box.set(undefined);
    expect(box.get()).toBeUndefined();
    await settled();
    expect((await openTokenBox(storage)).get()).toBeUndefined();
    box.set('');
    box.set('three');
    await settled();
    expect((await openTokenBox(storage)).get()).toBe('three');
  });

  it('lasts for the session when the storage refuses', async () => {
    const storage = new FakeSecureStorage();
    storage.refuses = true;
    const box = await openTokenBox(storage);
    box.set('token');
    await settled();
    expect(box.get()).toBe('token');
  });
});
