import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeFrame, type Plane } from '../../shared/frame.ts';
import type { ControlMapRequest, MaskRequest } from '../../shared/preview.ts';
import { frameOf, startTestService, type TestService } from '../fakes/testService.ts';
import { eventually } from '../fixtures/eventually.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.remove());

const request: MaskRequest = {
  kind: 'inpaint',
  featherPx: 4,
  growPx: 0,
  area: 'context',
  paddingPx: 32,
  dialect: 'pentimento',
  workingSize: { width: 64, height: 64 },
};
const map: ControlMapRequest = {
  region: { x: 0, y: 0, width: 4, height: 3 },
  workingSize: { width: 64, height: 64 },
  fit: 'crop',
  dialect: 'pentimento',
  isPart: false,
};

function plane(name: string, channels = 1, width = 4): Plane {
  const data = new Uint8Array(width * 3 * channels).fill(255);
  return { name, width, height: 3, channels, depth: 8, data };
}

const post = (path: string, body: Uint8Array | string) =>
  service.api.send('POST', `/v1/${path}`, { body });
const codeOf = async (path: string, body: unknown, planes: readonly Plane[]) =>
  (await post(path, frameOf(body, planes))).json().code;

describe('previews of a run', () => {
  it.each([
    ['masks', request, 'mask'],
    ['control-maps', map, 'picture'],
  ] as const)('%s are answered as a frame, and leave no file', async (path, body, name) => {
    const answer = await post(path, frameOf(body, [plane(name)]));
    expect(answer.status).toBe(200);
    const frame = decodeFrame(answer.bytes);
    expect(frame.body).toEqual({ what: path === 'masks' ? 'masks' : 'control-map' });
    expect(frame.planes.map((p) => p.name)).toEqual(['alpha', 'denoise']);
    await eventually(() => expect(readdirSync(join(service.dataDir, 'tmp'))).toEqual([]));
  });

  it('say what is wrong with what was sent, and go on', async () => {
    expect(await codeOf('masks', { ...request, growPx: 1.5 }, [plane('mask')])).toBe('E_PARAM');
    expect(await codeOf('masks', { ...request, workingSize: { width: 60, height: 64 } }, [])).toBe(
      'E_PARAM',
    );
    const vast = { ...map, workingSize: { width: 30_000, height: 30_000 } };
    expect(await codeOf('control-maps', vast, [plane('picture')])).toBe('E_PARAM');
    expect(await codeOf('masks', request, [])).toBe('E_MASK_EMPTY');
    expect(await codeOf('masks', request, [plane('mask', 3)])).toBe('E_FRAME');
    expect(await codeOf('control-maps', map, [])).toBe('E_FRAME');
    expect(await codeOf('control-maps', { ...map, preprocessor: { name: 'sketch' } }, [])).toBe(
      'E_PARAM',
    );
    const inpaint = { ...map, preprocessor: { name: 'inpaint' } };
    expect(await codeOf('control-maps', inpaint, [plane('picture')])).toBe('E_MASK_EMPTY');
    expect(await codeOf('control-maps', inpaint, [plane('picture'), plane('mask', 1, 5)])).toBe(
      'E_MASK_SIZE',
    );
    expect((await post('masks', 'no frame at all')).json().code).toBe('E_FRAME');
    expect((await post('masks', '')).json().code).toBe('E_FRAME');
    expect((await post('masks', frameOf(request, [plane('mask')]))).status).toBe(200);
  });

  it('are for clients only', async () => {
    const answer = await fetch(`${service.url}/v1/masks`, { method: 'POST', body: 'x' });
    expect(answer.status).toBe(401);
  });
});
