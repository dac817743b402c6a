/** Pictures and masks of a reference case in the product's 8-bit form. */
import type { Case } from './case.ts';
import { type Image8, newImage8 } from '../../service/engine/picture/pillow/image8.ts';
import type { Mask } from '../../service/engine/picture/raster.ts';

/** The 8-bit picture that a case names. */
export async function image8(c: Case, reference: unknown): Promise<Image8> {
  const { width, height, channels, data } = await c.picture(reference);
  if (!(data instanceof Uint8Array)) throw new Error('Expected an 8-bit picture');
  if (channels !== 1 && channels !== 2 && channels !== 3 && channels !== 4)
    throw new Error('Expected 1 to 4 channels');
  return newImage8(width, height, channels, data);
}

/** The one-channel picture that a case names, as a mask. */
export async function mask8(c: Case, reference: unknown): Promise<Mask> {
  const image = await image8(c, reference);
  if (image.channels !== 1) throw new Error('Expected one channel');
  return { width: image.width, height: image.height, data: image.data };
}

/** The product's picture as the comparison takes it. */
export function answer8(image: Image8 | Mask): Image8 & { bits: 8 } {
  const channels = 'channels' in image ? image.channels : 1;
  return { ...newImage8(image.width, image.height, channels, image.data), bits: 8 };
}

/** An 8-bit tensor [n, channels] as a picture of one row. */
export function tensorRow8(c: Case, reference: unknown): Image8 {
  const { shape, data } = c.tensor(reference);
  if (!(data instanceof Uint8Array)) throw new Error('Expected 8-bit values');
  return newImage8(shape[0] ?? 0, 1, shape[1] === 3 ? 3 : 1, data);
}

/** Plain values of a case's input by name, checked. */
export function inputs(c: Case) {
  return {
    number(name: string): number {
      const value = c.input[name];
      if (typeof value !== 'number') throw new Error(`Expected a number named ${name}`);
      return value;
    },
    text(name: string): string {
      const value = c.input[name];
      if (typeof value !== 'string') throw new Error(`Expected a string named ${name}`);
      return value;
    },
    flag(name: string): boolean {
      return c.input[name] === true;
    },
    rows<T>(): readonly T[] {
      return c.input['rows'] as readonly T[];
    },
  };
}
