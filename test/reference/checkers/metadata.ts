/** Files of other programs: the recipe text that AUTOMATIC1111 finds in them. */
import { sourceOfBytes } from '../../../service/recipes/containers/byteSource.ts';
import { readPictureTexts } from '../../../service/recipes/containers/readPictureTexts.ts';
import { webuiPictureText } from '../../../service/recipes/webuiPictureText.ts';
import { Unsupported, type Checker } from '../case.ts';

export const check: Checker = async (c) => {
  const { function: operation, file } = c.input;
  if (operation !== 'read_parameters') throw new Unsupported(`metadata ${String(operation)}`);
  const texts = await readPictureTexts(sourceOfBytes(c.file(file)));
  if (!texts) throw new Error('The file was not recognised as a picture.');
  const { text, other } = webuiPictureText(texts);
  return { text: text ?? null, other };
};
