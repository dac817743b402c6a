import { lenderChoices } from '../session/lentParts.ts';
import { activeModel } from '../session/select.ts';
import { Field } from './controls/Field.tsx';
import { Picker } from './controls/Picker.tsx';
import { useSession } from './useSession.ts';

/** Whose text encoder and VAE go with a UNet alone; nothing for models that have their own. */
export function LenderField() {
  const [state, { change }] = useSession();
  const choices = lenderChoices(state);
  if (choices.length < 2) return null;
  const usual = activeModel(state)?.partsFrom ?? '';
  return (
    <Field label="Parts of">
      <Picker
        label="Text encoder and VAE of"
        value={state.settings.partsFrom}
        choices={[
          { value: '', label: `${usual} (the first)` },
          ...choices.map(({ id, name }) => ({ value: id, label: name })),
        ]}
        onChange={(partsFrom) => change({ partsFrom })}
      />
    </Field>
  );
}
