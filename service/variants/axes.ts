/** The axes of AUTOMATIC1111's X/Y/Z plot in its order (scripts/xyz_grid.py axis_options, v1.10.1). Pure. */
import { PentimentoError } from '../../shared/errors.ts';
import { nearestNames } from '../../shared/nearest.ts';
import { pythonFloatText } from '../recipes/pythonNumber.ts';
import { findSampler } from '../engine/sampling/samplers/registry.ts';
import { webuiSamplerName } from '../recipes/webuiSamplers.ts';
import { axisNumbers, axisOrders, axisTexts, type AxisType } from './axisValues.ts';

export interface Axis {
  readonly name: string;
  readonly type: AxisType;
  /** 0..1: how long a change takes; the dearest axis is the outermost loop. */
  readonly cost: number;
  /** The values are names from a list. */
  readonly hasChoices: boolean;
  /** How a value is written beside the grid: alone (of a file without its folder), or after the axis' name. */
  readonly label: 'value' | 'file' | 'named' | 'none';
}

const axis = (name: string, type: AxisType, more: Partial<Axis> = {}): Axis => ({
  name,
  type,
  cost: 0,
  hasChoices: false,
  label: 'named',
  ...more,
});
const chosen = (name: string, more: Partial<Axis> = {}): Axis =>
  axis(name, 'text', { hasChoices: true, ...more });
const numbers = (names: readonly string[]): Axis[] => names.map((name) => axis(name, 'number'));

export const axes: readonly Axis[] = [
  axis('Nothing', 'text', { label: 'none' }),
  axis('Seed', 'whole'),
  axis('Var. seed', 'whole'),
  axis('Var. strength', 'number'),
  axis('Steps', 'whole'),
  axis('Hires steps', 'whole'),
  axis('CFG Scale', 'number'),
  axis('Image CFG Scale', 'number'),
  axis('Prompt S/R', 'text', { label: 'value' }),
  axis('Prompt order', 'order', { label: 'value' }),
  chosen('Sampler', { label: 'value' }),
  chosen('Hires sampler'),
  chosen('Checkpoint name', { cost: 1, label: 'file' }),
  ...numbers(['Negative Guidance minimum sigma', 'Sigma Churn', 'Sigma min', 'Sigma max']),
  axis('Sigma noise', 'number'),
  chosen('Schedule type'),
  ...numbers(['Schedule min sigma', 'Schedule max sigma', 'Schedule rho']),
  ...numbers(['Beta schedule alpha', 'Beta schedule beta', 'Eta']),
  axis('Clip skip', 'whole'),
  ...numbers(['Denoising', 'Initial noise multiplier', 'Extra noise']),
  chosen('Hires upscaler'),
  axis('Cond. Image Mask Weight', 'number'),
  chosen('VAE', { cost: 0.7 }),
  chosen('Styles'),
  axis('UniPC Order', 'whole', { cost: 0.5 }),
  axis('Face restore', 'text', { label: 'value' }),
  ...numbers(['Token merging ratio', 'Token merging ratio high-res']),
  chosen('Always discard next-to-last sigma'),
  chosen('SGM noise multiplier'),
  chosen('Refiner checkpoint', { cost: 1, label: 'file' }),
  axis('Refiner switch at', 'number'),
  chosen('RNG source'),
  chosen('FP8 mode', { cost: 0.9 }),
  axis('Size', 'text'),
  chosen('[Hypertile] Unet First pass Enabled'),
  chosen('[Hypertile] Unet Second pass Enabled'),
  axis('[Hypertile] Unet Max Depth', 'whole', { hasChoices: true }),
  axis('[Hypertile] Unet Max Tile Size', 'whole'),
  axis('[Hypertile] Unet Swap Size', 'whole'),
  chosen('[Hypertile] VAE Enabled'),
  axis('[Hypertile] VAE Max Depth', 'whole', { hasChoices: true }),
  axis('[Hypertile] VAE Max Tile Size', 'whole'),
  axis('[Hypertile] VAE Swap Size', 'whole'),
];

/** An axis by its name, whatever its case. Throws E_PARAM with the nearest names. */
export function findAxis(name: string): Axis {
  const wanted = name.trim().toLowerCase();
  const found = axes.find((a) => a.name.toLowerCase() === wanted);
  if (found) return found;
  const near = nearestNames(
    name,
    axes.map((a) => a.name),
  );
  const ask = near.length > 0 ? ` Nearest: ${near.join(', ')}.` : '';
  throw new PentimentoError('E_PARAM', `There is no axis "${name.slice(0, 60)}".${ask}`);
}

export type AxisValue = number | string | readonly string[];

/** An axis' values in order. Throws E_PARAM (no number or range), E_SAMPLER_UNKNOWN. */
export function axisValues({ name, type }: Axis, text: string): AxisValue[] {
  if (name === 'Nothing') return [0];
  if (type === 'order') return axisOrders(text);
  if (type !== 'text') return axisNumbers(text, type);
  const values = axisTexts(text);
  if (name === 'Sampler' || name === 'Hires sampler') {
    for (const value of values) {
      if (webuiSamplerName(value.toLowerCase()) === undefined) findSampler(value);
    }
  }
  return values;
}

/** What is drawn beside the grid; numbers to eight decimals, those of a "number" axis with a point. */
export function axisLabel({ name, type, label }: Axis, value: AxisValue): string {
  if (label === 'none') return '';
  const isReal = typeof value === 'number' && type === 'number';
  const words = Array.isArray(value) ? value.join(', ') : String(value);
  const text = isReal ? pythonFloatText(Number(value.toFixed(8))) : words;
  if (label === 'file') return text.split('/').at(-1) ?? text;
  return label === 'named' ? `${name}: ${text}` : text;
}
