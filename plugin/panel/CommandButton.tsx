import { mainButton } from '../session/select.ts';
import { Button } from './controls/Button.tsx';
import { useSession } from './useSession.ts';

/** The one button; the workbench keeps it in sight below what scrolls. */
export function CommandButton() {
  const [state, session] = useSession();
  const { label, isEnabled, hint } = mainButton(state);
  return (
    <div className="section main-command">
      <Button kind="main" isDisabled={!isEnabled} onPress={session.generate} id="command">
        {label}
      </Button>
      {hint !== undefined && <div className="tiny dim hint">{hint}</div>}
    </div>
  );
}
