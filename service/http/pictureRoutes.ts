/** An encoded picture in, a frame of its pixels out. Decoding happens in a process of its own. */
import { join } from 'node:path';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Hono } from 'hono';
import { PentimentoError } from '../../shared/errors.ts';
import { newId } from '../jobs/ids.ts';
import { announcedLength, bodyChunks } from './body.ts';
import type { AppEnv, AppParts } from './parts.ts';
import { fileResponse } from './resultRoutes.ts';

const maxPictureBytes = 1024 ** 3;

export function pictureRoutes(parts: AppParts): Hono<AppEnv> {
  const { blobs, converter, clock } = parts;
  const app = new Hono<AppEnv>();

  app.post('/', async (c) => {
    const { incoming, outgoing } = c.env;
    await blobs.assertRoomFor(announcedLength(incoming, maxPictureBytes));
    const body = await blobs.receive(bodyChunks(incoming), maxPictureBytes);
    const outPath = join(blobs.tmpDir, `${newId('picture', clock.wallMs())}.frame`);
    try {
      if (body.sizeBytes === 0) throw new PentimentoError('E_IMAGE_TYPE', 'The file is empty.');
      await converter.convert({ type: 'decode', path: body.path, outPath });
      const { size } = await stat(outPath);
      outgoing.once('close', () => void blobs.drop(outPath));
      return fileResponse(createReadStream(outPath, { highWaterMark: 1024 * 1024 }), {
        'content-type': 'application/octet-stream',
        'content-length': String(size),
      });
    } catch (error) {
      await blobs.drop(outPath);
      throw error;
    } finally {
      await blobs.drop(body.path);
    }
  });

  return app;
}
