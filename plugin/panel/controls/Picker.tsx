import { useEffect } from 'react';
import { useFlavour } from './flavour.ts';
import { useDomEvents, type SpectrumElement } from './useDomEvents.ts';

export interface Choice {
  readonly value: string;
  readonly label: string;
}

export interface PickerProps {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly Choice[];
  readonly isDisabled?: boolean;
  readonly placeholder?: string;
  readonly onChange: (value: string) => void;
}

export function Picker(props: PickerProps) {
  return useFlavour() === 'native' ? <NativePicker {...props} /> : <WebPicker {...props} />;
}

function WebPicker({ label, value, choices, isDisabled, placeholder, onChange }: PickerProps) {
  const ref = useDomEvents({ change: (_, element) => onChange(element.value) });
  useEffect(() => {
    const element = ref.current as SpectrumElement | null;
    if (element && element.value !== value) element.value = value;
  }, [ref, value, choices]);
  return (
    <sp-picker
      ref={ref}
      class="picker"
      size="s"
      label={placeholder ?? label}
      aria-label={label}
      disabled={isDisabled === true ? true : undefined}
    >
      {choices.map((choice) => (
        <sp-menu-item key={choice.value} value={choice.value}>
          {choice.label}
        </sp-menu-item>
      ))}
    </sp-picker>
  );
}

/** Photoshop's own: a dropdown that wants a menu in its slot and reports an index. */
function NativePicker({ label, value, choices, isDisabled, placeholder, onChange }: PickerProps) {
  const ref = useDomEvents({
    change: (event) => {
      const { selectedIndex } = event.target as unknown as SpectrumElement;
      const choice = choices[selectedIndex];
      if (choice) onChange(choice.value);
    },
  });
  return (
    <sp-dropdown
      ref={ref}
      class="picker"
      aria-label={label}
      placeholder={placeholder ?? label}
      disabled={isDisabled === true ? true : undefined}
    >
      <sp-menu slot="options">
        {choices.map((choice) => (
          <sp-menu-item key={choice.value} selected={choice.value === value ? true : undefined}>
            {choice.label}
          </sp-menu-item>
        ))}
      </sp-menu>
    </sp-dropdown>
  );
}
