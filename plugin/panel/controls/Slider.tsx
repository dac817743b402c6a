import { useEffect } from 'react';
import { useFlavour } from './flavour.ts';
import { useDomEvents, type SpectrumElement } from './useDomEvents.ts';

export interface SliderProps {
  readonly label: string;
  /** Whole numbers: native sliders know no fractions. */
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly onChange: (value: number) => void;
}

export function Slider({ label, value, min, max, onChange }: SliderProps) {
  const isNative = useFlavour() === 'native';
  const read = (_: Event, element: SpectrumElement) => {
    const next = Math.round(Number(element.value));
    if (Number.isFinite(next) && next !== value) onChange(next);
  };
  const ref = useDomEvents({ input: read, change: read });
  useEffect(() => {
    const element = ref.current as SpectrumElement | null;
    if (element && Number(element.value) !== value) element.value = String(value);
  }, [ref, value]);
  return (
    <sp-slider
      ref={ref}
      class="slider"
      size="s"
      label={label}
      aria-label={label}
      min={min}
      max={max}
      step={1}
      variant="filled"
      {...(isNative ? { 'show-value': 'false' } : { 'label-visibility': 'none' })}
    />
  );
}
