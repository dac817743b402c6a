import { useRef, useState, type ReactNode } from 'react';
import type { Problem } from '../../shared/errors.ts';
import { failedRuns } from '../session/select.ts';
import type { ServiceState } from '../session/state.ts';
import { Button } from './controls/Button.tsx';
import { TextField } from './controls/TextField.tsx';
import { useSession } from './useSession.ts';

/** What is wrong, in a sentence, and the next step as a button. Nothing that was typed is lost. */
export function Notices() {
  const [state, session] = useSession();
  const { notice } = state;
  const failed = failedRuns(state).filter((run) => run.key !== run.jobId)[0];
  return (
    <>
      <ServiceNotice service={state.service} />
      {state.host.note !== undefined && (
        <div className="section">
          <div className="note" role="status">
            {state.host.note}
          </div>
        </div>
      )}
      {notice && (
        <Note problem={notice.problem}>
          {notice.retry && (
            <Button kind="small" onPress={session.retryNotice}>
              Place again
            </Button>
          )}
          <Button kind="small" onPress={session.dismissNotice}>
            Close
          </Button>
        </Note>
      )}
      {failed && failed.phase.state === 'failed' && state.service.phase === 'ready' && (
        <Note problem={failed.phase.problem} about={failed.label}>
          {failed.phase.problem.retryable && (
            <Button kind="small" onPress={session.generate}>
              Run again
            </Button>
          )}
          <Button kind="small" onPress={() => session.discardRun(failed.key)}>
            Close
          </Button>
        </Note>
      )}
    </>
  );
}

function ServiceNotice({ service }: { readonly service: ServiceState }) {
  const [, session] = useSession();
  if (service.phase === 'down') {
    return (
      <Note problem={service.problem}>
        <Button kind="small" onPress={session.lookAgain}>
          Look again
        </Button>
      </Note>
    );
  }
  return service.phase === 'pairing' ? <Pairing problem={service.problem} /> : null;
}

function Pairing({ problem }: { readonly problem: Problem | undefined }) {
  const [, session] = useSession();
  const [code, setCode] = useState('');
  // What stands in the field, also when the button is pressed before it has been drawn again.
  const typed = useRef('');
  const keep = (text: string) => {
    typed.current = text;
    setCode(text);
  };
  // Not on leaving the field: that is what a press on the button begins with, and every try counts.
  const tryCode = () => {
    if (typed.current.trim() !== '') session.pair(typed.current);
  };
  return (
    <div className="section">
      <div className="note" role="alert">
        <div>
          <b>{problem?.title ?? 'Pair this panel with the service.'}</b>
        </div>
        <div className="tiny note-text">
          {problem?.next ?? 'Type the code that the service shows, or run "pentimento pair".'}
        </div>
        <div className="row">
          <TextField
            label="Pairing code"
            placeholder="code"
            value={code}
            width="wide"
            onCommit={keep}
            onEnter={(text) => {
              keep(text);
              tryCode();
            }}
          />
          <div className="beside">
            <Button kind="small" onPress={tryCode}>
              Pair
            </Button>
          </div>
        </div>
      </div>
    </div>
  );
}

interface NoteProps {
  readonly problem: Problem;
  readonly about?: string;
  readonly children: ReactNode;
}

function Note({ problem, about, children }: NoteProps) {
  return (
    <div className="section">
      <div className="note" role="alert">
        <div>
          <b>{problem.title}</b>
        </div>
        <div className="tiny note-text">
          {about !== undefined && `“${about}”. `}
          {problem.detail !== undefined && `${problem.detail} `}
          {problem.next}
        </div>
        <div className="row wrap">{children}</div>
      </div>
    </div>
  );
}
