/** One run's part of the state machine. */
import type { JobSummary } from '../../shared/api.ts';
import { problemOf } from '../../shared/errors.ts';
import type { JobEvent, ResultInfo } from '../../shared/event.ts';
import { needsModel } from '../../shared/request.ts';
import { labelOf } from './label.ts';
import type { Action } from './reduce.ts';
import type { Progress, ResultView, Run, RunPhase, Situation } from './state.ts';

const runActionTypes = [
  'accepted',
  'refused',
  'jobEvent',
  'silent',
  'stopping',
  'thumbnailMade',
  'placed',
  'resultDiscarded',
] as const;

/** Actions about one run, which they name by its key. */
export type RunAction = Extract<Action, { type: (typeof runActionTypes)[number] }>;

export function isRunAction(action: Action): action is RunAction {
  return runActionTypes.some((type) => type === action.type);
}

/** The run after an action that names it. */
export function reduceRun(run: Run, action: RunAction): Run {
  switch (action.type) {
    case 'accepted':
      return {
        ...run,
        jobId: action.jobId,
        request: action.request,
        note: action.note,
        phase: { state: 'queued', ahead: 0 },
      };
    case 'refused':
      return { ...run, phase: { state: 'failed', problem: action.problem }, isStopping: false };
    case 'silent':
      return { ...run, isSilent: action.isSilent };
    case 'stopping':
      return { ...run, isStopping: action.isStopping };
    case 'thumbnailMade':
      return withResult(run, action.resultId, { thumbnail: action.thumbnail });
    case 'placed':
      return action.resultIds.reduce((r, id) => withResult(r, id, { isPlaced: true }), run);
    case 'resultDiscarded':
      return { ...run, results: run.results.filter((r) => r.info.id !== action.resultId) };
    case 'jobEvent':
      // An event may arrive twice after a reconnection; a preview may be newer than what follows it.
      if (action.event.seq <= run.seq) return run;
      return {
        ...reduceEvent(run, action.event, action.atMs),
        seq: action.event.seq,
        isSilent: false,
      };
  }
}

function reduceEvent(run: Run, event: JobEvent, atMs: number): Run {
  switch (event.type) {
    case 'queued':
      return { ...run, phase: { state: 'queued', ahead: event.ahead } };
    case 'started':
      return { ...run, phase: running(freshProgress(run, event.attempt, atMs)) };
    case 'stage':
      return { ...run, phase: running({ ...progressOf(run, atMs), stage: event.name }) };
    case 'step':
      return { ...run, phase: running(stepped(progressOf(run, atMs), event, atMs)) };
    case 'preview': {
      const preview = { image: event.image, index: event.index, step: event.step };
      return { ...run, phase: running({ ...progressOf(run, atMs), preview }) };
    }
    case 'result':
      return { ...run, results: withNew(run.results, event.result) };
    case 'done':
      return { ...run, phase: { state: 'done' }, isStopping: false };
    case 'failed':
      return { ...run, phase: { state: 'failed', problem: event.problem }, isStopping: false };
    case 'cancelled':
      return { ...run, phase: { state: 'cancelled' }, isStopping: false };
  }
}

function running(progress: Progress): RunPhase {
  return { state: 'running', progress };
}

function freshProgress(run: Run, attempt: number, atMs: number): Progress {
  return {
    attempt,
    stage: undefined,
    index: 0,
    count: run.count,
    step: 0,
    steps: 0,
    preview: undefined,
    firstStep: undefined,
    lastAtMs: atMs,
  };
}

function progressOf(run: Run, atMs: number): Progress {
  return run.phase.state === 'running'
    ? { ...run.phase.progress, lastAtMs: atMs }
    : freshProgress(run, 1, atMs);
}

function stepped(
  progress: Progress,
  event: Extract<JobEvent, { type: 'step' }>,
  atMs: number,
): Progress {
  const { index, count, step, steps } = event;
  return {
    ...progress,
    stage: undefined,
    index,
    count,
    step,
    steps,
    firstStep: progress.firstStep ?? { done: index * steps + step, atMs },
  };
}

function withResult(run: Run, resultId: string, change: Partial<ResultView>): Run {
  return {
    ...run,
    results: run.results.map((r) => (r.info.id === resultId ? { ...r, ...change } : r)),
  };
}

function withNew(results: readonly ResultView[], info: ResultInfo): readonly ResultView[] {
  if (results.some((r) => r.info.id === info.id)) return results;
  const all = [...results, { info, thumbnail: undefined, isPlaced: false }];
  return all.sort((a, b) => a.info.index - b.info.index);
}

/** A job of an earlier sitting, as a run. */
export function runOfSummary(job: JobSummary): Run {
  const { request } = job;
  return {
    key: job.id,
    jobId: job.id,
    situation: situationOfRequest(job),
    label: labelOf(needsModel(request) ? request.prompt : '', situationOfRequest(job)),
    origin: {
      documentId: request.document.id,
      documentName: request.document.name,
      documentSize: { width: request.document.width, height: request.document.height },
      layerId: request.document.layer?.id,
    },
    count: request.count,
    request,
    phase: phaseOfSummary(job),
    isStopping: false,
    isSilent: false,
    results: job.results.map((info) => ({ info, thumbnail: undefined, isPlaced: false })),
    seq: -1,
  };
}

function situationOfRequest({ request }: JobSummary): Situation {
  if (request.kind === 'text') return 'generate';
  if (request.kind === 'image') return 'refine';
  if (request.kind === 'expand' || request.kind === 'expand-patches') return 'expand';
  return request.kind === 'inpaint' ? 'fill' : 'remove';
}

function phaseOfSummary(job: JobSummary): RunPhase {
  switch (job.state) {
    case 'queued':
    case 'running':
      return { state: 'queued', ahead: 0 };
    case 'done':
      return { state: 'done' };
    case 'cancelled':
      return { state: 'cancelled' };
    case 'failed':
      return { state: 'failed', problem: job.problem ?? problemOf('E_INTERNAL') };
  }
}
