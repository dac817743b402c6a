import type { Rect } from '../../shared/geometry.ts';
import { kindOf } from '../session/buildPlanRequest.ts';
import { hasSelection } from '../session/select.ts';
import type { SessionState } from '../session/state.ts';
import { useSession } from './useSession.ts';
import { costWords, sizeWords, workingWords } from './words.ts';

/** What will be read and how it will run, before it runs. */
export function PlanView() {
  const [state] = useSession();
  const { plan, host } = state;
  if (!host.document) {
    return <div className="section tiny dim">Open a picture to begin.</div>;
  }
  const [what, bounds] = subject(state);
  const known = plan.phase === 'known' ? plan : undefined;
  const cost = known && costWords(known.plan);
  const isModelFree = kindOf(state) === 'remove';
  return (
    <div className="section row start" aria-live="polite">
      {known?.thumbnail !== undefined && (
        <img className="glance" src={known.thumbnail} alt="What the model will see" />
      )}
      <div className="grow tiny">
        <div>
          <b>{what}</b> {bounds && sizeWords(bounds)}
        </div>
        {known && <div className="dim">{seenWords(state, known.plan.context)}</div>}
        {known && !isModelFree && <div className="dim">{workingWords(known.plan)}</div>}
        {cost !== undefined && <div className="cost">{cost}</div>}
        {known?.plan.notes.map((note) => (
          <div key={note} className="note-line">
            {note}
          </div>
        ))}
        {plan.phase === 'failed' && (
          <div className="note-line">
            {plan.problem.title} {plan.problem.detail} {plan.problem.next}
          </div>
        )}
      </div>
    </div>
  );
}

function seenWords(state: SessionState, context: Rect): string {
  return `sees ${sizeWords(context)}${hasSelection(state) ? ' around it' : ''}`;
}

function subject(state: SessionState): readonly [string, Rect | undefined] {
  const { host } = state;
  if (hasSelection(state)) return ['Selection', host.selectionBounds];
  if (state.settings.mode === 'remove') return ['Nothing selected', undefined];
  return ['Layer', host.layerBounds];
}
