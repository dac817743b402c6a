/** Keys of the workbench, as painters know them. */
import type { Editor, Tool } from '../host/workbench/editor.ts';
import { zoomedView } from '../host/workbench/editor.ts';
import { deleteActive } from './LayerList.tsx';
import { changeSelection } from './selectionCommands.ts';

export interface FileCommands {
  readonly open: () => void;
  readonly savePsd: () => void;
  readonly exportPng: () => void;
}

const toolKeys: Readonly<Record<string, Tool>> = {
  m: 'rectangle',
  o: 'ellipse',
  l: 'lasso',
  w: 'wand',
  b: 'brush',
  e: 'eraser',
  h: 'hand',
  z: 'zoom',
};

/** Does what the key stands for; true when it stood for something. */
export function pressKey(event: KeyboardEvent, editor: Editor, files: FileCommands): boolean {
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) return pressCommand(key, event.shiftKey, editor, files);
  if (event.altKey || isTyping(event)) return false;
  const tool = toolKeys[key];
  if (tool) editor.update({ tool });
  else if (key === '[') changeBrush(editor, 1 / 1.25);
  else if (key === ']') changeBrush(editor, 1.25);
  else if (key === 'q') editor.update({ isMaskShown: !editor.getState().isMaskShown });
  else if (key === 'delete' || key === 'backspace') deleteActive(editor);
  else return false;
  return true;
}

function pressCommand(key: string, isShift: boolean, editor: Editor, files: FileCommands): boolean {
  const commands: Readonly<Record<string, () => void>> = {
    z: () => (isShift ? editor.redo() : editor.undo()),
    y: () => editor.redo(),
    s: () => (isShift ? files.exportPng() : files.savePsd()),
    o: () => files.open(),
    a: () => changeSelection(editor, 'all'),
    d: () => changeSelection(editor, 'none'),
    i: () => changeSelection(editor, 'invert'),
    '0': () => editor.fit(),
    '1': () => zoomTo(editor, 1 / editor.getState().view.scale),
    '+': () => zoomTo(editor, 1.5),
    '=': () => zoomTo(editor, 1.5),
    '-': () => zoomTo(editor, 1 / 1.5),
  };
  const command = commands[key];
  if (!command) return false;
  // In a text field these belong to the text.
  if (isTypingNow() && ['z', 'y', 'a', 'd', 'i'].includes(key)) return false;
  if (key === 'i' && !isShift) return false;
  command();
  return true;
}

function changeBrush(editor: Editor, factor: number): void {
  const { brush } = editor.getState();
  const radiusPx = Math.min(500, Math.max(1, Math.round(brush.radiusPx * factor)));
  const isStuck = radiusPx === brush.radiusPx;
  editor.update({
    brush: { ...brush, radiusPx: isStuck && factor > 1 ? radiusPx + 1 : radiusPx },
  });
}

function zoomTo(editor: Editor, factor: number): void {
  const { view, area } = editor.getState();
  editor.update({ view: zoomedView(view, factor, { x: area.width / 2, y: area.height / 2 }) });
}

function isTyping(event: KeyboardEvent): boolean {
  return event.composedPath().some((target) => target instanceof Element && isTextInput(target));
}

function isTypingNow(): boolean {
  let element = document.activeElement;
  // Spectrum's fields keep their input in a shadow tree.
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element !== null && isTextInput(element);
}

function isTextInput(element: Element): boolean {
  return /^(input|textarea|sp-textfield|sp-picker)$/i.test(element.tagName);
}
