/** What a run would work with, before it: its masks, and what a ControlNet sees. Nothing is kept. */
import { open } from 'node:fs/promises';
import { Hono, type Context } from 'hono';
import { PentimentoError } from '../../shared/errors.ts';
import { readFrameHeader, type PlanePlace } from '../../shared/frame.ts';
import { maxFrameBytes, maxFrameHeaderBytes } from '../../shared/limits.ts';
import { ControlMapRequest, MaskRequest } from '../../shared/preview.ts';
import { parseSettings } from './body.ts';
import { convertUpload } from './convertUpload.ts';
import type { AppEnv, AppParts } from './parts.ts';

export function previewRoutes(parts: AppParts): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.post('/masks', (c) => preview(parts, c, { what: 'masks', check: checkMasks }));
  app.post('/control-maps', (c) => preview(parts, c, { what: 'control-map', check: checkMap }));
  return app;
}

interface Wanted {
  readonly what: 'masks' | 'control-map';
  /** Throws E_PARAM, E_FRAME. */
  readonly check: (body: unknown, planes: readonly PlanePlace[]) => void;
}

function preview(parts: AppParts, c: Context<AppEnv>, { what, check }: Wanted): Promise<Response> {
  return convertUpload(parts, c, {
    maxBytes: maxFrameBytes,
    name: 'preview',
    work: async ({ path, sizeBytes }, outPath) => {
      const { body, planes } = await headerOf(path, sizeBytes);
      check(body, planes);
      await parts.converter.convert({ type: 'preview', what, framePath: path, outPath });
    },
  });
}

async function headerOf(path: string, sizeBytes: number) {
  const file = await open(path, 'r');
  try {
    const head = new Uint8Array(Math.min(sizeBytes, maxFrameHeaderBytes + 12));
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return readFrameHeader(head.subarray(0, bytesRead), sizeBytes);
  } finally {
    await file.close();
  }
}

function checkMasks(body: unknown, planes: readonly PlanePlace[]): void {
  parseSettings(body, MaskRequest);
  maskIn(planes);
}

function checkMap(body: unknown, planes: readonly PlanePlace[]): void {
  const { region, preprocessor } = parseSettings(body, ControlMapRequest);
  const picture = planes.find(({ name }) => name === 'picture');
  if (!picture || picture.channels > 4)
    throw new PentimentoError('E_FRAME', 'The picture is missing.');
  if (preprocessor?.name !== 'inpaint') return;
  const mask = maskIn(planes);
  if (mask.width !== region.width || mask.height !== region.height)
    throw new PentimentoError('E_MASK_SIZE', 'The mask does not cover the region.');
}

function maskIn(planes: readonly PlanePlace[]): PlanePlace {
  const mask = planes.find(({ name }) => name === 'mask');
  if (!mask) throw new PentimentoError('E_MASK_EMPTY', 'The mask is missing.');
  if (mask.channels !== 1 || mask.depth !== 8)
    throw new PentimentoError('E_FRAME', 'A mask has one channel of 8 bits.');
  return mask;
}
