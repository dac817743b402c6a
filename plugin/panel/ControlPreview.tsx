import type { ControlUnitProps } from './ControlUnitFields.tsx';
import { LinkButton } from './controls/LinkButton.tsx';
import { useSession } from './useSession.ts';

/** The file that was chosen, and on request what the ControlNet will see. */
export function ControlPreview({ control, number }: ControlUnitProps) {
  const [state, session] = useSession();
  const view = state.previews.controls[control.id];
  const { sight } = control;
  const isFile = sight.kind === 'file';
  const hasFile = isFile && sight.name !== '' && view?.picture !== undefined;
  const canShow = state.plan.phase === 'known' && (!isFile || hasFile);
  return (
    <div className="under">
      {hasFile && view?.picture !== undefined && (
        <img className="glance" src={view.picture} alt={`File for ControlNet ${number}`} />
      )}
      {view?.map !== undefined && (
        <div className="picture under">
          <img src={view.map} alt={`What ControlNet ${number} will see`} />
        </div>
      )}
      {canShow && (
        <div className="tiny under">
          <LinkButton
            label={`Show what ControlNet ${number} will see`}
            onPress={() => session.showControlMap(control.id)}
          >
            {linkWords(view?.isReading === true, view?.map !== undefined)}
          </LinkButton>
        </div>
      )}
      {view?.problem && (
        <div className="note-line tiny" role="alert">
          {view.problem.title} {view.problem.detail} {view.problem.next}
        </div>
      )}
    </div>
  );
}

function linkWords(isReading: boolean, isShown: boolean): string {
  if (isReading) return 'reading…';
  return isShown ? 'show again' : 'show what it will see';
}
