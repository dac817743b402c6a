/** The browser program around the panel: top line, tools, picture, panel, layers, status line. */
import { useEffect, useState, useSyncExternalStore } from 'react';
import { Panel } from '../panel/Panel.tsx';
import type { Session } from '../session/session.ts';
import { CanvasView } from './CanvasView.tsx';
import type { Editor } from '../host/workbench/editor.ts';
import { LayerList } from './LayerList.tsx';
import { pressKey, type FileCommands } from './shortcuts.ts';
import { StatusLine } from './StatusLine.tsx';
import { ToolBar } from './ToolBar.tsx';
import { TopLine } from './TopLine.tsx';

export interface WorkbenchProps {
  readonly editor: Editor;
  readonly session: Session;
  readonly files: FileCommands & { readonly openDropped: (file: File) => void };
  readonly theme: { readonly name: string; readonly next: () => void };
}

export function Workbench({ editor, session, files, theme }: WorkbenchProps) {
  const state = useSyncExternalStore(editor.subscribe, editor.getState);
  const panel = useSyncExternalStore(session.subscribe, session.getState);
  const isDropping = useDrop(files.openDropped);
  useKeys(editor, files);
  const reach = panel.plan.phase === 'known' ? panel.plan.plan.context : undefined;
  const isReachShown = state.history?.present.selection !== undefined;
  return (
    <div className={isDropping ? 'workbench dropping' : 'workbench'}>
      <TopLine editor={editor} state={state} files={files} theme={theme} />
      <div className="middle">
        <ToolBar editor={editor} state={state} />
        <CanvasView editor={editor} state={state} reach={isReachShown ? reach : undefined} />
        <div className="side">
          <div className="side-panel">
            <Panel session={session} />
          </div>
          <LayerList editor={editor} document={state.history?.present} />
        </div>
      </div>
      <StatusLine state={state} service={panel.service} />
    </div>
  );
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

/** Files dropped anywhere open; true while one hovers. */
function useDrop(openDropped: (file: File) => void): boolean {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const onOver = (event: DragEvent) => {
      event.preventDefault();
      setOver(true);
    };
    const onLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = (event: DragEvent) => {
      event.preventDefault();
      setOver(false);
      const file = event.dataTransfer?.files[0];
      if (file) openDropped(file);
    };
    addEventListener('dragover', onOver);
    addEventListener('dragleave', onLeave);
    addEventListener('drop', onDrop);
    return () => {
      removeEventListener('dragover', onOver);
      removeEventListener('dragleave', onLeave);
      removeEventListener('drop', onDrop);
    };
  }, [openDropped]);
  return isOver;
}
