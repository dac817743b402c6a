/** A recipe out of a picture file or from the active layer, shown before it is used. */
import { toProblem } from '../../../shared/errors.ts';
import type { PickedFile, SessionParts } from '../parts.ts';
import { changeOfPart, offerOfFile, offerOfLayer, type RecipePart } from '../recipeOffer.ts';

/** Asks for a file and reads its recipe; nothing happens when the artist changes their mind. */
export async function pickRecipe(parts: SessionParts): Promise<void> {
  try {
    const file = await parts.pickPicture();
    if (file) await readRecipe(parts, file);
  } catch (error) {
    parts.store.dispatch({ type: 'recipeFailed', title: '', problem: toProblem(error) });
  }
}

/** Shows what a file's recipe holds, or why there is none. Never throws. */
export async function readRecipe({ client, store }: SessionParts, file: PickedFile): Promise<void> {
  const { name: title } = file;
  store.dispatch({ type: 'recipeAsked', title });
  try {
    const read = await client.readRecipe(file.bytes);
    const offer = offerOfFile(title, read, store.getState().models);
    store.dispatch({ type: 'recipeRead', offer });
  } catch (error) {
    store.dispatch({ type: 'recipeFailed', title, problem: toProblem(error) });
  }
}

/** The same for the active layer's own recipe. */
export function readLayerRecipe({ store }: SessionParts): void {
  const { host, models } = store.getState();
  if (!host.layerRecipe) return;
  const title = host.document?.layer?.name ?? 'This layer';
  store.dispatch({ type: 'recipeRead', offer: offerOfLayer(title, host.layerRecipe, models) });
}

/** Takes over what was chosen of the recipe that is shown. */
export function applyRecipe({ store }: SessionParts, part: RecipePart): void {
  const { recipe } = store.getState();
  if (recipe.phase !== 'shown') return;
  store.dispatch({ type: 'settingsChanged', change: changeOfPart(recipe.offer, part) });
  store.dispatch({ type: 'recipeUsed', part });
}
