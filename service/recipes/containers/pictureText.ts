/** What a picture file holds besides its pixels, as far as recipes are concerned. */
import type { Size } from '../../../shared/geometry.ts';

export interface PictureText {
  /** `png`: a text chunk by its keyword; `exif`: a tag by its name; `comment`: the file's own comment. */
  readonly kind: 'png' | 'exif' | 'xmp' | 'comment';
  readonly keyword: string;
  readonly text: string;
}

export interface PictureTexts {
  readonly format: string;
  /** Where the container tells it, pixels. */
  readonly size?: Size;
  /** In file order. */
  readonly texts: readonly PictureText[];
  /** Keywords of texts that are there but damaged, packed wrongly, or longer than `maxTextBytes`. */
  readonly unreadable: readonly string[];
}

/** Collects texts within bounds, so that no file can fill the memory. */
export interface TextCollector {
  readonly texts: PictureText[];
  readonly unreadable: string[];
  add(text: PictureText): void;
  /** Bytes that one more text may have. */
  roomBytes(): number;
  /** One more part of the file has been looked at; true when that is enough, so that no file takes for ever. */
  isEnough(): boolean;
}

/** No program writes a longer recipe; a ComfyUI workflow of a thousand nodes has about one megabyte. */
export const maxTextBytes = 8 * 1024 * 1024;
const maxAllBytes = 2 * maxTextBytes;
/** A PNG of a gigabyte has some 130,000 chunks. */
const mostParts = 200_000;
const mostUnreadable = 20;

export function collectTexts(): TextCollector {
  const texts: PictureText[] = [];
  const unreadable: string[] = [];
  let used = 0;
  let parts = 0;
  return {
    texts,
    unreadable,
    add(text) {
      used += text.text.length;
      texts.push(text);
    },
    roomBytes: () => Math.min(maxTextBytes, maxAllBytes - used),
    isEnough: () => ++parts > mostParts || unreadable.length >= mostUnreadable,
  };
}

/** UTF-8 where it is valid, else Latin-1, without the zeros that fill a field up. */
export function plainText(bytes: Uint8Array): string {
  const text = utf8Text(bytes) ?? Buffer.from(bytes).toString('latin1');
  const end = text.search(/\0+$/);
  return end < 0 ? text : text.slice(0, end);
}

/** Undefined when the bytes are no UTF-8. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
