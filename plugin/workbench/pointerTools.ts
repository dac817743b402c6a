/** What pointer movements do with the active tool: selections, panning, zooming. */
import type { Editor, Tool } from '../host/workbench/editor.ts';
import { zoomedView } from '../host/workbench/editor.ts';
import { combineSelections, type Combine, type Selection } from '../host/workbench/selection.ts';
import {
  ellipseShape,
  polygonShape,
  rectangleShape,
  strokeShape,
  type Point,
} from '../host/workbench/shapes.ts';
import { selectColor } from './selectionCommands.ts';

export interface Keys {
  readonly shift: boolean;
  readonly alt: boolean;
}

export interface Gesture {
  /** Points of the shape so far, document pixels; undefined for tools that draw none. */
  draft(): readonly Point[] | undefined;
  move(screen: Point, keys: Keys): void;
  end(screen: Point, keys: Keys): void;
}

/** Begins what the tool does at a point of the canvas area (screen pixels). */
export function beginGesture(
  editor: Editor,
  tool: Tool,
  at: Point,
  keys: Keys,
): Gesture | undefined {
  if (!editor.document()) return undefined;
  if (tool === 'hand') return panGesture(editor, at);
  if (tool === 'zoom') {
    editor.update({ view: zoomedView(editor.getState().view, keys.alt ? 0.5 : 2, at) });
    return undefined;
  }
  if (tool === 'wand') {
    selectColor(editor, toDocument(editor, at), combineOf(keys));
    return undefined;
  }
  if (tool === 'brush' || tool === 'eraser') return strokeGesture(editor, tool, at, keys);
  return shapeGesture(editor, tool, at, keys);
}

export function toDocument(editor: Editor, screen: Point): Point {
  const { view } = editor.getState();
  return { x: (screen.x - view.x) / view.scale, y: (screen.y - view.y) / view.scale };
}

function panGesture(editor: Editor, from: Point): Gesture {
  const { view } = editor.getState();
  const move = (at: Point) => {
    const { scale } = editor.getState().view;
    editor.update({ view: { scale, x: view.x + at.x - from.x, y: view.y + at.y - from.y } });
  };
  return { draft: () => undefined, move, end: move };
}

function shapeGesture(editor: Editor, tool: Tool, from: Point, keys: Keys): Gesture {
  const first = toDocument(editor, from);
  let points: Point[] = [first];
  const how = combineOf(keys);
  return {
    draft: () => points,
    move: (at, now) => {
      const point = toDocument(editor, at);
      if (tool === 'lasso') points = [...points, point];
      // Shift pressed after the start makes it a square; before the start it adds.
      else points = [first, now.shift && !keys.shift ? squared(first, point) : point];
    },
    end: () => {
      const last = points[points.length - 1] ?? first;
      select(editor, shapeOf(tool, points, first, last), how, nameOf(tool));
    },
  };
}

function shapeOf(
  tool: Tool,
  points: readonly Point[],
  first: Point,
  last: Point,
): Selection | undefined {
  if (tool === 'rectangle') return rectangleShape(first, last);
  return tool === 'ellipse' ? ellipseShape(first, last) : polygonShape(points);
}

function squared(from: Point, to: Point): Point {
  const side = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y));
  return {
    x: from.x + (to.x < from.x ? -side : side),
    y: from.y + (to.y < from.y ? -side : side),
  };
}

/** A stroke shows while it is drawn and is one step of the history when it ends. */
function strokeGesture(editor: Editor, tool: 'brush' | 'eraser', at: Point, keys: Keys): Gesture {
  const before = editor.document();
  let last = toDocument(editor, at);
  const how: Combine = (tool === 'eraser') !== keys.alt ? 'subtract' : 'add';
  const stroke = (screen: Point) => {
    const document = editor.document();
    if (!document) return;
    const next = toDocument(editor, screen);
    const shape = strokeShape(last, next, editor.getState().brush);
    last = next;
    const selection = combineSelections(document.selection, shape, how, document);
    editor.amend({ ...document, selection });
  };
  stroke(at);
  return {
    draft: () => undefined,
    move: stroke,
    end: () => {
      const after = editor.document();
      if (!before || !after) return;
      editor.amend(before);
      editor.commit(nameOf(tool), after);
    },
  };
}

function combineOf({ shift, alt }: Keys): Combine {
  if (alt) return 'subtract';
  return shift ? 'add' : 'replace';
}

function select(editor: Editor, shape: Selection | undefined, how: Combine, name: string): void {
  const document = editor.document();
  if (!document) return;
  const selection = combineSelections(document.selection, shape, how, document);
  if (selection === document.selection) return;
  editor.commit(selection ? name : 'Deselect', { ...document, selection });
}

function nameOf(tool: Tool): string {
  const names: Readonly<Record<Tool, string>> = {
    rectangle: 'Rectangular selection',
    ellipse: 'Elliptical selection',
    lasso: 'Lasso selection',
    wand: 'Colour selection',
    brush: 'Selection brush',
    eraser: 'Selection eraser',
    hand: 'Pan',
    zoom: 'Zoom',
  };
  return names[tool];
}
