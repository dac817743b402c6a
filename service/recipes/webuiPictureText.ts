/** What AUTOMATIC1111 itself finds in a picture file (modules/images.py read_info_from_image). Pure. */
import type { PictureTexts } from './containers/pictureText.ts';
import { novelAiInfotext } from './novelAi.ts';

export interface WebuiPictureText {
  /** The `parameters` text; an EXIF comment goes before the PNG chunk. Undefined when there is none. */
  readonly text: string | undefined;
  /** The other texts by their keywords. */
  readonly other: Readonly<Record<string, string>>;
}

export function webuiPictureText({ texts, size }: PictureTexts): WebuiPictureText {
  const chunks = new Map(
    texts.filter((t) => t.kind === 'png' || t.kind === 'xmp').map((t) => [t.keyword, t.text]),
  );
  const comment =
    texts.find((t) => t.keyword === 'UserComment')?.text ??
    texts.find((t) => t.kind === 'comment')?.text;
  let text = comment || chunks.get('parameters');
  if (chunks.get('Software') === 'NovelAI') {
    const description = chunks.get('Description') ?? '';
    text = novelAiInfotext({ description, comment: chunks.get('Comment') ?? '' }, size) ?? text;
  }
  chunks.delete('parameters');
  return { text, other: Object.fromEntries(chunks) };
}
