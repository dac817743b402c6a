/** Whether layers can be added to a document. */
import { PentimentoError } from '../../../../../shared/errors.ts';
import type { DocumentMode } from './documentForm.ts';
import { hasComposite, type PsdFile } from './readDocument.ts';

const colorModes: ReadonlySet<DocumentMode> = new Set(['gray', 'rgb', 'cmyk', 'lab']);
const modeNames: Readonly<Partial<Record<DocumentMode, string>>> = {
  indexed: 'an indexed colour',
  duotone: 'a duotone',
  multichannel: 'a multichannel',
};

/** Only a composite. */
export function isFlat(file: PsdFile): boolean {
  return (file.layers?.records.length ?? 0) === 0;
}

/** Throws E_IMAGE_CHANNELS for modes whose layers cannot take any colour. */
export function assertTakesLayers(file: PsdFile): void {
  const { mode } = file.form;
  if (!colorModes.has(mode)) {
    const name = modeNames[mode] ?? 'a bitmap';
    throw new PentimentoError(
      'E_IMAGE_CHANNELS',
      `It is ${name} document, which takes no layers in other colours.`,
    );
  }
  if (isFlat(file) && !hasComposite(file)) {
    throw new PentimentoError('E_IMAGE_CHANNELS', 'It has neither layers nor a composite.');
  }
  if (isFlat(file) && file.marksTransparency) {
    throw new PentimentoError(
      'E_IMAGE_CHANNELS',
      'It is transparent but has no layers; save it with its layers.',
    );
  }
}
