/** What the command line asks the service. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Status } from '../../shared/api.ts';
import { makeClient } from '../../service/cli/client.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const status: Status = {
  version: '0.1.0',
  apiVersion: 1,
  device: 'cpu',
  engine: 'idle',
  freeMemoryBytes: 6e9,
  queued: 0,
};

describe('a client of the service', () => {
  it('asks on no connection that may have been closed while it worked', async () => {
    const used = new Set<Socket>();
    server = createServer(({ socket }, response) => {
      // As one that the service closed a moment ago.
      if (used.has(socket)) socket.destroy();
      else response.end(JSON.stringify(status));
      used.add(socket);
    });
    await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const client = makeClient(`http://127.0.0.1:${port}`, 'token');
    for (let i = 0; i < 3; i++) expect(await client.status()).toEqual(status);
    expect(used.size).toBe(3);
  });
});
