/** The models on this computer, and the pictures beside them. */
import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import type { ModelList } from '../../shared/api.ts';
import type { AppEnv, AppParts } from './parts.ts';

export function modelRoutes({ models, modelFolders }: AppParts): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const list = async (): Promise<ModelList> => ({
    models: [...(await models.list())],
    folders: [...modelFolders],
  });

  app.get('/', async (c) => c.json<ModelList>(await list()));
  app.post('/rescan', async (c) => {
    await models.rescan();
    return c.json<ModelList>(await list());
  });
  app.get('/:id/preview', async (c) => {
    const { type, bytes } = await models.preview(c.req.param('id'));
    const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;
    if (c.req.header('if-none-match') === etag) return c.body(null, 304, { etag });
    return c.body(bytes, 200, { 'content-type': type, etag });
  });
  return app;
}
