/** Where the caret is in a Spectrum text field; not every UXP version tells. */
import type { SpectrumElement } from './useDomEvents.ts';

export interface TextSelection {
  readonly start: number;
  readonly end: number;
}

export interface Caret {
  readonly selection: TextSelection;
  /** Writes the text and selects a part of it. */
  show(text: string, selection: TextSelection): void;
}

/** Undefined where the field does not tell. */
export function caretOf(element: SpectrumElement): Caret | undefined {
  // The web component keeps its textarea inside; Photoshop's own tag is the field itself.
  const input = 'focusElement' in element ? element.focusElement : element;
  if (!isSelectable(input)) return undefined;
  return {
    selection: { start: input.selectionStart, end: input.selectionEnd },
    show(text, { start, end }) {
      input.value = text;
      input.selectionStart = start;
      input.selectionEnd = end;
    },
  };
}

interface Selectable {
  value: string;
  selectionStart: number;
  selectionEnd: number;
}

function isSelectable(input: unknown): input is Selectable {
  return (
    typeof input === 'object' &&
    input !== null &&
    'selectionStart' in input &&
    typeof input.selectionStart === 'number' &&
    'selectionEnd' in input &&
    typeof input.selectionEnd === 'number'
  );
}
