import type { Rect, Size } from '../../shared/geometry.ts';
import { kindOf } from '../session/buildPlanRequest.ts';
import { newCanvas } from '../session/expansion.ts';
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
  const kind = kindOf(state);
  const isModelFree = kind === 'remove' || kind === 'expand-patches';
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
  const isAround = hasSelection(state) && state.settings.mode !== 'expand';
  return `sees ${sizeWords(context)}${isAround ? ' around it' : ''}`;
}

function subject(state: SessionState): readonly [string, Size | undefined] {
  const { host } = state;
  if (state.settings.mode === 'expand') return ['New canvas', newCanvas(state) ?? host.document];
  if (hasSelection(state)) return ['Selection', host.selectionBounds];
  if (state.settings.mode === 'remove') return ['Nothing selected', undefined];
  return ['Layer', host.layerBounds];
}
