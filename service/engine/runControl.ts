/** The ControlNets of one run: which of them speak at a call, to which predictions, and how loudly. */
import type { ControlMode } from '../../shared/control.ts';
import type { ControlResiduals } from './diffusion.ts';
import { itemsOf } from './networks/batch.ts';
import { contextItems } from './networks/conditionFeeds.ts';
import type { ControlNet } from './networks/controlNet.ts';
import {
  joinResiduals,
  sumResiduals,
  type ResidualFading,
  type WeighedResiduals,
} from './networks/controlResiduals.ts';
import type { PipelineOptions } from './plan/pipelineOptions.ts';
import type { RowQuestion } from './sampling/conditionRows.ts';
import type { StepPlan } from './sampling/steps.ts';
import type { Tensor } from './tensor.ts';

/** A ControlNet with what it looks at. */
export interface ControlUnitOfRun {
  readonly net: Pick<ControlNet, 'residuals'>;
  /** `[1,3,H,W]` at the working size; 0..1, and -1 where an inpainting one is to paint. */
  readonly hint: Tensor;
  readonly weight: number;
  /** Shares of the steps, 0..1, between which it speaks. */
  readonly start: number;
  readonly end: number;
  readonly mode: ControlMode;
}

export interface ControlOptions {
  readonly units: readonly ControlUnitOfRun[];
  readonly window: PipelineOptions['controlWindow'];
  readonly fading: PipelineOptions['controlFading'];
}

export interface RunControl {
  /**
   * What is added to the rows of one model call; undefined: nothing yet. Once any has spoken it is zeros
   * when they are silent: a UNet that takes no residuals is another network, to be loaded for the rest of
   * the run. Throws what a network throws.
   */
  residuals(question: RowQuestion): Promise<ControlResiduals | undefined>;
  /** To be told of each finished step, from 1. */
  stepDone(step: number): void;
}

/** One run's own: it counts steps and calls. */
export function makeRunControl(
  { units, window, fading }: ControlOptions,
  plan: Pick<StepPlan, 'steps' | 'evaluations'>,
): RunControl {
  const progress = { done: 0, firstCall: 0 };
  let lastCall = -1;
  let nothing: ControlResiduals | undefined;

  function speaks({ start, end }: ControlUnitOfRun, call: number): boolean {
    if (window === 'last-told') {
      // The counter is told a step after that step's first evaluation (a1111: callback_state).
      const told = call > progress.firstCall ? progress.done : Math.max(0, progress.done - 1);
      const share = told / plan.steps;
      return share >= start && share <= end;
    }
    const { evaluations } = plan;
    const [at, all] = evaluations === undefined ? [progress.done, plan.steps] : [call, evaluations];
    return at / all >= start && (at + 1) / all <= end;
  }

  async function rowParts(question: RowQuestion, row: number): Promise<WeighedResiduals[]> {
    const latents = itemsOf(question.latents)[row];
    const text = contextItems(question.context)[row];
    const timesteps = question.timesteps.subarray(row, row + 1);
    const parts: WeighedResiduals[] = [];
    for (const unit of units) {
      const isSilent = unit.mode === 'control' && !question.conditional[row];
      if (isSilent || !speaks(unit, question.call)) continue;
      const residuals = await unit.net.residuals({ hint: unit.hint, latents, timesteps, text });
      parts.push({ residuals, strength: unit.weight, fading: fadingOf(unit.mode, fading) });
    }
    return parts;
  }

  return {
    async residuals(question) {
      lastCall = question.call;
      const rows: WeighedResiduals[][] = [];
      for (const row of question.conditional.keys()) rows.push(await rowParts(question, row));
      const some = rows.find((parts) => parts.length > 0)?.[0];
      if (some) nothing ??= sumResiduals([{ ...some, strength: 0 }]);
      const silence = nothing;
      return (
        silence &&
        joinResiduals(rows.map((parts) => (parts.length > 0 ? sumResiduals(parts) : silence)))
      );
    },
    stepDone(step) {
      progress.done = step;
      progress.firstCall = lastCall + 1;
    },
  };
}

function fadingOf(mode: ControlMode, faded: ResidualFading): ResidualFading {
  return mode === 'balanced' ? 'none' : faded;
}
