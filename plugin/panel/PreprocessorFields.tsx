import { Preprocessor } from '../../shared/control.ts';
import { preprocessorList, wordsOfPreprocessor } from '../session/controls.ts';
import type { ControlUnitProps } from './ControlUnitFields.tsx';
import { Field } from './controls/Field.tsx';
import { NumberField } from './controls/NumberField.tsx';
import { OptionPicker } from './controls/OptionPicker.tsx';
import { useSession } from './useSession.ts';

const asItIs = {
  value: 'none',
  label: 'As it is',
  about: 'It is a drawing or a map already.',
  aliases: [],
};

const options = [
  asItIs,
  ...preprocessorList().map(([value, { label, about }]) => ({
    value,
    label,
    about,
    aliases: [value],
  })),
];

/** What is made of the picture before the ControlNet sees it, and with which settings. */
export function PreprocessorFields({ control, number }: ControlUnitProps) {
  const [, session] = useSession();
  const { id, preprocessor } = control;
  const words = preprocessor && wordsOfPreprocessor(preprocessor.name);
  return (
    <>
      <OptionPicker
        label="Made into"
        name={`ControlNet ${number} made into`}
        shown={words?.label ?? asItIs.label}
        about={(words ?? asItIs).about}
        value={preprocessor?.name ?? 'none'}
        suggested={options}
        more={[]}
        onChange={(value) =>
          session.changeControl(id, {
            preprocessor: value === 'none' ? undefined : Preprocessor.parse({ name: value }),
          })
        }
      />
      {(['a', 'b'] as const).map((key) => (
        <Threshold key={key} control={control} number={number} of={key} />
      ))}
    </>
  );
}

function Threshold({ control, number, of }: ControlUnitProps & { readonly of: 'a' | 'b' }) {
  const [, session] = useSession();
  const { id, preprocessor } = control;
  const words = preprocessor && wordsOfPreprocessor(preprocessor.name)[of];
  if (!words || preprocessor.name === 'inpaint') return null;
  return (
    <Field label={words.label}>
      <NumberField
        label={`ControlNet ${number} ${words.label.toLowerCase()}`}
        value={preprocessor[of] ?? words.default}
        range={words}
        digits={words.digits}
        onChange={(value) =>
          session.changeControl(id, { preprocessor: { ...preprocessor, [of]: value } })
        }
      />
    </Field>
  );
}
