import { ControlFit } from '../../shared/control.ts';
import type { ControlSight } from '../session/controls.ts';
import type { SessionState } from '../session/state.ts';
import type { ControlUnitProps } from './ControlUnitFields.tsx';
import { Field } from './controls/Field.tsx';
import { LinkButton } from './controls/LinkButton.tsx';
import { Picker } from './controls/Picker.tsx';
import { useSession } from './useSession.ts';

const sights = [
  { value: 'picture', label: 'this picture' },
  { value: 'mask', label: 'the selection' },
  { value: 'layer', label: 'a layer' },
  { value: 'file', label: 'a file' },
];

const fits = [
  { value: 'crop', label: 'cut to fit' },
  { value: 'fill', label: 'with bars' },
  { value: 'stretch', label: 'stretched' },
];

/** What a ControlNet looks at: the run's picture or selection, a layer of the document, a file. */
export function ControlSightFields({ control, number }: ControlUnitProps) {
  const [state, session] = useSession();
  const { id, sight, fit } = control;
  const look = (kind: string) => {
    if (kind === 'picture' || kind === 'mask') session.changeControl(id, { sight: { kind } });
    if (kind === 'layer') session.lookAtActiveLayer(id);
    // The file is asked for by a link: pickers opened from Photoshop's own widgets may not close (PS-57264).
    if (kind === 'file') session.changeControl(id, { sight: { kind, name: '' } });
  };
  return (
    <>
      <Field label="Looks at">
        <Picker
          label={`ControlNet ${number} looks at`}
          value={sight.kind}
          choices={sights}
          onChange={look}
        />
      </Field>
      {sight.kind === 'layer' && (
        <div className="about tiny">
          <div className="cut">“{sight.name}”</div>
          {otherActive(state, sight) !== undefined && (
            <div className="cut">
              <LinkButton onPress={() => session.lookAtActiveLayer(id)}>
                {`use “${otherActive(state, sight)}”`}
              </LinkButton>
            </div>
          )}
        </div>
      )}
      {sight.kind === 'file' && (
        <>
          <div className="about tiny">
            {sight.name !== '' && <div className="cut">{sight.name}</div>}
            <LinkButton
              label={`Choose a picture for ControlNet ${number}`}
              onPress={() => session.pickControlPicture(id)}
            >
              {sight.name === '' ? 'choose a picture…' : 'another one…'}
            </LinkButton>
          </div>
          <Field label="Its shape">
            <Picker
              label={`ControlNet ${number} shape`}
              value={fit}
              choices={fits}
              onChange={(value) => session.changeControl(id, { fit: ControlFit.parse(value) })}
            />
          </Field>
        </>
      )}
    </>
  );
}

/** Name of the active layer, where it is another one. */
function otherActive(
  { host }: SessionState,
  sight: Extract<ControlSight, { kind: 'layer' }>,
): string | undefined {
  const layer = host.document?.layer;
  const isSame = host.document?.id === sight.documentId && layer?.id === sight.layerId;
  return isSame ? undefined : layer?.name;
}
