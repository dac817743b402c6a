import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PairAnswer, PairingCode } from '../../shared/api.ts';
import type { Clock } from '../../service/jobs/clock.ts';
import { makePairingDesk } from '../../service/http/pairingDesk.ts';
import { apiOf, startTestService, type TestService } from '../fakes/testService.ts';

describe('pairing over HTTP', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service.remove());

  const pair = (code: string, more: object = {}) =>
    fetch(`${service.url}/v1/pair`, {
      method: 'POST',
      body: JSON.stringify({ code, clientName: 'Photoshop', ...more }),
    });

  it('gives a token for the printed code, once (H14)', async () => {
    const answer = await pair(service.code.toLowerCase().replace('-', ' '));
    const { token } = PairAnswer.parse(await answer.json());
    expect((await apiOf(service.url, token).send('GET', '/v1/status')).status).toBe(200);
    const second = await pair(service.code);
    expect(second.status).toBe(403);
    expect(await second.json()).toMatchObject({ code: 'E_PAIR_CLOSED' });
  });

  it('closes after five wrong tries (H14)', async () => {
    const made = await service.api.send('POST', '/v1/pairings');
    const { code } = PairingCode.parse(made.json());
    for (let i = 0; i < 5; i++) {
      expect(await (await pair('AAAA-AAAA')).json()).toMatchObject({ code: 'E_PAIR_CODE' });
    }
    expect(await (await pair(code)).json()).toMatchObject({ code: 'E_PAIR_CLOSED' });
  });

  it('refuses anything but the agreed document', async () => {
    expect((await pair('x', { admin: true })).status).toBe(422);
    expect((await pair('x'.repeat(1000))).status).toBe(422);
    const odd = await fetch(`${service.url}/v1/pair`, { method: 'POST', body: '\uFEFF{' });
    expect(odd.status).toBe(400);
  });

  it('keeps the token of this computer in a file that only its user can read', () => {
    const path = join(service.dataDir, 'token');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toMatch(/^[A-Za-z0-9_-]{43}\n$/);
    expect(statSync(service.dataDir).mode & 0o777).toBe(0o700);
    const log = readFileSync(join(service.dataDir, 'service.log'), 'utf8');
    expect(log).not.toContain(service.token);
  });
});

describe('pairing codes', () => {
  it('expire by the monotonic clock, whatever the wall clock does (K12)', () => {
    let now = 0;
    let wall = 1e12;
    const clock: Clock = { monotonicMs: () => now, wallMs: () => wall, timer: () => () => {} };
    const desk = makePairingDesk(clock);
    const { code } = desk.open(1000);
    wall += 1e11;
    now = 999;
    desk.redeem(code);
    const second = desk.open(1000);
    wall -= 2e11;
    now = 2000;
    expect(() => desk.redeem(second.code)).toThrow(/Pairing is not open/);
  });
});
