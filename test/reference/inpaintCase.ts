/** The fields that `init` and `roundtrip` cases share, as the product's own input. */
import type { Case } from './case.ts';
import { image8, inputs } from './image8Case.ts';
import type { InpaintInput, MaskedContent } from '../../service/engine/picture/webui/inpaint.ts';
import type { ResizeMode } from '../../service/engine/picture/webui/resizeImage.ts';

export async function inpaintInput(c: Case): Promise<InpaintInput> {
  const read = inputs(c);
  return {
    picture: await image8(c, c.input['picture']),
    mask: await image8(c, c.input['mask']),
    width: read.number('width'),
    height: read.number('height'),
    resizeMode: read.number('resizeMode') as ResizeMode | 3,
    maskBlurX: read.number('maskBlurX'),
    maskBlurY: read.number('maskBlurY'),
    invert: read.flag('invert'),
    fullRes: read.flag('onlyMasked'),
    padding: read.number('padding'),
    fillMode: read.number('fill') as MaskedContent,
    maskRound: c.input['maskRound'] !== false,
  };
}
