/** Loopback: the result is the next run's picture (AUTOMATIC1111, scripts/loopback.py). Pure. */
import type { MaskedContent } from '../../shared/request.ts';

export const loopbackCurves = ['Linear', 'Aggressive', 'Lazy'] as const;
export type LoopbackCurve = (typeof loopbackCurves)[number];

export interface Loopback {
  readonly strength: number;
  readonly finalStrength: number;
  readonly loops: number;
  readonly curve: LoopbackCurve;
  readonly seed: number;
  readonly maskedContent: MaskedContent;
}

export interface LoopbackPass {
  readonly strength: number;
  readonly seed: number;
  readonly maskedContent: MaskedContent;
}

/** Strengths go from the first to the final one along the curve; what was painted is kept from the second on. */
export function loopbackPasses(loopback: Loopback): LoopbackPass[] {
  const { strength, finalStrength, loops, curve, seed, maskedContent } = loopback;
  return Array.from({ length: loops }, (_, i) => ({
    strength: strength + (finalStrength - strength) * shareOf(curve, i / Math.max(1, loops - 1)),
    seed: seed + i,
    maskedContent: i === 0 ? maskedContent : 'original',
  }));
}

function shareOf(curve: LoopbackCurve, progress: number): number {
  switch (curve) {
    case 'Linear':
      return progress;
    case 'Aggressive':
      return Math.sin((progress * Math.PI) / 2);
    case 'Lazy':
      return 1 - Math.cos((progress * Math.PI) / 2);
  }
}
