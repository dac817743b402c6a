/** What AUTOMATIC1111 notes about inpainting in its parameters text (reference version 1.10.1). */
import type { InpaintInput, MaskedContent } from './inpaint.ts';

const contentNames: Readonly<Record<MaskedContent, string | undefined>> = {
  0: 'fill',
  1: undefined,
  2: 'latent noise',
  3: 'latent nothing',
};

type Noted = Pick<
  InpaintInput,
  'maskBlurX' | 'maskBlurY' | 'invert' | 'fullRes' | 'padding' | 'fillMode'
>;

/** Entries in their order; "Mask blur" is null when the two directions differ. */
export function inpaintParameters(
  input: Noted,
  croppedEmpty = false,
): Record<string, string | number | null> {
  const noted: Record<string, string | number | null> = {};
  if (input.invert) noted['Mask mode'] = 'Inpaint not masked';
  if (input.maskBlurX > 0 || input.maskBlurY > 0) {
    noted['Mask blur'] = input.maskBlurX === input.maskBlurY ? input.maskBlurX : null;
  }
  if (croppedEmpty) return noted;
  if (input.fullRes) {
    noted['Inpaint area'] = 'Only masked';
    noted['Masked area padding'] = input.padding;
  }
  const content = contentNames[input.fillMode];
  if (content !== undefined) noted['Masked content'] = content;
  return noted;
}
