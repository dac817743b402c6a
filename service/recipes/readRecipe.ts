/** A file's recipe, whichever program wrote it: the room's way in. */
import { PentimentoError } from '../../shared/errors.ts';
import { printInfotext } from '../../shared/infotext.ts';
import type { ReadRecipe, RecipeField } from '../../shared/readRecipe.ts';
import { recipesOfXmp } from '../../shared/recipeXmp.ts';
import { withFile, type ByteSource } from './containers/byteSource.ts';
import { maxTextBytes, utf8Text } from './containers/pictureText.ts';
import { readPictureTexts } from './containers/readPictureTexts.ts';
import type { FoundRecipe } from './foundRecipe.ts';
import { ownRecipe } from './ownRecipe.ts';
import { placesInPicture, placesInText, type RecipePlace } from './recipePlaces.ts';
import { reusableSettings } from './reusableSettings.ts';

/** Throws E_FILE, E_IMAGE_TYPE, E_RECIPE_NONE, E_RECIPE_DAMAGED. */
export function readRecipeFile(path: string): Promise<ReadRecipe> {
  return withFile(path, readRecipe);
}

/**
 * A picture's recipe, or that of a text file: AUTOMATIC1111's text or a ComfyUI workflow. Reads only what it
 * needs of the source. Throws E_IMAGE_TYPE, E_RECIPE_NONE, E_RECIPE_DAMAGED.
 */
export async function readRecipe(source: ByteSource): Promise<ReadRecipe> {
  const picture = await readPictureTexts(source);
  if (!picture) {
    const text = await wholeText(source);
    return firstRecipe(placesInText(text)) ?? refuse('E_IMAGE_TYPE');
  }
  const own = picture.texts.filter((t) => t.kind === 'xmp').flatMap((t) => recipesOfXmp(t.text));
  if (own.length > 0) return ownRecipe(own);
  const places = placesInPicture(picture);
  const isThere = picture.unreadable.length > 0 || places.some((place) => place.isRecipe);
  return firstRecipe(places) ?? refuse(isThere ? 'E_RECIPE_DAMAGED' : 'E_RECIPE_NONE');
}

function refuse(code: 'E_IMAGE_TYPE' | 'E_RECIPE_NONE' | 'E_RECIPE_DAMAGED'): never {
  throw new PentimentoError(code);
}

/** The text of a file that is no picture. */
async function wholeText(source: ByteSource): Promise<string> {
  if (source.sizeBytes > maxTextBytes) return refuse('E_IMAGE_TYPE');
  const text = utf8Text(await source.read(0, source.sizeBytes));
  if (text === undefined || text.includes('\0')) return refuse('E_IMAGE_TYPE');
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

function firstRecipe(places: readonly RecipePlace[]): ReadRecipe | undefined {
  for (const { place, read } of places) {
    const found = read();
    if (found) return readRecipeOf(found, place);
  }
  return undefined;
}

function readRecipeOf(found: FoundRecipe, place: string): ReadRecipe {
  const { source, program, fields } = found;
  const name = fields.get('Model');
  const hash = fields.get('Model hash');
  const model = {
    ...(name === undefined ? {} : { name }),
    ...(hash === undefined ? {} : { hash }),
  };
  return {
    source,
    program,
    place,
    text: printInfotext(found, joinSizes(fields)),
    fields: [
      ...joinSizes(fields).map(([field, value]): RecipeField => ({ name: field, value })),
      ...found.extra,
    ],
    ...reusableSettings(found),
    ...(name === undefined && hash === undefined ? {} : { model }),
    recipes: [],
  };
}

/** "Size-1" and "Size-2" as "Size: 512x768" again. */
function joinSizes(fields: ReadonlyMap<string, string>): Array<[name: string, value: string]> {
  const joined: Array<[string, string]> = [];
  for (const [name, value] of fields) {
    const size = /^(.+)-([12])$/.exec(name);
    const width = size && fields.get(`${size[1]}-1`);
    const height = size && fields.get(`${size[1]}-2`);
    if (!size || width === undefined || height === undefined) joined.push([name, value]);
    else if (size[2] === '1') joined.push([size[1], `${width}x${height}`]);
  }
  return joined;
}
