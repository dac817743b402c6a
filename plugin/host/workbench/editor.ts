/** The workbench's own state: the open document with its history, the tool, and what the screen shows. */
import type { Size } from '../../../shared/geometry.ts';
import { advance, amend, beginHistory, redo, undo, type History } from './history.ts';
import type { PictureDocument } from './pictureDocument.ts';
import type { Brush } from './shapes.ts';
import type { Wand } from './wand.ts';

export type Tool =
  | 'rectangle'
  | 'ellipse'
  | 'lasso'
  | 'wand'
  | 'brush'
  | 'eraser'
  | 'hand'
  | 'zoom';

export interface View {
  /** Screen pixels per document pixel. */
  readonly scale: number;
  /** Screen position of the document's upper left corner, in the canvas area. */
  readonly x: number;
  readonly y: number;
}

export interface EditorState {
  readonly history: History<PictureDocument> | undefined;
  readonly tool: Tool;
  readonly brush: Brush;
  readonly wand: Wand;
  readonly view: View;
  /** Size of the canvas area on the screen. */
  readonly area: Size;
  /** The selection is painted over the picture in red. */
  readonly isMaskShown: boolean;
  /** A file is being written; the command stops it. */
  readonly isExporting: boolean;
  /** The last sentence for the status line. */
  readonly message: { readonly text: string; readonly isError: boolean } | undefined;
}

export interface Editor {
  readonly getState: () => EditorState;
  readonly subscribe: (listener: () => void) => () => void;
  readonly update: (change: Partial<EditorState>) => void;
  readonly document: () => PictureDocument | undefined;
  /** A new document, fitted into the area. */
  readonly open: (document: PictureDocument) => void;
  /** One step that Undo takes back. */
  readonly commit: (name: string, document: PictureDocument) => void;
  /** A change without a step of its own. */
  readonly amend: (document: PictureDocument) => void;
  readonly undo: () => void;
  readonly redo: () => void;
  readonly fit: () => void;
  readonly say: (text: string, isError?: boolean) => void;
}

const marginPx = 32;

export function createEditor(): Editor {
  let state: EditorState = {
    history: undefined,
    tool: 'rectangle',
    brush: { radiusPx: 24, hardness: 0.5 },
    wand: { tolerance: 32, isContiguous: true },
    view: { scale: 1, x: 0, y: 0 },
    area: { width: 0, height: 0 },
    isMaskShown: false,
    isExporting: false,
    message: undefined,
  };
  const listeners = new Set<() => void>();
  const update = (change: Partial<EditorState>) => {
    state = { ...state, ...change };
    for (const listener of listeners) listener();
  };
  const step = (change: (history: History<PictureDocument>) => History<PictureDocument>) => {
    if (!state.history) return;
    const history = change(state.history);
    const { present } = history;
    const { width, height } = state.history.present;
    // A canvas of another size is shown whole, whichever way it changed.
    const isResized = present.width !== width || present.height !== height;
    update({ history, ...(isResized ? { view: fittedView(present, state.area) } : {}) });
  };
  const fit = () => {
    const document = state.history?.present;
    if (document) update({ view: fittedView(document, state.area) });
  };
  return {
    getState: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    update,
    document: () => state.history?.present,
    open: (document) => {
      update({ history: beginHistory(document), view: fittedView(document, state.area) });
    },
    commit: (name, document) => step((history) => advance(history, name, document)),
    amend: (document) => step((history) => amend(history, document)),
    undo: () => step(undo),
    redo: () => step(redo),
    fit,
    say: (text, isError = false) => update({ message: { text, isError } }),
  };
}

/** The whole document in the middle of the area, never enlarged. */
export function fittedView(document: Size, area: Size): View {
  const scale = Math.min(
    1,
    Math.max(0.02, (area.width - 2 * marginPx) / document.width),
    Math.max(0.02, (area.height - 2 * marginPx) / document.height),
  );
  return {
    scale,
    x: Math.round((area.width - document.width * scale) / 2),
    y: Math.round((area.height - document.height * scale) / 2),
  };
}

/** Zoomed by a factor around a point of the area. */
export function zoomedView(view: View, factor: number, at: { x: number; y: number }): View {
  const scale = Math.min(32, Math.max(0.02, view.scale * factor));
  const ratio = scale / view.scale;
  return { scale, x: at.x - (at.x - view.x) * ratio, y: at.y - (at.y - view.y) * ratio };
}
