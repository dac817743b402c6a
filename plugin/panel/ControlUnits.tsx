import { useState } from 'react';
import { mostControls } from '../../shared/control.ts';
import { controlNets, controlsLine } from '../session/controls.ts';
import { ControlUnitFields } from './ControlUnitFields.tsx';
import { LinkButton } from './controls/LinkButton.tsx';
import { useSession } from './useSession.ts';

/** ControlNets behind one line that tells which are set. */
export function ControlUnits() {
  const [state] = useSession();
  const [isOpen, setOpen] = useState(false);
  const { controls } = state.settings;
  return (
    <div className="advanced">
      <div className="row start">
        <LinkButton onPress={() => setOpen(!isOpen)} isExpanded={isOpen}>
          {isOpen ? '▾ ControlNet' : '▸ ControlNet'}
        </LinkButton>
        {!isOpen && (
          <div className="grow tiny dim more-line">{controlsLine(controls, state.models)}</div>
        )}
      </div>
      {isOpen && <Units />}
    </div>
  );
}

function Units() {
  const [state, session] = useSession();
  const { controls } = state.settings;
  const hasNets = controlNets(state).length > 0;
  return (
    <>
      {controls.map((control, i) => (
        <ControlUnitFields key={control.id} control={control} number={i + 1} />
      ))}
      {!hasNets && (
        <div className="tiny dim under">
          There is no ControlNet in your model folders. Put files there and{' '}
          <LinkButton onPress={session.readModels}>look again</LinkButton>.
        </div>
      )}
      {hasNets && controls.length < mostControls && (
        <div className="tiny under">
          <LinkButton onPress={session.addControl}>
            {controls.length === 0 ? '+ add a ControlNet' : '+ add another one'}
          </LinkButton>
        </div>
      )}
    </>
  );
}
