/** What every part of a Photoshop document depends on: its size, depth and colour mode. */
import { PentimentoError } from '../../../../../shared/errors.ts';
import { maxPicturePixels, maxSidePx } from '../../../../../shared/limits.ts';
import type { ByteCursor } from './byteCursor.ts';

export type DocumentMode =
  | 'bitmap'
  | 'gray'
  | 'indexed'
  | 'rgb'
  | 'cmyk'
  | 'multichannel'
  | 'duotone'
  | 'lab';

/** The header's numbers. */
const modes: Readonly<Record<number, DocumentMode>> = {
  0: 'bitmap',
  1: 'gray',
  2: 'indexed',
  3: 'rgb',
  4: 'cmyk',
  7: 'multichannel',
  8: 'duotone',
  9: 'lab',
};

export interface DocumentForm {
  /** A large document (PSB): lengths of 8 bytes. */
  readonly big: boolean;
  readonly width: number;
  readonly height: number;
  /** Of the composite: colour, transparency and saved selections. */
  readonly channels: number;
  readonly depth: 8 | 16 | 32;
  readonly mode: DocumentMode;
}

/** The number that the header has for a mode. */
export function modeNumber(mode: DocumentMode): number {
  return Number(Object.keys(modes).find((key) => modes[Number(key)] === mode));
}

const colorChannels: Readonly<Partial<Record<DocumentMode, number>>> = {
  gray: 1,
  rgb: 3,
  cmyk: 4,
  lab: 3,
  indexed: 1,
  duotone: 1,
};

/** How many channels are colour; every one of a multichannel document is. */
export function colorsOf(form: DocumentForm): number {
  return colorChannels[form.mode] ?? form.channels;
}

/**
 * The file header. Throws RangeErrors for what no document has, E_IMAGE_PIXELS for more than the
 * product works on and E_IMAGE_CHANNELS for bitmaps.
 */
export function readForm(cursor: ByteCursor): DocumentForm {
  if (cursor.ascii(4) !== '8BPS') throw new RangeError('signature');
  const version = cursor.u16();
  cursor.take(6);
  const channels = cursor.u16();
  const height = cursor.u32();
  const width = cursor.u32();
  const depth = cursor.u16();
  const mode = modes[cursor.u16()];
  if ((version !== 1 && version !== 2) || mode === undefined) throw new RangeError('header');
  if (width < 1 || height < 1 || channels < 1 || channels > 56) throw new RangeError('size');
  if (width > maxSidePx || height > maxSidePx || width * height > maxPicturePixels) {
    throw new PentimentoError('E_IMAGE_PIXELS', `It has ${width} x ${height} pixels.`);
  }
  if (depth === 1) throw new PentimentoError('E_IMAGE_CHANNELS', 'It is a bitmap document.');
  if (depth !== 8 && depth !== 16 && depth !== 32) throw new RangeError('depth');
  const form: DocumentForm = { big: version === 2, width, height, channels, depth, mode };
  if (channels < colorsOf(form)) throw new RangeError('fewer channels than colours');
  return form;
}
