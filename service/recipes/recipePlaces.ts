/** Where a recipe may stand in a file, the most telling place first. Pure. */
import { graphOfPrompt, graphOfWorkflow, type ComfyGraph } from './comfyGraph.ts';
import { comfyRecipe } from './comfyUi.ts';
import type { PictureTexts } from './containers/pictureText.ts';
import { fooocusRecipe } from './fooocus.ts';
import { parseJsonRecord, type FoundRecipe } from './foundRecipe.ts';
import { infotextRecipe } from './infotextRecipe.ts';
import { invokeAiRecipe } from './invokeAi.ts';
import { novelAiRecipe } from './novelAi.ts';

export interface RecipePlace {
  /** For people: "PNG text parameters". */
  readonly place: string;
  /** Nothing but recipes stands there: one that cannot be read is damaged. */
  readonly isRecipe: boolean;
  /** Undefined when there is none after all; never throws. */
  readonly read: () => FoundRecipe | undefined;
}

export function placesInPicture(picture: PictureTexts): RecipePlace[] {
  const { texts } = picture;
  const textOf = (kind: string, keyword: string) =>
    texts.findLast((t) => t.kind === kind && t.keyword === keyword)?.text;
  const png = (keyword: string) => textOf('png', keyword);
  const comment = png('Comment');
  return [
    ...placeOf('PNG text parameters', png('parameters'), ofParameters),
    ...placeOf('Exif comment', textOf('exif', 'UserComment'), ofComment, false),
    ...(png('Software') === 'NovelAI'
      ? placeOf('PNG text Comment', comment, (text) =>
          novelAiRecipe({ description: png('Description') ?? '', comment: text }),
        )
      : []),
    ...placeOf('ComfyUI prompt', comfyText(picture, 'prompt'), (text) =>
      ofGraph(graphOfPrompt(text)),
    ),
    ...placeOf('ComfyUI workflow', comfyText(picture, 'workflow'), (text) =>
      ofGraph(graphOfWorkflow(text)),
    ),
    ...placeOf('PNG text invokeai_metadata', png('invokeai_metadata'), invokeAiRecipe),
    ...placeOf('PNG text sd-metadata', png('sd-metadata'), invokeAiRecipe),
    ...placeOf('Exif description', textOf('exif', 'ImageDescription'), ofComment, false),
    ...placeOf('Exif comment', textOf('exif', 'XPComment'), ofComment, false),
    ...placeOf('File comment', textOf('comment', 'comment'), ofComment, false),
  ];
}

/** A file that is no picture: AUTOMATIC1111's text beside a picture, or a saved ComfyUI graph. */
export function placesInText(text: string): RecipePlace[] {
  return [
    ...placeOf('ComfyUI prompt', text, (t) => ofGraph(graphOfPrompt(t))),
    ...placeOf('ComfyUI workflow', text, (t) => ofGraph(graphOfWorkflow(t))),
    ...placeOf('Text file', text, ofComment),
  ];
}

function placeOf(
  place: string,
  text: string | undefined,
  read: (text: string) => FoundRecipe | undefined,
  isRecipe = true,
): RecipePlace[] {
  if (text === undefined || text.trim() === '') return [];
  return [{ place, isRecipe, read: () => read(text) }];
}

/** PNG has texts of these names; other formats have EXIF texts that begin with the name. */
function comfyText({ texts }: PictureTexts, name: 'prompt' | 'workflow'): string | undefined {
  const chunk = texts.findLast((t) => t.kind === 'png' && t.keyword === name);
  if (chunk) return chunk.text;
  const start = new RegExp(`^${name}:\\s*(?=\\{)`, 'i');
  const tagged = texts.find((t) => t.kind === 'exif' && start.test(t.text));
  return tagged?.text.replace(start, '');
}

function ofGraph(graph: ComfyGraph | undefined): FoundRecipe | undefined {
  return graph && comfyRecipe(graph);
}

/** JSON is Fooocus' own form; everything else is a prompt at least. */
function ofParameters(text: string): FoundRecipe | undefined {
  return isJson(text) ? fooocusRecipe(text) : infotextRecipe(text);
}

/** Comments hold many things: only what has a recipe's last line or its negative prompt counts. */
function ofComment(text: string): FoundRecipe | undefined {
  if (isJson(text)) return fooocusRecipe(text);
  const recipe = infotextRecipe(text);
  if (!recipe || (recipe.fields.size === 0 && recipe.negativePrompt === '')) return undefined;
  return recipe;
}

function isJson(text: string): boolean {
  return text.trimStart().startsWith('{') && parseJsonRecord(text) !== undefined;
}
