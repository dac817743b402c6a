/** A proportional, integral and derivative controller of step widths (k-diffusion PIDStepSizeController). */
import type { AdaptiveOptions } from '../types.ts';

export interface StepController {
  /** Width of the step to try next. */
  readonly width: number;
  /** Whether a step with this error (1 = just allowed) is kept; chooses the next width. */
  accepts(error: number): boolean;
}

const least = 1e-8;

/** `order`: by how much the error falls with the width. */
export function stepController(order: number, options: AdaptiveOptions): StepController {
  const { proportional: p = 0, integral: i = 1, derivative: d = 0 } = options;
  const { firstWidth = 0.05, acceptSafety = 0.81 } = options;
  const powers = [(p + i + d) / order, -(p + 2 * d) / order, d / order] as const;
  let past: [number, number] | undefined;
  let width = firstWidth;
  return {
    get width() {
      return width;
    },
    accepts(error) {
      const inverse = 1 / (error + least);
      past ??= [inverse, inverse];
      const wanted = inverse ** powers[0] * past[0] ** powers[1] * past[1] ** powers[2];
      // Between a fifth and two and a half times the width.
      const factor = 1 + Math.atan(wanted - 1);
      const accepted = factor >= acceptSafety;
      if (accepted) past = [inverse, past[0]];
      width *= factor;
      return accepted;
    },
  };
}
