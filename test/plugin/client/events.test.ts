import { describe, expect, it } from 'vitest';
import { followJob, type FollowOptions } from '../../../plugin/client/events.ts';
import { PentimentoError } from '../../../shared/errors.ts';
import type { JobEvent } from '../../../shared/event.ts';

const event = (seq: number, type: 'queued' | 'done'): JobEvent =>
  type === 'done' ? { type, jobId: 'j', seq } : { type, jobId: 'j', seq, ahead: 0 };

type Answer = readonly JobEvent[] | Error;

function following(answers: readonly Answer[], after = -1) {
  const asked: number[] = [];
  const pauses: number[] = [];
  const silences: boolean[] = [];
  const left = [...answers];
  const options: FollowOptions = {
    client: {
      events: (_, query) => {
        asked.push(query.after);
        const answer = left.shift() ?? new Error('Expected no further question');
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve([...answer]);
      },
    },
    jobId: 'j',
    after,
    signal: new AbortController().signal,
    pause: (ms) => {
      pauses.push(ms);
      return Promise.resolve();
    },
    onSilence: (isSilent) => silences.push(isSilent),
  };
  return { options, asked, pauses, silences };
}

async function collect(options: FollowOptions): Promise<number[]> {
  const seen: number[] = [];
  for await (const e of followJob(options)) seen.push(e.seq);
  return seen;
}

describe('following a job', () => {
  it('yields each event once and ends with the final one', async () => {
    const { options, asked } = following([
      [event(0, 'queued'), event(1, 'queued')],
      [],
      [event(1, 'queued'), event(2, 'queued'), event(5, 'done')],
    ]);
    expect(await collect(options)).toEqual([0, 1, 2, 5]);
    expect(asked).toEqual([-1, 1, 1]);
  });

  it('goes on after a silence where it was, with growing pauses', async () => {
    const down = new PentimentoError('E_SERVICE_DOWN');
    const { options, asked, pauses, silences } = following([
      [event(0, 'queued')],
      down,
      down,
      down,
      [event(1, 'done')],
    ]);
    expect(await collect(options)).toEqual([0, 1]);
    expect(asked).toEqual([-1, 0, 0, 0, 0]);
    expect(pauses).toEqual([500, 1000, 2000]);
    expect(silences).toEqual([true, true, true, false]);
  });

  it('gives up on what will not pass by itself', async () => {
    const { options } = following([new PentimentoError('E_JOB_UNKNOWN')]);
    await expect(collect(options)).rejects.toMatchObject({ code: 'E_JOB_UNKNOWN' });
  });

  it('resumes after an event that was seen before', async () => {
    const { options, asked } = following([[event(8, 'done')]], 7);
    expect(await collect(options)).toEqual([8]);
    expect(asked).toEqual([7]);
  });
});
