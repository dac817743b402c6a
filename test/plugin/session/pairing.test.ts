/** A pairing code counts once: what happens when it is sent twice by one hand. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PentimentoError } from '../../../shared/errors.ts';
import { startSession, type Session } from '../../../plugin/session/session.ts';
import { fakeClient, fakeHost, sessionOptions } from '../../fakes/session.ts';

describe('pairing', () => {
  let session: Session | undefined;
  afterEach(() => session?.end());

  it('tries a code once at a time, and keeps the token that it got', async () => {
    const client = fakeClient();
    const { status } = client;
    client.status = () => Promise.reject(new PentimentoError('E_AUTH_REQUIRED'));
    const tries: string[] = [];
    client.pair = async (code) => {
      tries.push(code);
      if (tries.length > 1) throw new PentimentoError('E_PAIR_CODE');
      client.status = status;
    };
    session = startSession(sessionOptions(fakeHost(), client));
    const { getState, pair } = session;
    await vi.waitFor(() => expect(getState().service.phase).toBe('pairing'));
    pair('ABCD-EFGH');
    pair('ABCD-EFGH');
    await vi.waitFor(() => expect(getState().service.phase).toBe('ready'));
    expect(tries).toEqual(['ABCD-EFGH']);
  });

  it('tries again when the first try was refused', async () => {
    const client = fakeClient();
    const { status } = client;
    client.status = () => Promise.reject(new PentimentoError('E_AUTH_REQUIRED'));
    const tries: string[] = [];
    client.pair = async (code) => {
      tries.push(code);
      if (code === 'wrong') throw new PentimentoError('E_PAIR_CODE');
      client.status = status;
    };
    session = startSession(sessionOptions(fakeHost(), client));
    const { getState, pair } = session;
    await vi.waitFor(() => expect(getState().service.phase).toBe('pairing'));
    pair('wrong');
    await vi.waitFor(() =>
      expect(getState().service).toMatchObject({ problem: { code: 'E_PAIR_CODE' } }),
    );
    pair('right');
    await vi.waitFor(() => expect(getState().service.phase).toBe('ready'));
    expect(tries).toEqual(['wrong', 'right']);
  });
});
