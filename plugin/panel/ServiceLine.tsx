import { useState } from 'react';
import { activeModel, usableCheckpoints } from '../session/select.ts';
import type { ServiceState } from '../session/state.ts';
import { LinkButton } from './controls/LinkButton.tsx';
import { Picker } from './controls/Picker.tsx';
import { ModelAbout } from './ModelAbout.tsx';
import { deviceWords, familyName } from '../session/settingWords.ts';
import { useSession } from './useSession.ts';

/** The dot that tells whether the service is there, and the model that will run. */
export function ServiceLine() {
  const [state, session] = useSession();
  const [isOpen, setOpen] = useState(false);
  const models = usableCheckpoints(state);
  const choices = models.map((model) => ({ value: model.id, label: model.name }));
  const active = activeModel(state);
  const placeholder = state.service.phase === 'ready' ? 'No model: Remove works' : 'No service';
  return (
    <>
      <div className="section row">
        <div
          className={`dot dot-${state.service.phase}`}
          role="status"
          aria-label={serviceWords(state.service)}
          title={serviceWords(state.service)}
        />
        <Picker
          label="Model"
          value={active?.id ?? ''}
          choices={choices}
          isDisabled={choices.length === 0}
          {...(choices.length === 0 ? { placeholder } : {})}
          onChange={(model) => session.change({ model })}
        />
        {active && <div className="dim family">{familyName(active.family)}</div>}
        {active && (
          <div className="beside">
            <LinkButton
              label="About this model"
              onPress={() => setOpen(!isOpen)}
              isExpanded={isOpen}
            >
              …
            </LinkButton>
          </div>
        )}
      </div>
      {active && isOpen && <ModelAbout model={active} />}
    </>
  );
}

function serviceWords(service: ServiceState): string {
  switch (service.phase) {
    case 'looking':
      return 'Looking for the service';
    case 'down':
      return 'The service is not running';
    case 'pairing':
      return 'Not paired with the service';
    case 'ready': {
      const device = deviceWords(service.status.device);
      return `The service is ready${device === undefined ? '' : ` (${device})`}`;
    }
  }
}
