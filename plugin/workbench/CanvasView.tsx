import { useEffect, useRef, useState, type PointerEvent as ReactPointerEvent } from 'react';
import type { Rect } from '../../shared/geometry.ts';
import { CanvasPainter, type Scene } from './canvasPainter.ts';
import {
  fittedView,
  zoomedView,
  type Editor,
  type EditorState,
  type Tool,
} from '../host/workbench/editor.ts';
import type { CanvasMasks } from './maskOverlay.ts';
import { beginGesture, type Gesture, type Keys } from './pointerTools.ts';
import type { Point } from '../host/workbench/shapes.ts';

export interface CanvasViewProps {
  readonly editor: Editor;
  readonly state: EditorState;
  readonly reach: Rect | undefined;
  readonly masks: CanvasMasks | undefined;
}

/** How far the ants march per frame, pixels, and how often. */
const antsStep = 1;
const antsEveryMs = 90;

/** The picture on the screen, and the tools on it. */
export function CanvasView({ editor, state, reach, masks }: CanvasViewProps) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const gesture = useRef<Gesture>(undefined);
  const [pointer, setPointer] = useState<Point>();
  const [isSpace, setSpace] = useState(false);
  const [draft, setDraft] = useState<readonly Point[]>();
  const tool: Tool = isSpace ? 'hand' : state.tool;

  useArea(frame, editor);
  useWheel(frame, editor);
  useSpace(setSpace);
  const isBrush = tool === 'brush' || tool === 'eraser';
  usePainting(canvas, {
    editor: state,
    reach,
    masks,
    draft,
    brushAt: isBrush ? pointer : undefined,
    antsPhase: 0,
  });

  const onDown = (event: ReactPointerEvent<HTMLDivElement>) => {
    if (event.button > 1) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const used = event.button === 1 ? 'hand' : tool;
    gesture.current = beginGesture(editor, used, pointOf(event), keysOf(event));
    setDraft(gesture.current?.draft());
  };
  const onMove = (event: ReactPointerEvent<HTMLDivElement>) => {
    setPointer(pointOf(event));
    if (!gesture.current) return;
    gesture.current.move(pointOf(event), keysOf(event));
    setDraft(gesture.current.draft());
  };
  const onUp = (event: ReactPointerEvent<HTMLDivElement>) => {
    gesture.current?.end(pointOf(event), keysOf(event));
    gesture.current = undefined;
    setDraft(undefined);
  };
  return (
    <div
      ref={frame}
      className={`canvas cursor-${tool}`}
      role="application"
      aria-label="Picture"
      onPointerDown={onDown}
      onPointerMove={onMove}
      onPointerUp={onUp}
      onPointerCancel={onUp}
      onPointerLeave={() => setPointer(undefined)}
    >
      <canvas ref={canvas} />
    </div>
  );
}

function pointOf(event: ReactPointerEvent<HTMLDivElement>): Point {
  const box = event.currentTarget.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

function keysOf(event: ReactPointerEvent<HTMLDivElement>): Keys {
  return { shift: event.shiftKey, alt: event.altKey };
}

/** Tells the editor how large the canvas area is; a picture that was fitted into it stays fitted. */
function useArea(frame: React.RefObject<HTMLDivElement | null>, editor: Editor): void {
  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => {
      const { area, view } = editor.getState();
      const document = editor.document();
      const fitted = document && fittedView(document, area);
      const wasFitted = fitted?.scale === view.scale && fitted.x === view.x && fitted.y === view.y;
      editor.update({ area: { width: element.clientWidth, height: element.clientHeight } });
      if (area.width === 0 || wasFitted) editor.fit();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [frame, editor]);
}

/** The wheel pans; with Ctrl or Alt (and by pinching) it zooms around the pointer. */
function useWheel(frame: React.RefObject<HTMLDivElement | null>, editor: Editor): void {
  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const { view } = editor.getState();
      if (event.ctrlKey || event.altKey) {
        const box = element.getBoundingClientRect();
        const at = { x: event.clientX - box.left, y: event.clientY - box.top };
        editor.update({ view: zoomedView(view, Math.exp(-event.deltaY * 0.002), at) });
      } else {
        const { x, y } = view;
        editor.update({ view: { ...view, x: x - event.deltaX, y: y - event.deltaY } });
      }
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [frame, editor]);
}

/** The space bar holds the hand for as long as it is down, unless something is being typed. */
function useSpace(setSpace: (isDown: boolean) => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.code !== 'Space' || event.target !== document.body) return;
      event.preventDefault();
      setSpace(event.type === 'keydown');
    };
    addEventListener('keydown', onKey);
    addEventListener('keyup', onKey);
    return () => {
      removeEventListener('keydown', onKey);
      removeEventListener('keyup', onKey);
    };
  }, [setSpace]);
}

/** Paints after every change, and moves the ants while there is a selection. */
function usePainting(canvas: React.RefObject<HTMLCanvasElement | null>, scene: Scene): void {
  const painter = useRef<CanvasPainter>(undefined);
  const newest = useRef(scene);
  const phase = useRef(0);
  const hasAnts = scene.editor.history?.present.selection !== undefined;
  useEffect(() => {
    newest.current = scene;
    if (!canvas.current) return;
    painter.current ??= new CanvasPainter(canvas.current);
    painter.current.paint({ ...scene, antsPhase: phase.current });
  });
  useEffect(() => {
    if (!hasAnts || matchMedia('(prefers-reduced-motion: reduce)').matches) return undefined;
    const timer = setInterval(() => {
      if (document.hidden) return;
      phase.current = (phase.current + antsStep) % 8;
      painter.current?.paint({ ...newest.current, antsPhase: phase.current });
    }, antsEveryMs);
    return () => clearInterval(timer);
  }, [hasAnts]);
}
