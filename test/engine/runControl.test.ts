/** When the ControlNets of a run speak, to which predictions, and how loudly. */
import { describe, expect, it } from 'vitest';
import type { ControlMode } from '../../shared/control.ts';
import type { ControlResiduals, DiffusionModel } from '../../service/engine/diffusion.ts';
import { diffuse } from '../../service/engine/diffuse.ts';
import { pipelineOptions } from '../../service/engine/plan/pipelineOptions.ts';
import {
  makeRunControl,
  type ControlOptions,
  type ControlUnitOfRun,
} from '../../service/engine/runControl.ts';
import type { RowQuestion } from '../../service/engine/sampling/conditionRows.ts';
import { tensor, type Tensor } from '../../service/engine/tensor.ts';
import { arithmeticModel } from './arithmeticModel.ts';

const hint = tensor(new Float32Array(3 * 64), [1, 3, 8, 8]);
const ones = (): Tensor => tensor(new Float32Array(4).fill(1), [1, 4, 1, 1]);
const net = { residuals: async () => ({ down: [ones(), ones()], mid: ones() }) };

function unit(more: Partial<ControlUnitOfRun> = {}): ControlUnitOfRun {
  return { net, hint, weight: 1, start: 0, end: 1, mode: 'balanced', ...more };
}

function question(call: number, conditional: readonly boolean[] = [true]): RowQuestion {
  const rows = conditional.length;
  return {
    call,
    conditional,
    latents: tensor(new Float32Array(4 * rows), [rows, 4, 1, 1]),
    timesteps: new Float32Array(rows).fill(500),
    context: tensor(new Float32Array(rows * 6), [rows, 3, 2]),
  };
}

const speaks = (residuals: ControlResiduals | undefined) => (residuals?.mid.data[0] ?? 0) > 0;

/** The calls, of one a step, in which it speaks. */
async function speaking(more: Partial<ControlUnitOfRun>, window: ControlOptions['window']) {
  const plan = { steps: 10, evaluations: 10 };
  const control = makeRunControl({ units: [unit(more)], window, fading: 'soft' }, plan);
  const found: number[] = [];
  for (let step = 0; step < 10; step++) {
    if (speaks(await control.residuals(question(step)))) found.push(step);
    control.stepDone(step + 1);
  }
  return found;
}

describe('the ControlNets of a run', () => {
  it('speak in the steps that lie wholly between start and end', async () => {
    expect(await speaking({}, 'whole-steps')).toHaveLength(10);
    expect(await speaking({ start: 0.2, end: 0.5 }, 'whole-steps')).toEqual([2, 3, 4]);
    expect(await speaking({ start: 0.15, end: 0.55 }, 'whole-steps')).toEqual([2, 3, 4]);
    expect(await speaking({ start: 0.5, end: 0.5 }, 'whole-steps')).toEqual([]);
  });

  it('or go by a counter that is told of a step after its first evaluation', async () => {
    expect(await speaking({}, 'last-told')).toHaveLength(10);
    expect(await speaking({ end: 0.5 }, 'last-told')).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(await speaking({ start: 0.2, end: 0.5 }, 'last-told')).toEqual([3, 4, 5, 6]);
  });

  it('have the counter told before the second evaluation of a step', async () => {
    const plan = { steps: 4, evaluations: 8 };
    const options = {
      units: [unit({ start: 0.25 })],
      window: 'last-told',
      fading: 'soft',
    } as const;
    const control = makeRunControl(options, plan);
    const spoke: boolean[] = [];
    for (let call = 0; call < 8; call++) {
      spoke.push(speaks(await control.residuals(question(call))));
      if (call % 2 === 1) control.stepDone((call + 1) / 2);
    }
    expect(spoke).toEqual([false, false, false, true, true, true, true, true]);
  });

  it('leave what is to be avoided alone where they matter more than the prompt', async () => {
    const answers = async (mode: ControlMode) => {
      const options = { units: [unit({ mode })], window: 'whole-steps', fading: 'soft' } as const;
      const control = makeRunControl(options, { steps: 1, evaluations: 1 });
      const found = await control.residuals(question(0, [true, false]));
      if (!found) throw new Error('Expected residuals');
      return [...found.mid.data.subarray(0, 1), ...found.mid.data.subarray(4, 5)];
    };
    expect(await answers('balanced')).toEqual([1, 1]);
    const soft = Math.fround(0.825 ** 10);
    expect((await answers('prompt')).map((v) => Math.fround(v))).toEqual([soft, soft]);
    expect((await answers('control')).map((v) => Math.fround(v))).toEqual([soft, 0]);
  });

  it('add up, each with its weight', async () => {
    const units = [unit({ weight: 0.5 }), unit({ weight: 1.25 }), unit({ start: 0.5, weight: 9 })];
    const options = { units, window: 'whole-steps', fading: 'soft' } as const;
    const control = makeRunControl(options, { steps: 2, evaluations: 2 });
    const found = await control.residuals(question(0));
    expect(found?.down[0].data[0]).toBeCloseTo(1.75, 6);
  });

  it('are given to the network with every call from when they speak, then as zeros', async () => {
    const given: Array<ControlResiduals | undefined> = [];
    const plain = arithmeticModel();
    const model: DiffusionModel = {
      ...plain,
      predict(latents, timesteps, context, control) {
        given.push(control);
        return plain.predict(latents, timesteps, context);
      },
    };
    const context = await model.encodeText([new Int32Array(77)], 1);
    const steps = diffuse({
      model,
      options: pipelineOptions('pentimento'),
      sampler: 'Euler',
      schedule: 'automatic',
      steps: 4,
      cfgScale: 3,
      conditioning: () => ({ positive: [[{ context, weight: 1 }]], negative: [context] }),
      shape: [1, 4, 2, 2],
      seeds: [1],
      noise: { next: () => Float32Array.from({ length: 16 }, (_, i) => Math.sin(i)) },
      control: { units: [unit({ end: 0.5 })], window: 'whole-steps', fading: 'soft' },
    });
    for await (const step of steps) expect(step.steps).toBe(4);
    // Two rows: the prompt, and what is to be avoided.
    expect(given.map((control) => control?.mid.shape[0])).toEqual([2, 2, 2, 2]);
    expect(given.map(speaks)).toEqual([true, true, false, false]);
  });
});
