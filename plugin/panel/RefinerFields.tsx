import { limits } from '../../shared/limits.ts';
import { refinerChoices } from '../session/refiner.ts';
import { Field } from './controls/Field.tsx';
import { NumberField } from './controls/NumberField.tsx';
import { Picker } from './controls/Picker.tsx';
import { Slider } from './controls/Slider.tsx';
import { useSession } from './useSession.ts';

const none = { value: '', label: 'none' };
const switchRange = { min: limits.refinerSwitch.min * 100, max: limits.refinerSwitch.max * 100 };

/** A second model for the last steps; nothing where no model could be it. */
export function RefinerFields() {
  const [state, { change }] = useSession();
  const { refinerModel, refinerSwitch } = state.settings;
  const choices = refinerChoices(state);
  if (choices.length === 0) return null;
  const percent = Math.round(refinerSwitch * 100);
  const set = (next: number) => change({ refinerSwitch: next / 100 });
  return (
    <>
      <Field label="Refiner">
        <Picker
          label="Refiner"
          value={refinerModel}
          choices={[none, ...choices.map(({ id, name }) => ({ value: id, label: name }))]}
          onChange={(value) => change({ refinerModel: value })}
        />
      </Field>
      {refinerModel !== '' && (
        <>
          <Field label="Takes over at">
            <NumberField
              label="Takes over at"
              value={percent}
              range={switchRange}
              digits={0}
              unit="%"
              onChange={set}
            />
          </Field>
          <Slider label="Refiner takes over" value={percent} {...switchRange} onChange={set} />
        </>
      )}
    </>
  );
}
