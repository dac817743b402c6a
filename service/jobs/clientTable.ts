/** Who may talk: clients and their tokens. Only the SHA-256 of a token is ever stored. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { newId } from './ids.ts';
import type { Store } from './store.ts';

export interface Client {
  readonly id: string;
  readonly name: string;
  /** A program of the same user (it could read the token file): sees every client's jobs. */
  readonly owner: boolean;
}

const Row = z.object({
  hash: z.instanceof(Uint8Array),
  id: z.string(),
  name: z.string(),
  owner: z.number(),
  used_at: z.number().nullable(),
});

export class ClientTable {
  readonly #store: Store;
  readonly #wallMs: () => number;

  constructor(store: Store, wallMs: () => number) {
    this.#store = store;
    this.#wallMs = wallMs;
  }

  /**
   * A new token for the client of that name (made when there is none): a panel that pairs again
   * keeps its history. 256 random bits, base64url. `isOnly`: its earlier tokens stop working.
   */
  issue(
    name: string,
    options: { owner: boolean; isOnly?: boolean } = { owner: false },
  ): { token: string; client: Client } {
    const token = randomBytes(32).toString('base64url');
    const client = this.#store.transact(() => {
      const found = this.#byName(name, options.owner);
      if (options.isOnly === true) {
        this.#store.db.prepare('DELETE FROM tokens WHERE client_id = ?').run(found.id);
      }
      this.#store.db
        .prepare('INSERT INTO tokens (hash, client_id, created_at) VALUES (?, ?, ?)')
        .run(hashOf(token), found.id, this.#wallMs());
      return found;
    });
    return { token, client };
  }

  /** The client a token belongs to, or undefined. */
  find(token: string): Client | undefined {
    const hash = hashOf(token);
    const found: unknown = this.#store.db
      .prepare(
        `SELECT t.hash, t.used_at, c.id, c.name, c.owner FROM tokens t
         JOIN clients c ON c.id = t.client_id WHERE t.hash = ?`,
      )
      .get(hash);
    if (found === undefined) return undefined;
    const row = Row.parse(found);
    if (!timingSafeEqual(row.hash, hash)) return undefined;
    this.#touch(hash, row.used_at);
    return { id: row.id, name: row.name, owner: row.owner === 1 };
  }

  /** Every token of a client stops working at once. */
  revoke(clientId: string): void {
    this.#store.transact(() =>
      this.#store.db.prepare('DELETE FROM tokens WHERE client_id = ?').run(clientId),
    );
  }

  #byName(name: string, owner: boolean): Client {
    // The owner's name cannot be taken by pairing: it would see every client's jobs.
    const stored = owner ? name : `paired:${name}`;
    const { db } = this.#store;
    const existing = z
      .object({ id: z.string() })
      .optional()
      .parse(db.prepare('SELECT id FROM clients WHERE name = ?').get(stored));
    if (existing) return { id: existing.id, name: stored, owner };
    const id = newId('client', this.#wallMs());
    db.prepare('INSERT INTO clients (id, name, owner, created_at) VALUES (?, ?, ?, ?)').run(
      id,
      stored,
      owner ? 1 : 0,
      this.#wallMs(),
    );
    return { id, name: stored, owner };
  }

  /** Once a day is enough to see which pairings are alive, and spares a sync per request. */
  #touch(hash: Buffer, usedAt: number | null): void {
    const now = this.#wallMs();
    if (usedAt !== null && Math.abs(now - usedAt) < 86_400_000) return;
    try {
      this.#store.db.prepare('UPDATE tokens SET used_at = ? WHERE hash = ?').run(now, hash);
    } catch {
      // A full disk must not lock anybody out.
    }
  }
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}
