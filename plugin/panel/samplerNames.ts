/** What the service knows to run, by the names that people know. */
import type { Choice } from './controls/Picker.tsx';

function named(...names: readonly string[]): readonly Choice[] {
  return names.map((name) => ({ value: name, label: name }));
}

export const samplers = named(
  'DPM++ 2M',
  'DPM++ SDE',
  'DPM++ 2M SDE',
  'DPM++ 3M SDE',
  'DPM++ 2S a',
  'Euler',
  'Euler a',
  'Heun',
  'LMS',
  'DPM2',
  'DPM2 a',
  'DDIM',
);

export const schedules: readonly Choice[] = [
  { value: 'automatic', label: 'Automatic' },
  { value: 'karras', label: 'Karras' },
  { value: 'exponential', label: 'Exponential' },
  { value: 'uniform', label: 'Uniform' },
  { value: 'sgm_uniform', label: 'SGM uniform' },
  { value: 'normal', label: 'Normal' },
  { value: 'simple', label: 'Simple' },
  { value: 'beta', label: 'Beta' },
];
