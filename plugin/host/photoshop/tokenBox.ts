/** The pairing token in UXP's encrypted storage, held in memory so that requests need not wait. */
import { utf8Decode } from '../../../shared/utf8.ts';
import type { UxpSecureStorage } from './uxpApi.ts';

/** What the service client asks for its token. */
export interface StoredTokenBox {
  get(): string | undefined;
  set(token: string | undefined): void;
}

const tokenKey = 'pentimento.token';

/**
 * Reads the stored token. Never throws: UXP's storage is a cache that may be lost or refuse, and
 * pairing once more repairs that; without storage the panel stays paired until it is closed.
 */
export async function openTokenBox(storage: UxpSecureStorage): Promise<StoredTokenBox> {
  let token = await readToken(storage);
  /** Writes follow each other, so that the last one set is the one kept. */
  let writing = Promise.resolve();
  return {
    get: () => token,
    set: (next) => {
      token = next;
      writing = writing.then(() => writeToken(storage, next));
    },
  };
}

async function readToken(storage: UxpSecureStorage): Promise<string | undefined> {
  try {
    const bytes = await storage.getItem(tokenKey);
    return bytes && bytes.length > 0 ? utf8Decode(new Uint8Array(bytes)) : undefined;
  } catch {
    return undefined;
  }
}

async function writeToken(storage: UxpSecureStorage, token: string | undefined): Promise<void> {
  try {
    // setItem rejects an empty value.
    if (token) await storage.setItem(tokenKey, token);
    else await storage.removeItem(tokenKey);
  } catch {
    return;
  }
}
