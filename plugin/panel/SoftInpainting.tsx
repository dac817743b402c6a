import type { SoftInpainting as Soft } from '../../shared/advanced.ts';
import { softInpaintingLimits } from '../../shared/limits.ts';
import { Checkbox } from './controls/Checkbox.tsx';
import { Field } from './controls/Field.tsx';
import { NumberField } from './controls/NumberField.tsx';
import { Slider } from './controls/Slider.tsx';
import { useSession } from './useSession.ts';

type Name = keyof Soft;

/** In AUTOMATIC1111's order and words. */
const fields: ReadonlyArray<{
  readonly name: Name;
  readonly label: string;
  readonly about: string;
}> = [
  {
    name: 'scheduleBias',
    label: 'Schedule bias',
    about: 'Above 1 the original is held longer.',
  },
  {
    name: 'preservationStrength',
    label: 'Preservation strength',
    about: 'How strongly partly selected spots are kept.',
  },
  {
    name: 'transitionContrastBoost',
    label: 'Transition contrast boost',
    about: 'Contrast where both pictures mix.',
  },
  {
    name: 'maskInfluence',
    label: 'Mask influence',
    about: 'How much the selection itself says what is seen.',
  },
  {
    name: 'differenceThreshold',
    label: 'Difference threshold',
    about: 'How much must have changed to be seen.',
  },
  {
    name: 'differenceContrast',
    label: 'Difference contrast',
    about: 'How sharp the line between is.',
  },
];

const usual = Object.fromEntries(
  Object.entries(softInpaintingLimits).map(([name, range]) => [name, range.default]),
) as Soft;

/** Sliders know whole numbers only. */
const fine = 100;

/** A switch, and what AUTOMATIC1111 has behind it. */
export function SoftInpainting() {
  const [{ settings }, { change }] = useSession();
  const { softInpainting: soft, ...others } = settings.advanced;
  const set = (next: Soft) => change({ advanced: { ...others, softInpainting: next } });
  return (
    <>
      <Field label="Soft inpaint">
        <Checkbox
          isChecked={soft !== undefined}
          onChange={(isOn) => (isOn ? set(usual) : change({ advanced: others }))}
        >
          keep soft edges
        </Checkbox>
      </Field>
      {soft && (
        <div className="soft-fields" role="group" aria-label="Soft inpainting">
          {fields.map((field) => (
            <SoftField
              key={field.name}
              {...field}
              value={soft[field.name]}
              onChange={(value) => set({ ...soft, [field.name]: value })}
            />
          ))}
        </div>
      )}
    </>
  );
}

interface SoftFieldProps {
  readonly name: Name;
  readonly label: string;
  readonly about: string;
  readonly value: number;
  readonly onChange: (value: number) => void;
}

function SoftField({ name, label, about, value, onChange }: SoftFieldProps) {
  const range = softInpaintingLimits[name];
  return (
    <div className="under">
      <div className="row wrap">
        <div className="grow">{label}</div>
        <NumberField label={label} value={value} range={range} digits={2} onChange={onChange} />
      </div>
      <Slider
        label={label}
        value={Math.round(value * fine)}
        min={range.min * fine}
        max={range.max * fine}
        onChange={(next) => onChange(next / fine)}
      />
      <div className="tiny dim">{about}</div>
    </div>
  );
}
