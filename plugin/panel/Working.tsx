import { useEffect, useRef } from 'react';
import { activeRuns, secondsLeft, shareDone } from '../session/select.ts';
import type { Run, Situation } from '../session/state.ts';
import { Button } from './controls/Button.tsx';
import { ProgressBar } from './controls/ProgressBar.tsx';
import { useSession } from './useSession.ts';
import { timeWords } from './words.ts';

const verbs: Readonly<Record<Situation, string>> = {
  generate: 'Making',
  refine: 'Refining',
  restyle: 'Restyling',
  fill: 'Filling',
  remove: 'Removing',
  expand: 'Expanding',
};

/** The run at work: preview, bar, time left, Stop. The rest of the panel stays usable. */
export function Working() {
  const [state] = useSession();
  const run = activeRuns(state)[0];
  return run ? <WorkingRun key={run.key} run={run} /> : null;
}

function WorkingRun({ run }: { readonly run: Run }) {
  const [, session] = useSession();
  const section = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The button may have been pressed from further down.
    const element = section.current;
    // Not every UXP version has it.
    if (element && 'scrollIntoView' in element) element.scrollIntoView({ block: 'nearest' });
  }, []);
  const progress = run.phase.state === 'running' ? run.phase.progress : undefined;
  const preview = progress?.preview;
  return (
    <div ref={section} className="section working">
      <div className="row heading">
        <div className="grow cut">
          {verbs[run.situation]}
          {run.situation === 'remove' ? '' : ` “${run.label}”`}
        </div>
        {run.count > 1 && (
          <div className="dim">
            {(progress?.index ?? 0) + 1} of {run.count}
          </div>
        )}
      </div>
      {preview && (
        <div className="picture">
          <img src={preview.image} alt="Preview of the picture at work" />
          <div className="badge bottom">preview, step {preview.step}</div>
        </div>
      )}
      <ProgressBar label="Progress" share={shareDone(run)} />
      <div className="row tiny">
        <div className="grow cut" role="status">
          {progressWords(run)}
        </div>
        <div className="dim cut working-document" title={run.origin.documentName}>
          {run.origin.documentName}
        </div>
      </div>
      {run.note !== undefined && <div className="tiny dim">{run.note}</div>}
      <div className="row actions">
        <Button
          kind="plain"
          isDisabled={run.jobId === undefined || run.isStopping}
          onPress={() => session.cancel(run.key)}
          id="stop"
        >
          {run.isStopping ? 'Stopping' : 'Stop'}
        </Button>
      </div>
    </div>
  );
}

/** 'step 14 of 24 · 17 s left' */
export function progressWords(run: Run): string {
  if (run.isSilent) return 'The service does not answer; waiting for it';
  if (run.phase.state === 'sending') return 'sending the picture';
  if (run.phase.state === 'queued') {
    return run.phase.ahead > 0 ? `${run.phase.ahead} ahead in the queue` : 'waiting for the engine';
  }
  if (run.phase.state !== 'running') return '';
  const { progress } = run.phase;
  if (progress.stage !== undefined) return progress.stage;
  if (progress.steps === 0) return progress.attempt > 1 ? 'started again' : 'starting';
  const left = secondsLeft(run);
  const time = left === undefined ? '' : ` · ${timeWords(left)} left`;
  return `step ${progress.step} of ${progress.steps}${time}`;
}
