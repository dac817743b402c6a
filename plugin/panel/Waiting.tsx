import { activeRuns } from '../session/select.ts';
import { LinkButton } from './controls/LinkButton.tsx';
import { useSession } from './useSession.ts';

/** Runs behind the one at work. */
export function Waiting() {
  const [state, session] = useSession();
  const waiting = activeRuns(state).slice(1);
  if (waiting.length === 0) return null;
  return (
    <div className="section">
      <div className="row heading">
        <div className="grow">Waiting</div>
        <div className="dim">{waiting.length}</div>
      </div>
      {waiting.map((run) => (
        <div key={run.key} className="row">
          <div className="grow cut">
            {run.label} · {run.origin.documentName}
          </div>
          <LinkButton
            label={`Take ${run.label} off the queue`}
            onPress={() => session.cancel(run.key)}
          >
            ✕
          </LinkButton>
        </div>
      ))}
    </div>
  );
}
