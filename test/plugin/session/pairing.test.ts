/** A pairing code counts once: what happens when it is sent twice by one hand. */
import { afterEach, describe, expect, it } from 'vitest';
import { PentimentoError } from '../../../shared/errors.ts';
import { startSession, type Session } from '../../../plugin/session/session.ts';
import { fakeClient, fakeHost, sessionOptions } from '../../fakes/session.ts';
import { eventually } from '../../fixtures/eventually.ts';

describe('pairing', () => {
  let session: Session | undefined;
  afterEach(() => session?.end());

  /** A session without a token; the service refuses codes for which `isRefused` says so. */
  async function unpaired(isRefused: (code: string, tries: number) => boolean) {
    const client = fakeClient();
    const { status } = client;
    client.status = () => Promise.reject(new PentimentoError('E_AUTH_REQUIRED'));
    const tries: string[] = [];
    client.pair = async (code) => {
      tries.push(code);
      if (isRefused(code, tries.length)) throw new PentimentoError('E_PAIR_CODE');
      client.status = status;
    };
    session = startSession(sessionOptions(fakeHost(), client));
    const { getState, pair } = session;
    await eventually(() => expect(getState().service.phase).toBe('pairing'));
    return { getState, pair, tries };
  }

  it('tries a code once at a time, and keeps the token that it got', async () => {
    const { getState, pair, tries } = await unpaired((_, count) => count > 1);
    pair('ABCD-EFGH');
    pair('ABCD-EFGH');
    await eventually(() => expect(getState().service.phase).toBe('ready'));
    expect(tries).toEqual(['ABCD-EFGH']);
  });

  it('tries again when the first try was refused', async () => {
    const { getState, pair, tries } = await unpaired((code) => code === 'wrong');
    pair('wrong');
    await eventually(() =>
      expect(getState().service).toMatchObject({ problem: { code: 'E_PAIR_CODE' } }),
    );
    pair('right');
    await eventually(() => expect(getState().service.phase).toBe('ready'));
    expect(tries).toEqual(['wrong', 'right']);
  });
});
