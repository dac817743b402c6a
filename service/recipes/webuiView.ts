/** A picture as AUTOMATIC1111 would take it over: its "PNG info" and what "send to" fills in. */
import { PentimentoError } from '../../shared/errors.ts';
import { withFile } from './containers/byteSource.ts';
import { readPictureTexts } from './containers/readPictureTexts.ts';
import { parseInfotext } from './infotext.ts';
import type { Style } from '../../shared/styles.ts';
import { webuiFields, type WebuiFields } from './webuiFields.ts';
import { webuiPictureText, type WebuiPictureText } from './webuiPictureText.ts';
import { settingsOfPairs, webuiSettings } from './webuiSettings.ts';

export interface WebuiView extends WebuiPictureText {
  /** With what the absence of a field means; empty without a text. */
  readonly fields: WebuiFields;
  /** The program's settings that the text overrides. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
}

/** Throws E_FILE, E_IMAGE_TYPE, E_RECIPE_NONE. */
export async function readWebuiView(path: string, styles: readonly Style[]): Promise<WebuiView> {
  const picture = await withFile(path, readPictureTexts);
  if (!picture) throw new PentimentoError('E_IMAGE_TYPE');
  const { text, other } = webuiPictureText(picture);
  if (text === undefined) throw new PentimentoError('E_RECIPE_NONE');
  const pairs = [...parseInfotext(text).fields]
    .filter(([name]) => webuiSettings.has(name))
    .map(([name, value]) => `${name}: ${value}`);
  const { settings } = settingsOfPairs(pairs);
  return { text, other, fields: webuiFields(text, styles), settings };
}
