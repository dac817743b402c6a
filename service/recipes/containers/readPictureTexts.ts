/** The texts of a picture file of any kind that is read, by its content and not its name. */
import { asciiAt, type ByteSource } from './byteSource.ts';
import { readExif } from './exif.ts';
import { readHeif } from './heif.ts';
import { readJpeg } from './jpeg.ts';
import { collectTexts, type PictureTexts } from './pictureText.ts';
import { readPng } from './png.ts';
import { readPsd } from './psd.ts';
import { readWebp } from './webp.ts';

const headBytes = 16;

/** Undefined when the file is no picture of a known kind. Never throws for what the bytes are. */
export async function readPictureTexts(source: ByteSource): Promise<PictureTexts | undefined> {
  const head = asciiAt(await source.read(0, headBytes), 0, headBytes);
  if (head.startsWith('\u0089PNG\r\n\u001a\n')) return readPng(source);
  if (head.startsWith('\u00ff\u00d8\u00ff')) return readJpeg(source);
  if (head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP') return readWebp(source);
  if (head.startsWith('8BPS')) return readPsd(source);
  if (head.slice(4, 8) === 'ftyp') return readHeif(source);
  if (head.startsWith('II*\0') || head.startsWith('MM\0*')) {
    const collector = collectTexts();
    await readExif(source, collector);
    return { format: 'tiff', texts: collector.texts, unreadable: collector.unreadable };
  }
  return undefined;
}
