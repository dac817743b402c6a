import type { SamplerInfo } from '../../shared/api.ts';
import { hiresWords } from '../session/hires.ts';
import { scheduleWords } from '../session/settingWords.ts';
import type { Settings } from '../session/settings.ts';

/** The state of everything under More, in one line. */
export function moreLine(
  settings: Settings,
  sampler: SamplerInfo | undefined,
  isModelFree = false,
): string {
  const seed = settings.isSeedFixed ? `seed ${settings.seed}` : 'seed random';
  if (settings.mode === 'remove' || isModelFree) {
    return `${seed} · colour match ${Math.round(settings.colorMatch * 100)} %`;
  }
  const isOwn = sampler?.ownSchedule !== undefined || settings.schedule === 'automatic';
  const schedule = isOwn ? '' : ` ${scheduleWords(settings.schedule)}`;
  const name = `${sampler?.name ?? settings.sampler}${schedule}`;
  const extras = [
    settings.advanced.softInpainting ? 'soft inpainting' : '',
    settings.hires ? `second pass ${hiresWords(settings.hires)}` : '',
    netsWords(settings.controls.length),
  ];
  const all = [name, `${settings.steps} steps`, `CFG ${settings.cfgScale}`, seed, ...extras];
  return all.filter(Boolean).join(' · ');
}

function netsWords(count: number): string {
  if (count === 0) return '';
  return count === 1 ? '1 ControlNet' : `${count} ControlNets`;
}
