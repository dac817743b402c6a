/** What the commands above the picture and the layers do with the selection. */
import type { Editor } from '../host/workbench/editor.ts';
import {
  combineSelections,
  invertSelection,
  selectAll,
  type Combine,
  type Selection,
} from '../host/workbench/selection.ts';
import type { Point } from '../host/workbench/shapes.ts';
import { grownSelection, layerShape, wandShape } from '../host/workbench/wand.ts';

/** Select all, none, or the rest. */
export function changeSelection(editor: Editor, how: 'all' | 'none' | 'invert'): void {
  const document = editor.document();
  if (!document) return;
  if (how === 'none') {
    if (document.selection) editor.commit('Deselect', { ...document, selection: undefined });
    return;
  }
  const selection =
    how === 'all' ? selectAll(document) : invertSelection(document.selection, document);
  editor.commit(how === 'all' ? 'Select all' : 'Invert selection', { ...document, selection });
}

/** Makes the selection larger by `px` document pixels, or smaller. */
export function growSelection(editor: Editor, px: number): void {
  const document = editor.document();
  if (!document?.selection || px === 0) return;
  const selection = grownSelection(document.selection, px, document);
  if (!selection) {
    editor.say(`Nothing of the selection would be left after shrinking by ${-px} px.`);
    return;
  }
  editor.commit(px > 0 ? 'Grow selection' : 'Shrink selection', { ...document, selection });
}

/** Selects what has nearly the colour under a point of the document. */
export function selectColor(editor: Editor, at: Point, how: Combine): void {
  const document = editor.document();
  const shape = document && wandShape(document, at, editor.getState().wand);
  if (shape) select(editor, shape, { how, name: 'Colour selection' });
}

/** Selects what a layer shows. */
export function selectLayer(editor: Editor, id: number, how: Combine): void {
  const document = editor.document();
  if (!document) return;
  const shape = layerShape(document, id);
  if (shape) select(editor, shape, { how, name: 'Select layer pixels' });
  else editor.say('There is nothing on this layer to select.');
}

function select(
  editor: Editor,
  shape: Selection,
  { how, name }: { readonly how: Combine; readonly name: string },
): void {
  const document = editor.document();
  if (!document) return;
  const selection = combineSelections(document.selection, shape, how, document);
  if (selection === document.selection) return;
  editor.commit(selection ? name : 'Deselect', { ...document, selection });
}
