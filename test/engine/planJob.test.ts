import { describe, expect, it } from 'vitest';
import type { ControlUnit } from '../../shared/control.ts';
import type { GenerateRequest } from '../../shared/request.ts';
import type { Plan } from '../../shared/plan.ts';
import type { ControlNet } from '../../service/engine/networks/controlNet.ts';
import { planJob } from '../../service/engine/planJob.ts';
import { arithmeticModel } from './arithmeticModel.ts';
import { image, inpaint, picture, remove, run, selection, text } from './jobs.ts';

const size = { width: 200, height: 120 };
const photo = picture(size);
const mask = selection(size, { x: 90, y: 50, width: 20, height: 16 });
const model = arithmeticModel();
const unit: ControlUnit = {
  model: 'lines',
  weight: 1,
  start: 0,
  end: 1,
  mode: 'balanced',
  fit: 'crop',
  source: 'picture',
};

async function planOf(request: GenerateRequest): Promise<Plan> {
  const [first] = await run({ ...request, count: 1 }, { picture: photo, mask, model });
  if (first?.type !== 'plan') throw new Error('Expected the plan first');
  return first.plan;
}

describe('the plan of a job', () => {
  it('takes the working size that was asked for and tells the scale it means', async () => {
    const request = image(size, { steps: 1, workingSize: { width: 104, height: 64 } });
    const plan = await planOf(request);
    expect(plan.workingSize).toEqual({ width: 104, height: 64 });
    expect(plan.scale).toBeCloseTo(0.52, 5);
    expect(plan.notes).toEqual([expect.stringContaining('scaled down to 52 %')]);
    const same = image(size, { steps: 1, workingSize: size });
    expect((await planOf(same)).notes).toEqual([]);
  });

  it("tells the scale of AUTOMATIC1111's own crop, also at a size that was asked for", async () => {
    const own = { dialect: 'a1111', area: 'masked', featherPx: 0, paddingPx: 8, steps: 1 } as const;
    // 20 x 16, 8 px of padding, grown to a square of 36.
    const usual = await planOf(inpaint(size, own));
    expect(usual.scale).toBeCloseTo(usual.workingSize.width / 36, 5);
    const asked = inpaint(size, { ...own, workingSize: { width: 144, height: 144 } });
    const plan = await planOf(asked);
    expect(plan.scale).toBeCloseTo(4, 5);
    expect(plan.notes).toEqual([expect.stringContaining('scaled up 4.00 times')]);
  });

  it('stays inside what was sent, when that is less than it would like', async () => {
    const region = { x: 80, y: 40, width: 40, height: 36 };
    const cut = { width: 40, height: 36 };
    const own = selection(cut, { x: 10, y: 10, width: 20, height: 16 });
    const told = await run(inpaint(size, { region }), {
      picture: picture(cut),
      mask: own,
      model,
    });
    expect(told[0]).toMatchObject({ type: 'plan', plan: { context: region } });
    const made = told.find((p) => p.type === 'result');
    expect(made?.bounds.x).toBeGreaterThanOrEqual(80);
    expect(made?.bounds.x).toBeLessThanOrEqual(90);
    expect(made?.recipe.context).toEqual(region);
  });

  it('counts only the steps that will run', async () => {
    expect((await planOf(image(size, { steps: 10, strength: 0.35 }))).steps).toBe(4);
    expect(
      (await planOf(image(size, { steps: 10, strength: 0.35, dialect: 'diffusers' }))).steps,
    ).toBe(3);
    expect((await planOf(remove(size))).steps).toBe(0);
  });

  it('counts the memory of its ControlNets, each once', async () => {
    const heavy = { ...model, facts: { ...model.facts, weightBytes: 4e9 } };
    const net = (weightBytes: number): ControlNet => ({
      weightBytes,
      residuals: () => Promise.reject(new Error('not run')),
      dispose: () => Promise.resolve(),
    });
    const [lines, depth] = [net(1.4e9), net(1.5e9)];
    const memoryWith = async (...nets: ControlNet[]): Promise<number> => {
      const request = image(size, { steps: 1, workingSize: size, controls: nets.map(() => unit) });
      const job = { request, picture: photo, mask: undefined, inputSha256: '', model: undefined };
      const tools = {
        signal: new AbortController().signal,
        preview: false,
        nowMs: () => 0,
        openModel: () => Promise.resolve(heavy),
        openControls: () => Promise.resolve(nets),
        onStage: () => undefined,
      };
      return (await planJob(job, tools)).memoryBytes ?? 0;
    };
    const alone = await memoryWith();
    expect(alone).toBeGreaterThan(4e9);
    expect((await memoryWith(lines, depth, lines)) - alone).toBe(2.9e9);
  });

  it('says that files named in the prompt are not used yet', async () => {
    const prompt = 'a boat <lora:Film Grain:0.8>, <lora:film:1> <lora:film:0.5> <hypernet:old:1>';
    const { notes } = await planOf(text(size, { prompt }));
    expect(notes).toContain('Hypernetworks are not used: old.');
    expect(notes.join()).not.toContain('film');
    expect((await planOf(text(size))).notes.join()).not.toContain('not used');
    const many = Array.from({ length: 300 }, (_, i) => `<lora:${'n'.repeat(50)}${i}:1>`).join(' ');
    const long = await planOf(text(size, { prompt: many }));
    expect(long.notes.join('').length).toBeLessThan(600);
  });

  it('leaves the tags out of what the model reads', async () => {
    const picked = async (prompt: string) => {
      const told = await run(text(size, { prompt }), { model });
      return told.find((p) => p.type === 'result')?.color;
    };
    expect(await picked('a boat<lora:film:1>')).toEqual(await picked('a boat'));
    expect(await picked('a boat<lora:film:1>')).not.toEqual(await picked('a boot'));
  });

  it('passes on what opening the model says', async () => {
    const refused = run(inpaint(size), {
      picture: photo,
      mask,
      tools: { openModel: () => Promise.reject(new Error('gone')) },
    });
    await expect(refused).rejects.toThrow('gone');
  });
});
