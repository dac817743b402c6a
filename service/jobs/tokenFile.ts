/** The token of this user's own programs (command line): a file only they can read. */
import { chmodSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientTable } from './clientTable.ts';
import type { Log } from './logFile.ts';

const ownerName = 'this computer';

/**
 * Makes `token` in the data folder at the first start, and again when it was readable by others or is
 * unknown to the database. Throws what the disk says.
 */
export function ensureTokenFile(dataDir: string, clients: ClientTable, log: Log): void {
  const path = join(dataDir, 'token');
  const found = statSync(path, { throwIfNoEntry: false });
  if (found) {
    const isPrivate = process.platform === 'win32' || (found.mode & 0o077) === 0;
    const client = isPrivate ? clients.find(readFileSync(path, 'utf8').trim()) : undefined;
    if (client?.owner) return;
    log('token file replaced', { isPrivate });
    unlinkSync(path);
  }
  const { token, client } = clients.issue(ownerName, { owner: true, isOnly: true });
  writeFileSync(path, `${token}\n`, { flag: 'wx', mode: 0o600 });
  chmodSync(path, 0o600);
  log('token file made', { client: client.id });
}
