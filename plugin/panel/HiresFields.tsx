import { limits } from '../../shared/limits.ts';
import type { HiresFix } from '../../shared/stages.ts';
import { kindOf } from '../session/buildPlanRequest.ts';
import { hiresChoices, hiresWords, usualHires } from '../session/hires.ts';
import { Checkbox } from './controls/Checkbox.tsx';
import { Field } from './controls/Field.tsx';
import { LinkButton } from './controls/LinkButton.tsx';
import { NumberField } from './controls/NumberField.tsx';
import { PercentField } from './controls/PercentField.tsx';
import { Picker } from './controls/Picker.tsx';
import { useSession } from './useSession.ts';

/** A second, larger pass (hires fix); only where there is no picture to start from. */
export function HiresFields() {
  const [state, { change }] = useSession();
  const { hires } = state.settings;
  if (kindOf(state) !== 'text') return null;
  return (
    <>
      <Field label="Second pass">
        <Checkbox
          isChecked={hires !== undefined}
          onChange={(next) => change({ hires: next ? usualHires : undefined })}
        >
          larger (hires fix)
        </Checkbox>
      </Field>
      {hires && <SecondPass hires={hires} />}
    </>
  );
}

function SecondPass({ hires }: { readonly hires: HiresFix }) {
  const [state, { change }] = useSession();
  const set = (part: Partial<HiresFix>) => change({ hires: { ...hires, ...part } });
  return (
    <>
      <Enlargement hires={hires} />
      <Field label="Enlarged by">
        <Picker
          label="Enlarged by"
          value={hires.upscaler}
          choices={[...hiresChoices(state)]}
          onChange={(upscaler) => set({ upscaler })}
        />
      </Field>
      <Field label="Its strength">
        <PercentField
          label="Strength of the second pass"
          value={hires.strength}
          onChange={(strength) => set({ strength })}
        />
      </Field>
      <Field label="Its steps">
        <NumberField
          label="Steps of the second pass"
          value={hires.steps === 0 ? undefined : hires.steps}
          range={limits.steps}
          digits={0}
          placeholder="same"
          onChange={(steps) => set({ steps })}
          onClear={() => set({ steps: 0 })}
        />
      </Field>
    </>
  );
}

/** A factor; a size, which only recipes set, is told and can be let go. */
function Enlargement({ hires }: { readonly hires: HiresFix }) {
  const [, { change }] = useSession();
  const { size: _size, ...others } = hires;
  const set = (scale: number) => change({ hires: { ...others, scale } });
  if (hires.size) {
    return (
      <Field label="Enlarge to">
        <div className="grow tiny dim">{hiresWords(hires)} px, from a recipe</div>
        <div className="beside tiny">
          <LinkButton onPress={() => set(limits.hiresScale.default)}>clear</LinkButton>
        </div>
      </Field>
    );
  }
  return (
    <Field label="Enlarge">
      <NumberField
        label="Enlarge"
        value={hires.scale ?? limits.hiresScale.default}
        range={limits.hiresScale}
        digits={2}
        unit="×"
        onChange={set}
      />
    </Field>
  );
}
