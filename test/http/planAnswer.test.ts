import { describe, expect, it } from 'vitest';
import type { ModelInfo } from '../../shared/api.ts';
import { answerPlan, loadedBytes } from '../../service/http/planAnswer.ts';
import type { PlanRequest } from '../../shared/plan.ts';
import { fakeModels } from '../fakes/testService.ts';

describe('what a model takes when it is loaded', () => {
  it('follows from its family, whatever its file holds', () => {
    for (const sizeBytes of [2.1e9, 4.3e9, 7.7e9]) {
      expect(loadedBytes({ family: 'sd1', sizeBytes }, 'cpu')).toBe(4.28e9);
      expect(loadedBytes({ family: 'sd1', sizeBytes }, 'cuda')).toBe(2.14e9);
    }
  });

  it('is never more than a small file can hold, and the file itself where the family is not known', () => {
    expect(loadedBytes({ family: 'sd1', sizeBytes: 24e6 }, 'cpu')).toBe(96e6);
    expect(loadedBytes({ family: 'sd3', sizeBytes: 5e9 }, 'cpu')).toBe(5e9);
  });
});

describe('the size a UNet alone works at', () => {
  const model = (id: string, more: Partial<ModelInfo>): ModelInfo => ({
    id,
    name: id,
    kind: 'checkpoint',
    family: 'sd2',
    variant: 'base',
    prediction: 'epsilon',
    sizeBytes: 1,
    usable: true,
    ...more,
  });
  const known = [
    model('small', {}),
    model('large', { prediction: 'v' }),
    model('alone', { partsFrom: 'small' }),
  ];
  const request: PlanRequest = {
    kind: 'text',
    document: { width: 2048, height: 2048 },
    bounds: { x: 0, y: 0, width: 2048, height: 2048 },
    model: 'alone',
    strength: 1,
    steps: 10,
    featherPx: 0,
    growPx: 0,
    area: 'whole',
    paddingPx: 0,
    count: 1,
    dialect: 'pentimento',
  };
  const widthWith = async (more: Partial<PlanRequest>) => {
    const sources = {
      models: { ...fakeModels, list: () => Promise.resolve(known) },
      timings: { secondsPerMegapixelStep: () => undefined },
      device: () => 'cpu',
    };
    return (await answerPlan({ ...request, ...more }, sources)).workingSize.width;
  };

  it('is that of the model whose parts it uses', async () => {
    const [small, large] = [await widthWith({}), await widthWith({ partsFrom: 'large' })];
    expect(large).toBe(await widthWith({ model: 'large' }));
    expect(small).toBe(await widthWith({ model: 'small' }));
    expect(large).toBeGreaterThan(small);
    // A whole model has its own.
    expect(await widthWith({ model: 'small', partsFrom: 'large' })).toBe(small);
  });
});
