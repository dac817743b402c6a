import { describe, expect, it } from 'vitest';
import { createServiceClient, type ServiceClient } from '../../../plugin/client/serviceClient.ts';
import { PentimentoError, problemOf } from '../../../shared/errors.ts';
import { encodeFrame } from '../../../shared/frame.ts';
import { inpaintRequest, plane, planOf, recipeOf, selectionBounds } from '../../fakes/session.ts';

interface Seen {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: ArrayBuffer;
}

function answering(answer: (request: Request) => Response | Promise<Response>, token?: string) {
  const seen: Seen[] = [];
  let kept = token;
  const client = createServiceClient({
    baseUrl: 'http://127.0.0.1:1',
    tokens: { get: () => kept, set: (next) => (kept = next) },
    fetch: async (request) => {
      const { url, method, headers } = request;
      seen.push({ url, method, headers, body: await request.clone().arrayBuffer() });
      return answer(request);
    },
  });
  return { client, seen, token: () => kept };
}

const json = (value: unknown, status = 200) => new Response(JSON.stringify(value), { status });

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'none';
  } catch (error) {
    return error instanceof PentimentoError ? error.code : String(error);
  }
}

describe('the service client', () => {
  it('sends the token in the header and never in the address', async () => {
    const { client, seen } = answering(() => json({ models: [], folders: [] }), 'secret');
    await client.models();
    expect(seen[0]?.headers.get('authorization')).toBe('Bearer secret');
    expect(seen[0]?.url).not.toContain('secret');
  });

  it('keeps the token that pairing answers', async () => {
    const { client, token, seen } = answering(() => json({ token: 't', clientId: 'c' }));
    await client.pair('123456', 'Test');
    expect(token()).toBe('t');
    expect(JSON.parse(Buffer.from(seen[0]!.body).toString())).toEqual({
      code: '123456',
      clientName: 'Test',
    });
  });

  it('sends a frame as it is, with the key of the press, even from the middle of a buffer', async () => {
    const { client, seen } = answering(() => json({ id: 'job' }, 201));
    const frame = encodeFrame({
      body: inpaintRequest,
      planes: [plane('mask', { width: 3, height: 2 }, 1, 7)],
    });
    const large = new Uint8Array(frame.length + 20);
    large.set(frame, 10);
    expect(await client.submit(large.subarray(10, 10 + frame.length), 'key-1')).toBe('job');
    expect(seen[0]?.headers.get('idempotency-key')).toBe('key-1');
    expect(new Uint8Array(seen[0]!.body)).toEqual(frame);
  });

  it('reads a result frame', async () => {
    const body = { bounds: selectionBounds, recipe: recipeOf(inpaintRequest) };
    const planes = [plane('color', selectionBounds, 3, 9), plane('alpha', selectionBounds, 1, 255)];
    const { client } = answering(() => new Response(encodeFrame({ body, planes }) as BodyInit));
    const result = await client.result('a/b');
    expect(result).toMatchObject(body);
    expect(result.color.data[0]).toBe(9);
  });

  it.each([
    ['E_MEMORY', () => json(problemOf('E_MEMORY', 'It needs more.'), 507)],
    ['E_AUTH_REQUIRED', () => new Response('no', { status: 401 })],
    ['E_API_VERSION', () => new Response('<html>', { status: 500 })],
    ['E_API_VERSION', () => json({ models: 'many' })],
    ['E_SERVICE_DOWN', () => new Response('{"models":[')],
    ['E_SERVICE_DOWN', () => Promise.reject(new TypeError('fetch failed'))],
  ] as const)('answers %s', async (code, answer) => {
    expect(await codeOf(answering(answer).client.models())).toBe(code);
  });

  it.each([
    [
      'E_FRAME',
      encodeFrame({
        body: { bounds: selectionBounds, recipe: recipeOf(inpaintRequest) },
        planes: [],
      }),
    ],
    ['E_API_VERSION', encodeFrame({ body: null, planes: [] })],
    ['E_FRAME', new Uint8Array([1, 2, 3])],
    [
      'E_FRAME',
      encodeFrame({
        body: { bounds: selectionBounds, recipe: recipeOf(inpaintRequest) },
        planes: [
          plane('color', selectionBounds, 3, 1),
          plane('alpha', { width: 2, height: 2 }, 1, 1),
        ],
      }),
    ],
  ])('refuses a result that is not one: %s', async (code, bytes) => {
    const { client } = answering(() => new Response(bytes as BodyInit));
    expect(await codeOf(client.result('r'))).toBe(code);
  });

  it('stops waiting when the caller does', async () => {
    const { client } = answering(
      (request) =>
        new Promise((_, reject) => {
          const stop = () => reject(new DOMException('aborted', 'AbortError'));
          if (request.signal.aborted) stop();
          request.signal.addEventListener('abort', stop);
        }),
    );
    const stop = new AbortController();
    const call = client.plan({ ...planOfNothing, kind: 'text' }, stop.signal);
    stop.abort();
    expect(await codeOf(call)).toBe('E_SERVICE_DOWN');
  });

  it('asks for events after a number and for how long to wait', async () => {
    const { client, seen } = answering(() => json([{ type: 'done', jobId: 'j', seq: 4 }]));
    const events: Awaited<ReturnType<ServiceClient['events']>> = await client.events('j', {
      after: 3,
      waitSeconds: 25,
    });
    expect(seen[0]?.url).toBe('http://127.0.0.1:1/v1/jobs/j/events?after=3&wait=25');
    expect(events).toEqual([{ type: 'done', jobId: 'j', seq: 4 }]);
  });
});

const planOfNothing: Parameters<typeof planOf>[0] = {
  kind: 'text',
  document: { width: 64, height: 64 },
  bounds: { x: 0, y: 0, width: 64, height: 64 },
  model: '',
  strength: 1,
  steps: 4,
  featherPx: 0,
  growPx: 0,
  area: 'context',
  paddingPx: 0,
  count: 1,
  dialect: 'pentimento',
};
