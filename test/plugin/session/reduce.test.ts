import { describe, expect, it } from 'vitest';
import { problemOf } from '../../../shared/errors.ts';
import type { JobEvent } from '../../../shared/event.ts';
import { reduce, type Action } from '../../../plugin/session/reduce.ts';
import { secondsLeft, shareDone } from '../../../plugin/session/select.ts';
import { defaultSettings } from '../../../plugin/session/settings.ts';
import { initialState, type SessionState } from '../../../plugin/session/state.ts';
import { hostWithSelection, inpaintRequest, resultInfo } from '../../fakes/session.ts';

const start = initialState(defaultSettings, hostWithSelection);

const pressed: Action = {
  type: 'pressed',
  key: 'k',
  situation: 'fill',
  label: 'a boat',
  origin: {
    documentId: 'doc-1',
    documentName: 'photo.jpg',
    documentSize: { width: 64, height: 48 },
    layerId: '7',
  },
  count: 2,
};
const accepted: Action = { type: 'accepted', key: 'k', jobId: 'j', request: inpaintRequest };

function after(...actions: readonly Action[]): SessionState {
  return actions.reduce(reduce, start);
}

function events(...list: readonly object[]): readonly Action[] {
  return list.map((event, seq) => ({
    type: 'jobEvent',
    key: 'k',
    event: { ...event, jobId: 'j', seq } as JobEvent,
    atMs: seq * 1000,
  }));
}

const queued = { type: 'queued', ahead: 2 };
const started = { type: 'started', attempt: 1 };
const step = (index: number, n: number) => ({ type: 'step', index, step: n, steps: 4, count: 2 });
const failed = { type: 'failed', problem: problemOf('E_MEMORY') };

describe('a run', () => {
  it.each([
    ['sending', [pressed]],
    ['queued', [pressed, accepted]],
    ['queued', [pressed, accepted, ...events(queued)]],
    ['running', [pressed, accepted, ...events(queued, started)]],
    ['running', [pressed, accepted, ...events(queued, started, step(0, 1))]],
    ['done', [pressed, accepted, ...events(queued, started, step(0, 1), { type: 'done' })]],
    ['failed', [pressed, accepted, ...events(queued, failed)]],
    ['cancelled', [pressed, accepted, ...events(queued, started, { type: 'cancelled' })]],
    [
      'failed',
      [pressed, { type: 'refused', key: 'k', problem: problemOf('E_QUEUE_FULL') } as Action],
    ],
  ])('is %s', (state, actions) => {
    expect(after(...actions).runs[0]?.phase.state).toBe(state);
  });

  it('ignores an event that arrives twice after a reconnection', () => {
    const once = after(pressed, accepted, ...events(queued, started));
    expect(reduce(once, events(queued)[0]!).runs[0]).toEqual(once.runs[0]);
  });

  it('keeps results in the order of their variants', () => {
    const result = (i: number) => ({ type: 'result', result: resultInfo(inpaintRequest, 'j', i) });
    const state = after(pressed, accepted, ...events(started, result(1), result(0)));
    expect(state.runs[0]?.results.map((r) => r.info.index)).toEqual([0, 1]);
  });

  it('tells the share that is done and the time that is left over all variants', () => {
    const run = after(pressed, accepted, ...events(queued, started, step(0, 1), step(0, 2)))
      .runs[0]!;
    expect(shareDone(run)).toBe(0.25);
    // One step took a second; six of eight are left.
    expect(secondsLeft(run)).toBe(6);
  });

  it('leaves other runs alone', () => {
    const two = after({ ...pressed, key: 'other' } as Action, pressed, accepted);
    const next = reduce(two, events(started)[0]!);
    expect(next.runs[1]).toBe(two.runs[1]);
  });

  it('forgets a discarded result and keeps the rest', () => {
    const result = (i: number) => ({ type: 'result', result: resultInfo(inpaintRequest, 'j', i) });
    const state = after(pressed, accepted, ...events(result(0), result(1)), {
      type: 'resultDiscarded',
      key: 'k',
      resultId: 'result-0',
    });
    expect(state.runs[0]?.results.map((r) => r.info.id)).toEqual(['result-1']);
  });
});

describe('the rest of the state', () => {
  it('sets strength and colour match with the mode and keeps what was typed', () => {
    const typed = reduce(start, {
      type: 'settingsChanged',
      change: { prompt: 'a boat', steps: 9 },
    });
    const { settings } = reduce(typed, { type: 'modeChosen', mode: 'restyle' });
    expect(settings).toMatchObject({
      mode: 'restyle',
      strength: 0.65,
      colorMatch: 0,
      prompt: 'a boat',
      steps: 9,
    });
  });

  it('keeps settings and runs when the service is lost', () => {
    const before = after(pressed, accepted);
    const lost = reduce(before, { type: 'serviceLost', problem: problemOf('E_SERVICE_DOWN') });
    expect(lost).toEqual({
      ...before,
      service: { phase: 'down', problem: problemOf('E_SERVICE_DOWN') },
    });
  });

  it('adds jobs of earlier sittings once, newest first, below its own', () => {
    const job = (id: string, createdAt: string) => ({
      id,
      createdAt,
      state: 'done' as const,
      request: inpaintRequest,
      results: [resultInfo(inpaintRequest, id, 0)],
    });
    const listed: Action = {
      type: 'jobsListed',
      jobs: [
        job('old', '2026-01-01T00:00:00Z'),
        job('new', '2026-02-01T00:00:00Z'),
        job('j', '2026-03-01T00:00:00Z'),
      ],
    };
    const state = after(pressed, accepted, listed, listed);
    expect(state.runs.map((run) => run.jobId)).toEqual(['j', 'new', 'old']);
  });

  it('forgets the plan when there is nothing to plan for', () => {
    const plan = {
      context: { x: 0, y: 0, width: 8, height: 8 },
      workingSize: { width: 64, height: 64 },
      scale: 8,
      steps: 4,
      notes: [],
    };
    const known = reduce(start, { type: 'planKnown', plan, thumbnail: undefined });
    expect(known.plan).toEqual({ phase: 'known', plan });
    expect(reduce(known, { type: 'planDropped' }).plan).toEqual({ phase: 'none' });
  });
});
