import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusalOf, type RequestFacts } from '../../service/http/guard.ts';
import { rawRequest, startTestService, type TestService } from '../fakes/testService.ts';

const port = 47860;

function facts(
  headers: Record<string, string | string[]>,
  more: Partial<RequestFacts> = {},
): RequestFacts {
  const all: Record<string, string | string[]> = { host: `127.0.0.1:${port}`, ...headers };
  return {
    method: 'GET',
    target: '/v1/jobs',
    remoteAddress: '127.0.0.1',
    header: (name) => [all[name] ?? []].flat(),
    ...more,
  };
}

describe('the guard', () => {
  it.each([
    ['a program', {}],
    ['the other own name', { host: `localhost:${port}` }],
    ['own name in capitals', { host: `LOCALHOST:${port}` }],
    [
      'the workbench posting',
      { origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin' },
    ],
    [
      'the workbench reading',
      { 'sec-fetch-site': 'same-origin', referer: `http://127.0.0.1:${port}/` },
    ],
    ['a typed address', { 'sec-fetch-site': 'none' }],
  ])('lets pass: %s', (_, headers: Record<string, string>) => {
    expect(refusalOf(facts(headers), port)).toBeUndefined();
  });

  it.each([
    ['another name (H05, DNS rebinding: CVE-2024-28224, CVE-2022-41924)', 'evil.example'],
    ['another name with our port', `evil.example:${port}`],
    ['our name at its beginning', `127.0.0.1.evil.example:${port}`],
    ['no port', '127.0.0.1'],
    ['another port', '127.0.0.1:80'],
    ['a dot at the end', `localhost.:${port}`],
    ['a mapped address', `[::ffff:127.0.0.1]:${port}`],
    ['a short address', `127.1:${port}`],
    ['any address', `0.0.0.0:${port}`],
    ['a number', `2130706433:${port}`],
    ['two in one', `127.0.0.1:${port}, evil.example`],
    ['user information', `evil@127.0.0.1:${port}`],
    ['nothing', ''],
  ])('refuses the Host %s (H06)', (_, host) => {
    expect(refusalOf(facts({ host }), port)).toBe('E_HOST');
  });

  it('refuses no Host and two Hosts (H06)', () => {
    expect(refusalOf(facts({ host: [] }), port)).toBe('E_HOST');
    expect(refusalOf(facts({ host: [`127.0.0.1:${port}`, 'evil'] }), port)).toBe('E_HOST');
  });

  it('refuses a target with a host of its own (H07)', () => {
    for (const target of ['http://evil.example/v1/jobs', '//evil.example/v1/jobs', '*', '']) {
      expect(refusalOf(facts({}, { target }), port)).toBe('E_HOST');
    }
  });

  it.each([
    'http://evil.example',
    `http://127.0.0.1.evil.com:${port}`,
    'http://localhost:3000',
    `https://127.0.0.1:${port}`,
    'null',
    'file://',
    '',
    `http://127.0.0.1:${port}/`,
    'chrome-extension://abc',
  ])('refuses the Origin "%s" (H08, CVE-2026-27977, CVE-2026-40110)', (origin) => {
    expect(refusalOf(facts({ origin }), port)).toBe('E_ORIGIN');
  });

  it('refuses two Origins', () => {
    const own = `http://127.0.0.1:${port}`;
    expect(refusalOf(facts({ origin: [own, own] }), port)).toBe('E_ORIGIN');
  });

  it.each(['cross-site', 'same-site', 'anything'])('refuses Sec-Fetch-Site %s (H09)', (site) => {
    expect(refusalOf(facts({ 'sec-fetch-site': site }), port)).toBe('E_ORIGIN');
  });

  it('refuses the page of another origin as referer', () => {
    expect(refusalOf(facts({ referer: 'http://evil.example/' }), port)).toBe('E_ORIGIN');
    const near = `http://127.0.0.1:${port}.evil.example/`;
    expect(refusalOf(facts({ referer: near }), port)).toBe('E_ORIGIN');
  });

  it('answers no preflight (H10)', () => {
    expect(refusalOf(facts({}, { method: 'OPTIONS' }), port)).toBe('E_ORIGIN');
  });

  it('refuses a token in the address (H18)', () => {
    for (const query of ['token=a', 'x=1&access_token=a', 'Authorization=b', 'tok%65n=a']) {
      expect(refusalOf(facts({}, { target: `/v1/jobs?${query}` }), port)).toBe('E_TOKEN_IN_URL');
    }
  });

  it('refuses other machines', () => {
    for (const remoteAddress of ['192.168.1.4', '10.0.0.1', 'fe80::1', undefined]) {
      expect(refusalOf(facts({}, { remoteAddress }), port)).toBe('E_HOST');
    }
  });
});

describe('the guard on a real socket', () => {
  let service: TestService;
  let own: Record<string, string>;
  beforeAll(async () => {
    service = await startTestService();
    own = { host: `127.0.0.1:${service.port}` };
  });
  afterAll(() => service.remove());

  const bearer = () => ({ ...own, authorization: `Bearer ${service.token}` });

  it('refuses a wrong Host on every address, the open ones and the unknown ones too (H05)', async () => {
    for (const target of ['/healthz', '/', '/v1/jobs', '/nothing', '/v1/pair']) {
      const headers = { ...bearer(), host: 'evil.example' };
      const answer = await rawRequest(service.port, { target, headers });
      expect(answer.status).toBe(403);
      expect(JSON.parse(answer.body).code).toBe('E_HOST');
    }
    const none = await rawRequest(service.port, { target: '/healthz' });
    expect([400, 403]).toContain(none.status);
  });

  it('is not moved by an absolute target or a second Host (H07)', async () => {
    const answer = await rawRequest(service.port, {
      target: 'http://evil.example/v1/status',
      headers: bearer(),
    });
    expect(answer.status).toBe(403);
    const twice = await raw(
      service.port,
      `GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1:${service.port}\r\nHost: evil\r\nAuthorization: Bearer ${service.token}\r\n\r\n`,
    );
    expect(twice).toMatch(/^HTTP\/1\.1 40[03] /);
  });

  it('refuses a foreign Origin even with a valid token, and null (H08)', async () => {
    for (const origin of ['http://evil.example', 'null']) {
      const headers = { ...bearer(), origin };
      const answer = await rawRequest(service.port, { target: '/v1/status', headers });
      expect(answer.status).toBe(403);
      expect(JSON.parse(answer.body).code).toBe('E_ORIGIN');
    }
  });

  it('answers a preflight with 403 and no permission (H10)', async () => {
    const answer = await rawRequest(service.port, {
      method: 'OPTIONS',
      target: '/v1/jobs',
      headers: {
        ...own,
        origin: 'http://evil.example',
        'access-control-request-method': 'POST',
        'access-control-request-private-network': 'true',
      },
    });
    expect(answer.status).toBe(403);
    const names = Object.keys(answer.headers);
    expect(names.filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('asks for a token: none, wrong, almost right, malformed (H01-H03)', async () => {
    const wrong = [
      undefined,
      'Bearer abc',
      `Bearer ${service.token.slice(0, -1)}${service.token.endsWith('A') ? 'B' : 'A'}`,
      `Bearer ${service.token} ${service.token}`,
      `bearer ${service.token}`,
      `Basic ${service.token}`,
      `Bearer ${service.token}=`,
    ];
    for (const authorization of wrong) {
      const headers = authorization === undefined ? own : { ...own, authorization };
      const answer = await rawRequest(service.port, { target: '/v1/jobs', headers });
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(JSON.parse(answer.body).code).toMatch(/^E_AUTH_/);
    }
    const long = { ...own, authorization: `Bearer ${'a'.repeat(20_000)}` };
    const answer = await rawRequest(service.port, { target: '/v1/jobs', headers: long });
    expect(answer.status).toBe(431);
  });

  it('does nothing for forms and empty posts without a token (H11, CSRF class of ComfyUI-Manager #2818)', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const answer = await rawRequest(service.port, {
        method: 'POST',
        target: '/v1/models/rescan',
        headers: { ...own, 'content-type': type },
        body: 'a=b',
      });
      expect(answer.status).toBe(401);
    }
    const empty = await rawRequest(service.port, {
      method: 'POST',
      target: '/v1/pairings',
      headers: own,
    });
    expect(empty.status).toBe(401);
  });

  it('does not open a route by spelling it differently (H13: CVE-2026-29087, CVE-2026-39406)', async () => {
    const targets = [
      '//v1/jobs',
      '/v1%2fjobs',
      '/v1/../v1/jobs',
      '/healthz/../v1/jobs',
      '/v1/jobs/',
      '/V1/jobs',
      '/v1/jobs%00',
      '/v1/jobs;/healthz',
      '/healthz%2f..%2fv1%2fjobs',
      '/assets/../../service.log',
      '/assets/%2e%2e/%2e%2e/token',
      '/assets/..%5c..%5ctoken',
    ];
    for (const target of targets) {
      const answer = await rawRequest(service.port, { target, headers: own });
      expect([400, 401, 403, 404]).toContain(answer.status);
      expect(answer.body).not.toContain(service.token);
    }
  });

  it('survives what is not HTTP (H16, H17)', async () => {
    const hello = Buffer.from('160301020001000001fc0303', 'hex').toString('latin1');
    for (const text of [hello, 'hello\r\n\r\n', '\0\0\0\0\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n']) {
      expect(await raw(service.port, text)).toMatch(/^(HTTP\/1\.1 (400|403|505)|$)/);
    }
    const lying = `POST /v1/pair HTTP/1.1\r\nHost: 127.0.0.1:${service.port}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`;
    expect(await raw(service.port, lying)).toMatch(/^HTTP\/1\.1 400/);
    const negative = `POST /v1/pair HTTP/1.1\r\nHost: 127.0.0.1:${service.port}\r\nContent-Length: -5\r\n\r\n`;
    expect(await raw(service.port, negative)).toMatch(/^HTTP\/1\.1 400/);
    const trace = await rawRequest(service.port, {
      method: 'TRACE',
      target: '/v1/jobs',
      headers: own,
    });
    expect(trace.status).toBeGreaterThanOrEqual(400);
    const upgrade = { ...own, connection: 'Upgrade', upgrade: 'websocket' };
    const socket = await rawRequest(service.port, { target: '/v1/jobs', headers: upgrade });
    expect(socket.status).toBe(401);
    expect((await service.api.send('GET', '/v1/status')).status).toBe(200);
  });

  it('sends the safe headers with every answer, and says nothing of itself on the open route', async () => {
    for (const target of ['/healthz', '/v1/status', '/nothing']) {
      const { headers, body } = await rawRequest(service.port, { target, headers: bearer() });
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['cross-origin-resource-policy']).toBe('same-origin');
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['server'] ?? headers['x-powered-by']).toBeUndefined();
      if (target === '/healthz') expect(JSON.parse(body)).toEqual({ ok: true, apiVersion: 1 });
    }
  });

  it('holds up those who keep failing, not those who are right', async () => {
    const headers = { ...own, authorization: `Bearer ${'A'.repeat(43)}` };
    // All at once: in two seconds one more may fail.
    const tries = Array.from({ length: 100 }, () =>
      rawRequest(service.port, { target: '/v1/jobs', headers }),
    );
    const statuses = (await Promise.all(tries)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect((await service.api.send('GET', '/v1/status')).status).toBe(200);
  });
});

function raw(to: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(to, '127.0.0.1', () => socket.end(text, 'latin1'));
    socket.on('data', (data: Buffer) => (answer += data.toString('latin1')));
    socket.on('close', () => resolve(answer));
    socket.on('error', () => resolve(answer));
  });
}
