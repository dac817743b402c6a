/** How facts are worded in the panel. */
import type { Plan } from '../../shared/plan.ts';
import type { Size } from '../../shared/geometry.ts';

export function sizeWords({ width, height }: Size): string {
  return `${width} × ${height}`;
}

/** '38 s', '2 min 5 s'; tenths below ten seconds. */
export function timeWords(seconds: number): string {
  if (seconds < 10) return `${Math.max(0.1, Math.round(seconds * 10) / 10)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  return `${minutes} min ${Math.round(seconds - minutes * 60)} s`;
}

export function memoryWords(bytes: number): string {
  if (bytes < 1e9) return `${Math.max(1, Math.round(bytes / 1e6))} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** 'runs at 768 × 704, scaled ×1.09' */
export function workingWords(plan: Plan): string {
  const scale = Math.abs(plan.scale - 1) < 0.005 ? '' : `, scaled ×${plan.scale.toFixed(2)}`;
  return `runs at ${sizeWords(plan.workingSize)}${scale}`;
}

/** '≈ 38 s · 4.1 GB'; undefined while nothing has been measured. */
export function costWords({ seconds, memoryBytes }: Plan): string | undefined {
  const parts = [
    seconds === undefined ? undefined : timeWords(seconds),
    memoryBytes === undefined ? undefined : memoryWords(memoryBytes),
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : `≈ ${parts.join(' · ')}`;
}
