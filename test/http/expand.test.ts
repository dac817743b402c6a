import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Plan } from '../../shared/plan.ts';
import { Problem } from '../../shared/errors.ts';
import {
  frameOf,
  inpaintRequest,
  planesOf,
  startTestService,
  type TestService,
} from '../fakes/testService.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.remove());

const ok = inpaintRequest('hills');
const [picture, mask] = planesOf(ok);

function request(change: object = {}): object {
  const masked = ['featherPx', 'growPx', 'maskedContent', 'area', 'paddingPx'];
  const shared = Object.fromEntries(Object.entries(ok).filter(([name]) => !masked.includes(name)));
  const { width, height } = ok.document;
  const canvas = { x: -16, y: 0, width: width + 16, height };
  return { ...shared, kind: 'expand', canvas, overlapPx: 8, fill: 'structure', ...change };
}

const { width, height } = ok.document;

describe('expanding over HTTP', () => {
  it('is accepted with its picture alone', async () => {
    const answer = await service.api.send('POST', '/v1/jobs', {
      body: frameOf(request(), [picture]),
    });
    expect(answer.status).toBe(201);
  });

  it.each([
    ['no new pixels', { canvas: { x: 0, y: 0, width, height } }, 'E_EXPAND_NOTHING'],
    [
      '50,000 of them',
      { canvas: { x: -50_000, y: 0, width: width + 50_000, height } },
      'E_EXPAND_TOO_LARGE',
    ],
    [
      'a canvas that cuts the picture',
      { canvas: { x: 4, y: 0, width: width + 9, height } },
      'E_PARAM',
    ],
    ['a negative overlap', { overlapPx: -1 }, 'E_PARAM'],
    ['a working size', { workingSize: { width: 512, height: 512 } }, 'E_PARAM'],
    ["a fill of another dialect's", { fill: 'mk2' }, 'E_PARAM'],
    ['our fill in the dialect a1111', { dialect: 'a1111' }, 'E_PARAM'],
    ['script settings without the script', { script: { falloff: 2 } }, 'E_PARAM'],
  ])('refuses %s', async (_, change, code) => {
    const answer = await service.api.send('POST', '/v1/jobs', {
      body: frameOf(request(change), [picture]),
    });
    expect(Problem.parse(answer.json())).toMatchObject({ code });
  });

  it('refuses a mask', async () => {
    const answer = await service.api.send('POST', '/v1/jobs', {
      body: frameOf(request(), [picture, mask]),
    });
    expect(Problem.parse(answer.json())).toMatchObject({ code: 'E_FRAME' });
  });

  it.each([
    ['tells the passes of a canvas', { x: 0, y: 0, width: 1424, height: 768 }, undefined],
    ['refuses the same canvas', { x: 0, y: 0, width: 1024, height: 768 }, 'E_EXPAND_NOTHING'],
    [
      'refuses an enormous one',
      { x: -50_000, y: 0, width: 51_024, height: 768 },
      'E_EXPAND_TOO_LARGE',
    ],
  ])('%s', async (_, bounds, code) => {
    const asked = {
      kind: 'expand',
      document: { width: 1024, height: 768 },
      bounds,
      model: '',
      strength: 1,
      steps: 20,
      featherPx: 0,
      growPx: 0,
      area: 'context',
      paddingPx: 0,
      count: 1,
      dialect: 'pentimento',
    };
    const answer = await service.api.send('POST', '/v1/plan', { body: JSON.stringify(asked) });
    if (code === undefined) expect(Plan.parse(answer.json()).passes?.length).toBeGreaterThan(1);
    else expect(Problem.parse(answer.json())).toMatchObject({ code });
  });
});
