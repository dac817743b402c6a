/** Image resources of PSD and PSB files (Adobe Photoshop File Formats, 2019): EXIF and XMP; XMP of their layers. */
import { asciiAt, numberAt, sourceOfBytes, type ByteSource } from './byteSource.ts';
import { readExif } from './exif.ts';
import { collectTexts, plainText, type PictureTexts } from './pictureText.ts';
import { readLayerPackets } from './psdLayers.ts';

const headerBytes = 26;
const exifResource = 1058;
const xmpResource = 1060;

/** Never throws. */
export async function readPsd(source: ByteSource): Promise<PictureTexts> {
  const collector = collectTexts();
  const colorBytes = numberAt(await source.read(headerBytes, 4), 0, 4);
  const start = headerBytes + 4 + colorBytes;
  const end = start + 4 + numberAt(await source.read(start, 4), 0, 4);
  for (let at = start + 4; at + 12 <= Math.min(end, source.sizeBytes) && !collector.isEnough();) {
    const head = await source.read(at, 7);
    if (asciiAt(head, 0, 4) !== '8BIM') break;
    const id = numberAt(head, 4, 2);
    // The name is a Pascal string, padded to an even length.
    const nameBytes = head[6] + 1;
    const sizeAt = at + 6 + nameBytes + (nameBytes % 2);
    const length = numberAt(await source.read(sizeAt, 4), 0, 4);
    if (id === exifResource || id === xmpResource) {
      if (length > collector.roomBytes()) collector.unreadable.push(`resource ${id}`);
      else {
        const data = await source.read(sizeAt + 4, length);
        if (id === exifResource) await readExif(sourceOfBytes(data), collector);
        else collector.add({ kind: 'xmp', keyword: 'XMP', text: plainText(data) });
      }
    }
    at = sizeAt + 4 + length + (length % 2);
  }
  const isBig = numberAt(await source.read(4, 2), 0, 2) === 2;
  await readLayerPackets(source, { at: end, isBig }, collector);
  return { format: 'psd', texts: collector.texts, unreadable: collector.unreadable };
}
