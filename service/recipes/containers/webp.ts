/** Chunks of WebP files (RFC 9649): EXIF and XMP. */
import { asciiAt, numberAt, sourceOfBytes, type ByteSource } from './byteSource.ts';
import { readExif } from './exif.ts';
import { collectTexts, plainText, type PictureTexts } from './pictureText.ts';

const firstChunkAt = 12;
const exifMark = 'Exif\0\0';

/** Never throws. */
export async function readWebp(source: ByteSource): Promise<PictureTexts> {
  const collector = collectTexts();
  let size: PictureTexts['size'];
  for (let at = firstChunkAt; at + 8 <= source.sizeBytes && !collector.isEnough();) {
    const head = await source.read(at, 8);
    const type = asciiAt(head, 0, 4);
    const length = numberAt(head, 4, 4, true);
    if (type === 'VP8X') {
      const data = await source.read(at + 8, 10);
      const side = (place: number) => numberAt(data, place, 3, true) + 1;
      size = { width: side(4), height: side(7) };
    }
    if (type === 'EXIF' || type === 'XMP ') {
      if (length > collector.roomBytes()) collector.unreadable.push(type.trim());
      else {
        const data = await source.read(at + 8, length);
        if (type === 'EXIF') {
          const from = asciiAt(data, 0, exifMark.length) === exifMark ? exifMark.length : 0;
          await readExif(sourceOfBytes(data.subarray(from)), collector);
        } else collector.add({ kind: 'xmp', keyword: 'XMP', text: plainText(data) });
      }
    }
    at += 8 + length + (length % 2);
  }
  return {
    format: 'webp',
    ...(size ? { size } : {}),
    texts: collector.texts,
    unreadable: collector.unreadable,
  };
}
