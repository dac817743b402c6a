import { limits } from '../../shared/limits.ts';
import { ControlMode } from '../../shared/control.ts';
import {
  controlNets,
  controlObstacle,
  preprocessorFor,
  type ControlSetting,
} from '../session/controls.ts';
import { activeModel } from '../session/select.ts';
import { familyName } from '../session/settingWords.ts';
import { ControlPreview } from './ControlPreview.tsx';
import { ControlSightFields } from './ControlSightFields.tsx';
import { Field } from './controls/Field.tsx';
import { groupOptions } from './controls/groupOptions.ts';
import { LinkButton } from './controls/LinkButton.tsx';
import { NumberField } from './controls/NumberField.tsx';
import { PercentField } from './controls/PercentField.tsx';
import { OptionPicker } from './controls/OptionPicker.tsx';
import { Picker } from './controls/Picker.tsx';
import { PreprocessorFields } from './PreprocessorFields.tsx';
import { useSession } from './useSession.ts';

export interface ControlUnitProps {
  readonly control: ControlSetting;
  /** From 1, for its name. */
  readonly number: number;
}

const modes = [
  { value: 'balanced', label: 'balanced' },
  { value: 'prompt', label: 'the prompt more' },
  { value: 'control', label: 'ControlNet more' },
];

/** Everything about one ControlNet. */
export function ControlUnitFields({ control, number }: ControlUnitProps) {
  const [, session] = useSession();
  const { id, weight, mode } = control;
  const name = `ControlNet ${number}`;
  return (
    <div className="unit" role="group" aria-label={name}>
      <div className="row apart">
        <b>{name}</b>
        <div className="tiny">
          <LinkButton label={`Remove ${name}`} onPress={() => session.removeControl(id)}>
            remove
          </LinkButton>
        </div>
      </div>
      <NetField control={control} number={number} />
      <ControlSightFields control={control} number={number} />
      <PreprocessorFields control={control} number={number} />
      <Field label="Weight">
        <NumberField
          label={`${name} weight`}
          value={weight}
          range={limits.controlWeight}
          digits={2}
          onChange={(next) => session.changeControl(id, { weight: next })}
        />
      </Field>
      <WindowField control={control} number={number} />
      <Field label="What counts">
        <Picker
          label={`${name} what counts`}
          value={mode}
          choices={modes}
          onChange={(value) => session.changeControl(id, { mode: ControlMode.parse(value) })}
        />
      </Field>
      <ControlPreview control={control} number={number} />
    </div>
  );
}

function NetField({ control, number }: ControlUnitProps) {
  const [state, session] = useSession();
  const family = activeModel(state)?.family;
  const nets = controlNets(state);
  const chosen = nets.find(({ id }) => id === control.model);
  const groups = groupOptions(
    nets,
    (net) => (controlObstacle(net, family) === undefined ? '' : 'Not for this model'),
    (net) => ({
      value: net.id,
      label: net.name,
      about: controlObstacle(net, family) ?? familyName(net.family),
      aliases: [],
      isDisabled: controlObstacle(net, family) !== undefined,
    }),
  );
  const fitting = groups.find(({ label }) => label === '')?.options ?? [];
  const missing = control.model === '' ? 'choose…' : 'not in your library';
  return (
    <OptionPicker
      label="Model"
      name={`ControlNet ${number} model`}
      shown={chosen?.name ?? missing}
      about={chosen && controlObstacle(chosen, family)}
      value={control.model}
      suggested={fitting}
      more={groups.filter(({ label }) => label !== '')}
      onChange={(model) => {
        const net = nets.find(({ id }) => id === model);
        const preprocessor = net && preprocessorFor(net.name);
        session.changeControl(control.id, { model, ...(preprocessor ? { preprocessor } : {}) });
      }}
    />
  );
}

/** Between which shares of the steps it speaks. */
function WindowField({ control, number }: ControlUnitProps) {
  const [, session] = useSession();
  const { id, start, end } = control;
  return (
    <>
      <Field label="Starts at">
        <PercentField
          label={`ControlNet ${number} starts at`}
          value={start}
          onChange={(next) => session.changeControl(id, { start: next })}
        />
        <div className="grow beside tiny dim">of the steps</div>
      </Field>
      <Field label="Ends at">
        <PercentField
          label={`ControlNet ${number} ends at`}
          value={end}
          onChange={(next) => session.changeControl(id, { end: next })}
        />
      </Field>
      {start > end && (
        <div className="problem tiny" role="alert">
          It would end before it begins.
        </div>
      )}
    </>
  );
}
