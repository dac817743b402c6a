/** The browser program around the panel: top line, tools, picture, panel, layers, status line. */
import { useEffect, useRef, useState, useSyncExternalStore, type RefObject } from 'react';
import { Panel } from '../panel/Panel.tsx';
import type { Session } from '../session/session.ts';
import type { SessionState } from '../session/state.ts';
import { CanvasView } from './CanvasView.tsx';
import type { Editor } from '../host/workbench/editor.ts';
import { LayerList } from './LayerList.tsx';
import type { CanvasMasks } from './maskOverlay.ts';
import { pressKey, type FileCommands } from './shortcuts.ts';
import { StatusLine } from './StatusLine.tsx';
import { ToolBar } from './ToolBar.tsx';
import { TopLine } from './TopLine.tsx';

interface DropCommands {
  readonly openDropped: (file: File) => void;
  /** Dropped on the panel: its recipe is read. */
  readonly readDropped: (file: File) => void;
}

export interface WorkbenchProps {
  readonly editor: Editor;
  readonly session: Session;
  readonly files: FileCommands & DropCommands;
  readonly theme: { readonly name: string; readonly next: () => void };
}

export function Workbench({ editor, session, files, theme }: WorkbenchProps) {
  const state = useSyncExternalStore(editor.subscribe, editor.getState);
  const panel = useSyncExternalStore(session.subscribe, session.getState);
  const side = useRef<HTMLDivElement>(null);
  const target = useDrop(side, files);
  useKeys(editor, files);
  const reach = panel.plan.phase === 'known' ? panel.plan.plan.context : undefined;
  const isReachShown = state.history?.present.selection !== undefined;
  return (
    <div className={target === undefined ? 'workbench' : `workbench dropping-${target}`}>
      <TopLine editor={editor} state={state} files={files} theme={theme} />
      <div className="middle">
        <ToolBar editor={editor} state={state} />
        <CanvasView
          editor={editor}
          state={state}
          reach={isReachShown ? reach : undefined}
          masks={masksOf(panel)}
        />
        <div className="side">
          {target !== undefined && (
            <div className="drop-hint">Drop here to read the picture’s recipe</div>
          )}
          <div ref={side} className="side-panel">
            <Panel session={session} />
          </div>
          <LayerList editor={editor} document={state.history?.present} />
        </div>
      </div>
      <StatusLine state={state} service={panel.service} />
    </div>
  );
}

/** Over the picture as long as something is selected. */
function masksOf({ previews }: SessionState): CanvasMasks | undefined {
  const { view, shown } = previews.masks;
  return view === 'off' || !shown ? undefined : { view, shown };
}

function useKeys(editor: Editor, files: FileCommands): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (pressKey(event, editor, files)) event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [editor, files]);
}

type DropTarget = 'document' | 'recipe';

/** Files dropped on the panel are asked for their recipe, elsewhere they open; where one hovers. */
function useDrop(
  side: RefObject<HTMLElement | null>,
  { openDropped, readDropped }: DropCommands,
): DropTarget | undefined {
  const [target, setTarget] = useState<DropTarget>();
  useEffect(() => {
    const targetOf = (event: DragEvent): DropTarget =>
      event.target instanceof Node && side.current?.contains(event.target) === true
        ? 'recipe'
        : 'document';
    const onOver = (event: DragEvent) => {
      event.preventDefault();
      setTarget(targetOf(event));
    };
    const onLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) setTarget(undefined);
    };
    const onDrop = (event: DragEvent) => {
      event.preventDefault();
      setTarget(undefined);
      const file = event.dataTransfer?.files[0];
      if (!file) return;
      if (targetOf(event) === 'recipe') readDropped(file);
      else openDropped(file);
    };
    addEventListener('dragover', onOver);
    addEventListener('dragleave', onLeave);
    addEventListener('drop', onDrop);
    return () => {
      removeEventListener('dragover', onOver);
      removeEventListener('dragleave', onLeave);
      removeEventListener('drop', onDrop);
    };
  }, [side, openDropped, readDropped]);
  return target;
}
