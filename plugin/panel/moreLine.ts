import type { Settings } from '../session/settings.ts';

/** The state of everything under More, in one line. */
export function moreLine(settings: Settings): string {
  const seed = settings.isSeedFixed ? `seed ${settings.seed}` : 'seed random';
  if (settings.mode === 'remove') {
    return `${seed} · colour match ${Math.round(settings.colorMatch * 100)} %`;
  }
  const schedule = settings.schedule === 'karras' ? ' Karras' : '';
  return `${settings.sampler}${schedule} · ${settings.steps} steps · CFG ${settings.cfgScale} · ${seed}`;
}
