/** An encoded picture in, a frame of its pixels out. Decoding happens in a process of its own. */
import { Hono } from 'hono';
import { PentimentoError } from '../../shared/errors.ts';
import { convertUpload } from './convertUpload.ts';
import type { AppEnv, AppParts } from './parts.ts';

const maxPictureBytes = 1024 ** 3;

export function pictureRoutes(parts: AppParts): Hono<AppEnv> {
  const app = new Hono<AppEnv>();

  app.post('/', (c) =>
    convertUpload(parts, c, {
      maxBytes: maxPictureBytes,
      name: 'picture',
      work: async ({ path, sizeBytes }, outPath) => {
        if (sizeBytes === 0) throw new PentimentoError('E_IMAGE_TYPE', 'The file is empty.');
        await parts.converter.convert({ type: 'decode', path, outPath });
      },
    }),
  );

  return app;
}
