/** A picture in, the recipe that some program wrote into it out. No pixel is decoded. */
import { Hono } from 'hono';
import { PentimentoError } from '../../shared/errors.ts';
import type { ReadRecipe } from '../../shared/readRecipe.ts';
import { withLibraryModels } from '../recipes/libraryModels.ts';
import { readRecipeFile } from '../recipes/readRecipe.ts';
import { announcedLength, bodyChunks } from './body.ts';
import type { AppEnv, AppParts } from './parts.ts';

const maxPictureBytes = 1024 ** 3;

export function recipeRoutes(parts: AppParts): Hono<AppEnv> {
  const { blobs, models } = parts;
  const app = new Hono<AppEnv>();

  app.post('/', async (c) => {
    const { incoming } = c.env;
    await blobs.assertRoomFor(announcedLength(incoming, maxPictureBytes));
    const body = await blobs.receive(bodyChunks(incoming), maxPictureBytes);
    try {
      if (body.sizeBytes === 0) throw new PentimentoError('E_IMAGE_TYPE', 'The file is empty.');
      const read = await readRecipeFile(body.path);
      return c.json<ReadRecipe>(withLibraryModels(read, await models.list()));
    } finally {
      await blobs.drop(body.path);
    }
  });

  return app;
}
