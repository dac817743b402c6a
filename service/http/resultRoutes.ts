/** Finished pictures: as the frame they are, or as a PNG made on demand. */
import { createReadStream } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Hono, type Context } from 'hono';
import { PentimentoError } from '../../shared/errors.ts';
import type { ResultInfo } from '../../shared/event.ts';
import { newId } from '../jobs/ids.ts';
import { scopeOf, type AppEnv, type AppParts } from './parts.ts';

export function resultRoutes(parts: AppParts): Hono<AppEnv> {
  const app = new Hono<AppEnv>();

  app.get('/:id/frame', async (c) => {
    const info = await storedResult(parts, c.req.param('id'), c);
    const etag = `"${info.sha256}"`;
    if (c.req.header('if-none-match') === etag) return c.body(null, 304, { etag });
    rememberDelivery(parts, info.id, c);
    return fileResponse(parts.blobs.read(info.sha256), {
      'content-type': 'application/octet-stream',
      'content-length': String(info.sizeBytes),
      digest: `sha-256=${Buffer.from(info.sha256, 'hex').toString('base64')}`,
      etag,
    });
  });

  app.get('/:id/png', async (c) => {
    const info = await storedResult(parts, c.req.param('id'), c);
    const etag = `"${info.sha256}.png"`;
    if (c.req.header('if-none-match') === etag) return c.body(null, 304, { etag });
    const path = await pngOf(parts, info);
    const { size } = await stat(path);
    rememberDelivery(parts, info.id, c);
    return fileResponse(createReadStream(path, { highWaterMark: 1024 * 1024 }), {
      'content-type': 'image/png',
      'content-length': String(size),
      etag,
    });
  });

  return app;
}

async function storedResult(parts: AppParts, id: string, c: Context<AppEnv>): Promise<ResultInfo> {
  const found = parts.jobs.result(id, scopeOf(c.var.client));
  if (!found) throw new PentimentoError('E_NOT_FOUND');
  const { info, isLost } = found;
  if (!isLost && (await parts.blobs.sizeOf(info.sha256)) === info.sizeBytes) return info;
  if (!isLost) parts.jobs.markLost(id);
  throw new PentimentoError('E_RESULT_LOST');
}

/** Fetched whole: from now on the quota may take it when it is the oldest. */
function rememberDelivery(parts: AppParts, id: string, c: Context<AppEnv>): void {
  c.env.outgoing.once('finish', () => {
    try {
      parts.jobs.markDelivered(id, parts.clock.wallMs());
    } catch (error) {
      parts.log('delivery not remembered', { id, reason: String(error) });
    }
  });
}

export function fileResponse(stream: Readable, headers: Record<string, string>): Response {
  // Node's and the DOM's declarations of the same stream class do not know each other.
  const body = Readable.toWeb(stream) as unknown as ReadableStream;
  return new Response(body, { headers });
}

/** The PNG copy of a result; made once, whole or not at all. */
async function pngOf(parts: AppParts, info: ResultInfo): Promise<string> {
  const folder = join(parts.cacheDir, 'png');
  const path = join(folder, `${info.sha256}.png`);
  if (await stat(path).catch(() => undefined)) return path;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const outPath = join(folder, `${newId('png', parts.clock.wallMs())}.part`);
  try {
    await parts.converter.convert({
      type: 'encode',
      framePath: parts.blobs.pathOf(info.sha256),
      outPath,
      format: 'png',
    });
    await rename(outPath, path);
  } finally {
    await parts.blobs.drop(outPath);
  }
  return path;
}
