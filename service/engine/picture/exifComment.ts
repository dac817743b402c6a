/**
 * A text in a picture's EXIF as AUTOMATIC1111 saves it: the user comment, in UTF-16 behind the code
 * "UNICODE", big-endian (what piexif writes; modules/images.py save_image_with_geninfo).
 */

const exifPointer = 0x8769;
const userComment = 0x9286;
const [longType, undefinedType] = [4, 7];

/** The TIFF structure that EXIF is, with nothing but the comment. */
export function exifWithComment(text: string): Uint8Array {
  const comment = Buffer.concat([
    Buffer.from('UNICODE\0', 'latin1'),
    Buffer.from(text, 'utf16le').swap16(),
  ]);
  const header = Buffer.from('MM\0*\0\0\0\x08', 'latin1');
  const first = directory(exifPointer, { type: longType, count: 1, value: 8 + directoryBytes });
  const second = directory(userComment, {
    type: undefinedType,
    count: comment.length,
    value: 8 + 2 * directoryBytes,
  });
  return Buffer.concat([header, first, second, comment]);
}

const directoryBytes = 18;

/** One entry: how many there are, the entry, and that no other directory follows. */
function directory(
  tag: number,
  { type, count, value }: { readonly type: number; readonly count: number; readonly value: number },
): Buffer {
  const bytes = Buffer.alloc(directoryBytes);
  bytes.writeUInt16BE(1, 0);
  bytes.writeUInt16BE(tag, 2);
  bytes.writeUInt16BE(type, 4);
  bytes.writeUInt32BE(count, 6);
  bytes.writeUInt32BE(value, 10);
  return bytes;
}

/** A JPEG segment holds no more. */
const mostSegmentBytes = 65_533;

/** The JPEG with the comment in its first segment; as it is when the text is too long for one (about 32,000 characters). */
export function jpegWithComment(jpeg: Uint8Array, text: string): Uint8Array {
  const exif = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), exifWithComment(text)]);
  if (exif.length > mostSegmentBytes) return jpeg;
  const marker = Buffer.from([0xff, 0xe1, 0, 0]);
  marker.writeUInt16BE(exif.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), marker, exif, jpeg.subarray(2)]);
}

/** Where the flags of a WebP's extended header lie, and the one for EXIF. */
const [flagsAt, exifFlag] = [20, 0x08];

/** The WebP, which has an extended header, with the comment as its only EXIF. */
export function webpWithComment(webp: Uint8Array, text: string): Uint8Array {
  const whole = Buffer.from(webp);
  if (whole.toString('latin1', 12, 16) !== 'VP8X') {
    throw new RangeError('Expected a WebP with an extended header');
  }
  whole[flagsAt] |= exifFlag;
  const parts = [whole.subarray(0, 12)];
  for (let at = 12; at + 8 <= whole.length;) {
    const size = whole.readUInt32LE(at + 4);
    const end = at + 8 + size + (size % 2);
    if (whole.toString('latin1', at, at + 4) !== 'EXIF') parts.push(whole.subarray(at, end));
    at = end;
  }
  const exif = exifWithComment(text);
  const head = Buffer.from('EXIF\0\0\0\0', 'latin1');
  head.writeUInt32LE(exif.length, 4);
  parts.push(head, Buffer.from(exif), Buffer.alloc(exif.length % 2));
  const made = Buffer.concat(parts);
  made.writeUInt32LE(made.length - 8, 4);
  return made;
}
