/** Segments of JPEG files before the pixels (ITU T.81 Annex B): EXIF and XMP in APP1, the comment in COM. */
import { asciiAt, numberAt, sourceOfBytes, type ByteSource } from './byteSource.ts';
import { readExif } from './exif.ts';
import { collectTexts, plainText, type PictureTexts } from './pictureText.ts';

const app1 = 0xe1;
const comment = 0xfe;
const startOfScan = 0xda;
const endOfImage = 0xd9;
const exifMark = 'Exif\0\0';
const xmpMark = 'http://ns.adobe.com/xap/1.0/\0';

/** Never throws. */
export async function readJpeg(source: ByteSource): Promise<PictureTexts> {
  const collector = collectTexts();
  for (let at = 2; at + 4 <= source.sizeBytes && !collector.isEnough();) {
    const head = await source.read(at, 4);
    const marker = head[1];
    if (head[0] !== 0xff || marker === startOfScan || marker === endOfImage) break;
    if (marker === 0xff) {
      // A fill byte.
      at += 1;
      continue;
    }
    const length = numberAt(head, 2, 2);
    const isText = marker === app1 || marker === comment;
    if (isText && length > collector.roomBytes()) collector.unreadable.push('segment');
    else if (isText) {
      const data = await source.read(at + 4, Math.max(0, length - 2));
      if (marker === comment) {
        collector.add({ kind: 'comment', keyword: 'comment', text: plainText(data) });
      } else if (asciiAt(data, 0, exifMark.length) === exifMark) {
        await readExif(sourceOfBytes(data.subarray(exifMark.length)), collector);
      } else if (asciiAt(data, 0, xmpMark.length) === xmpMark) {
        const text = plainText(data.subarray(xmpMark.length));
        collector.add({ kind: 'xmp', keyword: 'XMP', text });
      }
    }
    at += 2 + Math.max(2, length);
  }
  return { format: 'jpeg', texts: collector.texts, unreadable: collector.unreadable };
}
