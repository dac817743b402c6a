import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { checkedAddress, fileNameOf } from '../../service/library/download/address.ts';
import { catalogueEntry } from '../../service/library/download/catalogue.ts';
import { pullLimits, pullModel } from '../../service/library/download/pullModel.ts';
import { safetensorsFile } from '../fixtures/safetensorsBytes.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';

const root = temporaryFolder();
let count = 0;
const newFolder = () => {
  const folder = join(root, String(count++));
  mkdirSync(folder);
  return folder;
};

/** An embedding: the smallest file that is a model; random so that equal bytes mean the same file. */
function modelBytes(vectors: number): Buffer {
  const shape = [vectors, 768];
  const bytes = randomBytes(vectors * 768);
  const data = Float32Array.from({ length: vectors * 768 }, (_, i) => (bytes[i] ?? 0) / 255);
  return Buffer.from(safetensorsFile(new Map([['emb_params', { dtype: 'F32', shape, data }]])));
}

const model = modelBytes(100);
const sha256 = createHash('sha256').update(model).digest('hex');

type Handler = (request: IncomingMessage, response: ServerResponse, visit: number) => void;
const servers: Server[] = [];

/** A server and the requests it has seen. */
async function serve(handler: Handler) {
  const visits: Array<{ url: string; range: string | undefined; ifRange: string | undefined }> = [];
  const server = createServer((request, response) => {
    const { range, 'if-range': ifRange } = request.headers;
    visits.push({ url: request.url ?? '', range, ifRange: ifRange?.toString() });
    handler(request, response, visits.length);
  });
  servers.push(server);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { base, visits, address: `${base}/style.safetensors` };
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

interface Serving {
  readonly bytes?: Buffer;
  readonly etag?: string | undefined;
  /** Breaks the connection after this many bytes of the answer. */
  readonly cutAfter?: number;
  readonly ignoresRanges?: boolean;
}

/** What the client has of the file it is at. */
let received = 0;

/** A connection that is cut takes with it what the client has not read yet: cuts wait for that. */
function whenReceived(bytes: number, act: () => void): void {
  if (received >= bytes) act();
  else setTimeout(() => whenReceived(bytes, act), 5);
}

/** An honest server's answer, or one that breaks off. */
function answer(request: IncomingMessage, response: ServerResponse, serving: Serving = {}): void {
  const { bytes = model, etag = '"one"', cutAfter, ignoresRanges = false } = serving;
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const proof = request.headers['if-range'];
  const isRange = !ignoresRanges && from > 0 && (proof === undefined || proof === etag);
  if (isRange && from >= bytes.length) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    return;
  }
  const body = isRange ? bytes.subarray(from) : bytes;
  response.writeHead(isRange ? 206 : 200, {
    'content-type': 'application/octet-stream',
    'content-length': body.length,
    ...(etag === '' ? {} : { etag }),
    ...(isRange ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
  });
  if (cutAfter === undefined) response.end(body);
  else {
    response.write(body.subarray(0, cutAfter));
    whenReceived((isRange ? from : 0) + cutAfter, () => response.destroy());
  }
}

function pull(
  address: string,
  folder: string,
  options: { sha256?: string; signal?: AbortSignal; limits?: Partial<typeof pullLimits> } = {},
) {
  const told: Array<[number, number | undefined]> = [];
  received = 0;
  const done = pullModel({
    address,
    folder,
    sha256: options.sha256,
    signal: options.signal ?? new AbortController().signal,
    onProgress: (...progress) => {
      told.push(progress);
      [received] = progress;
    },
    onChecking: () => undefined,
    limits: { ...pullLimits, tries: 3, pauseMs: 1, spareBytes: 0, ...options.limits },
  });
  return Object.assign(done, { told });
}

const filesIn = (folder: string) => readdirSync(folder).sort();

describe('a download', () => {
  it('arrives whole, under its name, and says what it is', async () => {
    const { address } = await serve((request, response) => answer(request, response));
    const folder = newFolder();
    const running = pull(address, folder, { sha256 });
    const pulled = await running;
    expect(pulled).toMatchObject({
      path: join(folder, 'style.safetensors'),
      sha256,
      sizeBytes: model.length,
      wasThere: false,
      model: { kind: 'embedding', family: 'sd1', usable: true },
    });
    expect(readFileSync(pulled.path).equals(model)).toBe(true);
    expect(filesIn(folder)).toEqual(['style.safetensors']);
    expect(running.told.at(-1)).toEqual([model.length, model.length]);
  });

  it('goes on where it was cut, and asks for no byte twice', async () => {
    const cut = 100_000;
    const { address, visits } = await serve((request, response, visit) =>
      answer(request, response, visit < 3 ? { cutAfter: cut } : {}),
    );
    const { path } = await pull(address, newFolder());
    expect(readFileSync(path).equals(model)).toBe(true);
    expect(visits.map(({ range }) => range)).toEqual([
      undefined,
      `bytes=${cut}-`,
      `bytes=${2 * cut}-`,
    ]);
    expect(visits[1]?.ifRange).toBe('"one"');
  });

  it('keeps its part when it is stopped, and goes on in the next run', async () => {
    const stop = new AbortController();
    const { address, visits } = await serve((request, response, visit) => {
      if (visit > 1) return answer(request, response);
      response.writeHead(200, { 'content-length': model.length, etag: '"one"' });
      response.write(model.subarray(0, 70_000));
      whenReceived(70_000, () => stop.abort());
    });
    const folder = newFolder();
    await expect(pull(address, folder, { signal: stop.signal })).rejects.toMatchObject({
      code: 'E_CANCELLED',
    });
    expect(filesIn(folder)).toHaveLength(2);
    expect(filesIn(folder).every((name) => /\.part(\.json)?$/.test(name))).toBe(true);
    const { path } = await pull(address, folder);
    expect(readFileSync(path).equals(model)).toBe(true);
    expect(visits[1]?.range).toBe('bytes=70000-');
    expect(filesIn(folder)).toEqual(['style.safetensors']);
  });

  it('begins again when the server ignores ranges', async () => {
    const { address } = await serve((request, response, visit) =>
      answer(request, response, {
        ignoresRanges: true,
        ...(visit === 1 ? { cutAfter: 5_000 } : {}),
      }),
    );
    expect(readFileSync((await pull(address, newFolder())).path).equals(model)).toBe(true);
  });

  it('begins again when the file changed in between, told by If-Range or only by the answer', async () => {
    const other = modelBytes(90);
    for (const honest of [true, false]) {
      const { address } = await serve((request, response, visit) => {
        if (visit === 1) return answer(request, response, { cutAfter: 9_000 });
        if (!honest && visit === 2) delete request.headers['if-range'];
        return answer(request, response, { bytes: other, etag: '"two"' });
      });
      expect(readFileSync((await pull(address, newFolder())).path).equals(other)).toBe(true);
    }
  });

  it('joins parts without proof only when the hash is known', async () => {
    const start = async (hash?: string) => {
      const { address, visits } = await serve((request, response, visit) =>
        answer(request, response, { etag: '', ...(visit === 1 ? { cutAfter: 9_000 } : {}) }),
      );
      const pulled = await pull(address, newFolder(), hash === undefined ? {} : { sha256: hash });
      expect(readFileSync(pulled.path).equals(model)).toBe(true);
      return visits[1]?.range;
    };
    expect(await start()).toBeUndefined();
    expect(await start(sha256)).toBe('bytes=9000-');
  });

  it('gives up a connection that stalls, and the server that always does', async () => {
    const { address } = await serve((request, response, visit) => {
      if (visit > 1) return answer(request, response);
      response.writeHead(200, { 'content-length': model.length, etag: '"one"' });
      response.write(model.subarray(0, 50_000));
    });
    const impatient = { limits: { stallMs: 1000 } };
    const { path } = await pull(address, newFolder(), impatient);
    expect(readFileSync(path).equals(model)).toBe(true);
    const silent = await serve(() => undefined);
    await expect(pull(silent.address, newFolder(), impatient)).rejects.toMatchObject({
      code: 'E_MODEL_DOWNLOAD',
    });
    expect(silent.visits).toHaveLength(3);
  });

  it('ends when each try brings nothing new', async () => {
    const { address, visits } = await serve((request, response) =>
      answer(request, response, { ignoresRanges: true, cutAfter: 1_000 }),
    );
    await expect(pull(address, newFolder())).rejects.toMatchObject({ code: 'E_MODEL_DOWNLOAD' });
    expect(visits.length).toBeLessThan(6);
  });

  it('does not believe a server that sends more or less than it announced', async () => {
    const { address } = await serve((_request, response, visit) => {
      const length = visit === 1 ? model.length - 10 : model.length;
      response.socket?.end(
        Buffer.concat([
          Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n`),
          model,
        ]),
      );
    });
    // Cut to the shorter length the file is damaged, and its header tells.
    await expect(pull(address, newFolder())).rejects.toMatchObject({ code: 'E_MODEL_DAMAGED' });
    const short = await serve((_request, response) => {
      response.socket?.end(
        Buffer.concat([
          Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${model.length + 10}\r\n\r\n`),
          model,
        ]),
      );
    });
    await expect(pull(short.address, newFolder())).rejects.toMatchObject({
      code: 'E_MODEL_DOWNLOAD',
    });
  });

  it('passes over a server’s passing trouble', async () => {
    const { address, visits } = await serve((request, response, visit) => {
      if (visit < 3) response.writeHead(visit === 1 ? 503 : 429).end();
      else answer(request, response);
    });
    await pull(address, newFolder());
    expect(visits).toHaveLength(3);
  });

  it('finishes a part that was whole already', async () => {
    let isWatched = false;
    const stop = new AbortController();
    const { address, visits } = await serve((request, response) => {
      if (isWatched) return answer(request, response);
      response.writeHead(200, { 'content-length': model.length, etag: '"one"' });
      response.write(model.subarray(0, -1));
      whenReceived(model.length - 1, () => stop.abort());
    });
    const folder = newFolder();
    await expect(pull(address, folder, { signal: stop.signal })).rejects.toThrow();
    isWatched = true;
    const part = filesIn(folder).find((name) => name.endsWith('.part')) ?? '';
    writeFileSync(join(folder, part), model);
    await pull(address, folder);
    expect(visits[1]?.range).toBe(`bytes=${model.length}-`);
    expect(readFileSync(join(folder, 'style.safetensors')).equals(model)).toBe(true);
  });
});

describe('what is refused', () => {
  it('another hash: nothing is kept', async () => {
    const { address } = await serve((request, response) => answer(request, response));
    const folder = newFolder();
    const wrong = 'a'.repeat(64);
    await expect(pull(address, folder, { sha256: wrong })).rejects.toMatchObject({
      code: 'E_MODEL_HASH',
      detail: expect.stringContaining(sha256),
    });
    expect(filesIn(folder)).toEqual([]);
  });

  it.each([
    [404, 'E_MODEL_REFUSED', 'no such file'],
    [401, 'E_MODEL_REFUSED', 'sign in'],
    [418, 'E_MODEL_REFUSED', '418'],
  ])('an answer of status %i', async (status, code, words) => {
    const { address, visits } = await serve((_request, response) =>
      response.writeHead(status).end('no'),
    );
    const failure = expect.stringContaining(words);
    await expect(pull(address, newFolder())).rejects.toMatchObject({ code, detail: failure });
    expect(visits).toHaveLength(1);
  });

  it('a page, a picture and a cut model, each by what it is and by the artist’s own name', async () => {
    const bodies: ReadonlyArray<readonly [type: string, body: Buffer, code: string, says: RegExp]> =
      [
        ['text/html', Buffer.from('<!doctype html>'), 'E_MODEL_REFUSED', /web page/],
        [
          'application/octet-stream',
          Buffer.from('<!doctype html><p>Sign in'),
          'E_MODEL_NOT_SAFETENSORS',
          /^"style\.safetensors": it is a web page/,
        ],
        [
          'image/png',
          Buffer.from('\u0089PNG\r\n\u001a\n0000', 'latin1'),
          'E_MODEL_NOT_SAFETENSORS',
          /picture/,
        ],
        [
          'application/octet-stream',
          model.subarray(0, 2_000),
          'E_MODEL_DAMAGED',
          /style\.safetensors/,
        ],
      ];
    for (const [type, body, code, says] of bodies) {
      const { address } = await serve((_request, response) =>
        response.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body),
      );
      const folder = newFolder();
      await expect(pull(address, folder)).rejects.toMatchObject({
        code,
        detail: expect.stringMatching(says),
      });
      expect(filesIn(folder).filter((name) => !name.includes('.part'))).toEqual([]);
    }
  });

  it('redirects to files, in circles and from https to http; others are followed', async () => {
    const { base, visits } = await serve((request, response) => {
      const to: Record<string, string> = {
        '/a': '/b',
        '/b': '/style.safetensors',
        '/round': '/round',
        '/file': 'file:///etc/passwd',
        '/data': 'data:text/plain,x',
      };
      const location = to[request.url ?? ''];
      if (location === undefined) answer(request, response);
      else response.writeHead(302, { location }).end();
    });
    const folder = newFolder();
    expect((await pull(`${base}/a`, folder)).path).toBe(join(folder, 'style.safetensors'));
    visits.length = 0;
    for (const way of ['round', 'file', 'data']) {
      await expect(pull(`${base}/${way}`, newFolder())).rejects.toMatchObject({
        code: 'E_MODEL_ADDRESS',
      });
    }
    expect(visits.filter(({ url }) => url === '/round')).toHaveLength(11);
    expect(() => checkedAddress('http://a/', new URL('https://b/'))).toThrow(
      /from https: to http:/,
    );
  });

  it.each(['ftp://a/b', 'file:///etc/passwd', 'javascript:0', 'https://me:word@a/b', 'no address'])(
    'the address %s',
    (text) => expect(() => checkedAddress(text)).toThrow(/Nothing can be downloaded/),
  );

  it('a file that is larger than the disk or than any model, before a byte of it comes', async () => {
    const { address } = await serve((request, response) => answer(request, response));
    const folder = newFolder();
    await expect(pull(address, folder, { limits: { spareBytes: 1e18 } })).rejects.toMatchObject({
      code: 'E_DISK_FULL',
      detail: expect.stringContaining('are free'),
    });
    const part = filesIn(folder).find((name) => name.endsWith('.part')) ?? '';
    expect(statSync(join(folder, part)).size).toBe(0);
    await expect(
      pull(address, newFolder(), { limits: { mostBytes: 1_000 } }),
    ).rejects.toMatchObject({ code: 'E_MODEL_ADDRESS' });
    // And when the server does not say how much will come.
    const endless = await serve((_request, response) => {
      response.writeHead(200);
      const more = (): boolean => response.write(Buffer.alloc(10_000), () => setImmediate(more));
      more();
    });
    await expect(
      pull(endless.address, newFolder(), { limits: { mostBytes: 100_000 } }),
    ).rejects.toMatchObject({ code: 'E_MODEL_ADDRESS' });
  });

  it('a folder that is not there, and a second download of the same at the same time', async () => {
    const { address } = await serve((request, response) => {
      setTimeout(() => answer(request, response), 50);
    });
    await expect(pull(address, join(root, 'nowhere'))).rejects.toMatchObject({ code: 'E_FILE' });
    const folder = newFolder();
    const first = pull(address, folder);
    await new Promise((later) => setTimeout(later, 20));
    await expect(pull(address, folder)).rejects.toMatchObject({
      code: 'E_FILE',
      detail: expect.stringContaining('Another Pentimento'),
    });
    await first;
  });
});

describe('the name and the place', () => {
  it('never replaces another file, and knows the same one', async () => {
    const { address } = await serve((request, response) => answer(request, response));
    const folder = newFolder();
    await pull(address, folder);
    expect(await pull(address, folder)).toMatchObject({ wasThere: true });
    writeFileSync(join(folder, 'style.safetensors'), 'mine');
    await expect(pull(address, folder)).rejects.toMatchObject({ code: 'E_FILE' });
    expect(readFileSync(join(folder, 'style.safetensors'), 'utf8')).toBe('mine');
  });

  it('goes into the part of a program’s folder that its kind belongs to', async () => {
    const { address } = await serve((request, response) => answer(request, response));
    const webui = newFolder();
    for (const name of ['models/Stable-diffusion', 'embeddings']) {
      mkdirSync(join(webui, name), { recursive: true });
    }
    expect((await pull(address, webui)).path).toBe(join(webui, 'embeddings', 'style.safetensors'));
    expect(filesIn(join(webui, 'models', 'Stable-diffusion'))).toEqual([]);
  });

  it('comes from the server, made safe', () => {
    const at = new URL('https://models.example/api/download/128713?type=Model');
    const names = [
      [null, '128713'],
      ['attachment; filename="dream shaper.safetensors"', 'dream shaper.safetensors'],
      ["attachment; filename=a.pt; filename*=UTF-8''%E6%A8%A1%E5%9E%8B.pt", '模型.pt'],
      ['attachment; filename="../../.bashrc"', 'bashrc'],
      ['attachment; filename="C:\\\\x\\\\con.safetensors"', '_con.safetensors'],
      ['attachment; filename="a\u0000b<>.ckpt "', 'ab.ckpt'],
      [`attachment; filename="${'x'.repeat(400)}.safetensors"`, `${'x'.repeat(148)}.safetensors`],
    ] as const;
    for (const [disposition, name] of names) expect(fileNameOf(at, disposition)).toBe(name);
  });

  it('gets an ending when the address has none', async () => {
    const { base } = await serve((request, response) => answer(request, response));
    const folder = newFolder();
    expect((await pull(`${base}/api/128713`, folder)).path).toBe(
      join(folder, '128713.safetensors'),
    );
  });
});

describe('a catalogue', () => {
  const entry = {
    name: 'Fine-Model',
    family: 'sd1',
    url: 'https://models.example/fine.safetensors',
    sizeBytes: 5,
    sha256,
    hashFrom: 'https://models.example/fine',
    licence: 'CreativeML Open RAIL-M',
  };

  it('is the user’s own, read by name', async () => {
    const path = join(newFolder(), 'catalogue.json');
    await expect(catalogueEntry(path, 'fine')).rejects.toMatchObject({ code: 'E_MODEL_UNKNOWN' });
    writeFileSync(path, JSON.stringify([entry]));
    expect(await catalogueEntry(path, 'fine-model')).toEqual(entry);
    await expect(catalogueEntry(path, 'finemodl')).rejects.toMatchObject({
      detail: expect.stringContaining('Fine-Model'),
    });
  });

  it.each([
    ['not JSON', '{'],
    ['an entry without its hash', JSON.stringify([{ ...entry, sha256: undefined }])],
    ['an entry without a licence', JSON.stringify([{ ...entry, licence: '' }])],
  ])('with %s is refused', async (_what, text) => {
    const path = join(newFolder(), 'catalogue.json');
    writeFileSync(path, text);
    await expect(catalogueEntry(path, 'fine-model')).rejects.toMatchObject({ code: 'E_PARAM' });
    expect(existsSync(path)).toBe(true);
  });
});
