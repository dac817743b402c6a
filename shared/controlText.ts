/** ControlNets in AUTOMATIC1111's `parameters` text, as its extension writes them (sd-webui-controlnet 1.1.455). */
import type { ControlFit, ControlMode, ControlUnit, Preprocessor } from './control.ts';

const fits: Readonly<Record<ControlFit, string>> = {
  stretch: 'Just Resize',
  crop: 'Crop and Resize',
  fill: 'Resize and Fill',
};

const modes: Readonly<Record<ControlMode, string>> = {
  balanced: 'Balanced',
  prompt: 'My prompt is more important',
  control: 'ControlNet is more important',
};

/** Where the extension's name is another one. */
const modules: Readonly<Partial<Record<Preprocessor['name'], string>>> = {
  inpaint: 'inpaint_global_harmonious',
  color: 't2ia_color_grid',
};

/** A field for each unit; `names` are the ControlNets' own, in their order. */
export function controlFields(
  units: readonly ControlUnit[],
  names: readonly string[],
): Array<readonly [name: string, value: string]> {
  return units.map((unit, i) => [`ControlNet ${i}`, unitText(unit, names[i] ?? unit.model)]);
}

/** Its parser knows no quotes inside, so that names lose its separators. */
function unitText(unit: ControlUnit, name: string): string {
  const { preprocessor, weight, fit, start, end, mode } = unit;
  const settings = preprocessor && preprocessor.name !== 'inpaint' ? preprocessor : undefined;
  const fields: ReadonlyArray<readonly [string, string | undefined]> = [
    ['Module', preprocessor ? (modules[preprocessor.name] ?? preprocessor.name) : 'none'],
    ['Model', name.replaceAll(/[:,]/g, '')],
    ['Weight', floatText(weight)],
    ['Resize Mode', fits[fit]],
    ['Threshold A', floatText(settings?.a)],
    ['Threshold B', floatText(settings?.b)],
    ['Guidance Start', floatText(start)],
    ['Guidance End', floatText(end)],
    ['Pixel Perfect', 'True'],
    ['Control Mode', modes[mode]],
  ];
  return fields
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}`]))
    .join(', ');
}

/** Python's form: a whole number keeps its ".0". */
function floatText(value: number | undefined): string | undefined {
  return value !== undefined && Number.isInteger(value) ? `${value}.0` : value?.toString();
}
