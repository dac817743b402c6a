/** What further stages add to a run, told before it starts. Pure. */
import type { Size } from '../../../shared/geometry.ts';
import { hiresSize } from '../../../shared/hiresSize.ts';
import type { PlanRequest } from '../../../shared/plan.ts';
import { countSteps } from '../sampling/steps.ts';
import { pipelineOptions } from './pipelineOptions.ts';

export interface PlannedStages {
  /** Size of the last pass, pixels. */
  readonly size: Size;
  /** Steps that it runs beside the first pass's. */
  readonly steps: number;
  readonly megapixels: number;
  readonly notes: readonly string[];
}

type Asked = Pick<PlanRequest, 'hires' | 'steps' | 'dialect'>;

/** Undefined where there is one pass. `first`: its size, pixels. */
export function secondPass(
  { hires, steps, dialect }: Asked,
  first: Size,
): PlannedStages | undefined {
  if (!hires) return undefined;
  const size = hiresSize(first, hires);
  const asked = hires.steps || steps;
  const { exactStepRule: rule } = pipelineOptions(dialect);
  const { run } = countSteps({ rule, steps: asked, strength: hires.strength });
  const text = ({ width, height }: Size) => `${width} x ${height}`;
  return {
    size,
    steps: run,
    megapixels: (size.width * size.height) / 1e6,
    notes: [`Two passes: ${text(first)}, then ${run} steps at ${text(size)}.`],
  };
}
