/** What a file is, by its first bytes: a name's ending proves nothing. */
type PictureFormat = 'png' | 'jpeg' | 'webp' | 'tiff' | 'psd';

/** How many first bytes `sniffFormat` needs. */
export const sniffBytes = 16;

/** The format that the bytes begin like; undefined when it is none that is opened. */
export function sniffFormat(head: Uint8Array): PictureFormat | undefined {
  if (begins(head, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'png';
  if (begins(head, [0xff, 0xd8, 0xff])) return 'jpeg';
  if (begins(head, ascii('RIFF')) && begins(head.subarray(8), ascii('WEBP'))) return 'webp';
  if (begins(head, [0x49, 0x49, 0x2a, 0x00]) || begins(head, [0x4d, 0x4d, 0x00, 0x2a]))
    return 'tiff';
  if (begins(head, [0x49, 0x49, 0x2b, 0x00]) || begins(head, [0x4d, 0x4d, 0x00, 0x2b]))
    return 'tiff';
  if (begins(head, ascii('8BPS'))) return 'psd';
  return undefined;
}

function begins(bytes: Uint8Array, magic: readonly number[]): boolean {
  return bytes.length >= magic.length && magic.every((m, i) => bytes[i] === m);
}

function ascii(text: string): number[] {
  return Array.from(text, (c) => c.charCodeAt(0));
}
