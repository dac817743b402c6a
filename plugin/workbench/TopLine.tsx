import type { Editor, EditorState } from '../host/workbench/editor.ts';
import { GrowOptions } from './GrowOptions.tsx';
import { changeSelection } from './selectionCommands.ts';
import type { FileCommands } from './shortcuts.ts';
import { WandOptions } from './WandOptions.tsx';
import type { PictureDocument } from '../host/workbench/pictureDocument.ts';

export interface TopLineProps {
  readonly editor: Editor;
  readonly state: EditorState;
  readonly files: FileCommands;
  readonly theme: { readonly name: string; readonly next: () => void };
}

/** File commands, undo, selection commands, and what the document is. */
export function TopLine({ editor, state, files, theme }: TopLineProps) {
  const { history } = state;
  const document = history?.present;
  const undoName = history?.past[history.past.length - 1]?.name;
  const redoName = history?.future[0]?.name;
  const isSelected = document?.selection !== undefined;
  return (
    <div className="top">
      <b className="brand">Pentimento</b>
      <Command title="Open a picture (Ctrl+O)" onPress={files.open}>
        Open
      </Command>
      <Command title="Save as PSD (Ctrl+S)" isDisabled={!document} onPress={files.savePsd}>
        Save PSD
      </Command>
      <Command title="Export PNG (Ctrl+Shift+S)" isDisabled={!document} onPress={files.exportPng}>
        {state.isExporting ? 'Stop export' : 'Export PNG'}
      </Command>
      <div className="bar" />
      <Command
        title={`Undo ${undoName ?? ''} (Ctrl+Z)`}
        isDisabled={undoName === undefined}
        onPress={editor.undo}
      >
        ↶ Undo
      </Command>
      <Command
        title={`Redo ${redoName ?? ''} (Ctrl+Shift+Z)`}
        isDisabled={redoName === undefined}
        onPress={editor.redo}
      >
        ↷ Redo
      </Command>
      <div className="bar" />
      <Command
        title="Select all (Ctrl+A)"
        isDisabled={!document}
        onPress={() => changeSelection(editor, 'all')}
      >
        All
      </Command>
      <Command
        title="Select nothing (Ctrl+D)"
        isDisabled={!isSelected}
        onPress={() => changeSelection(editor, 'none')}
      >
        None
      </Command>
      <Command
        title="Invert the selection (Ctrl+Shift+I)"
        isDisabled={!document}
        onPress={() => changeSelection(editor, 'invert')}
      >
        Invert
      </Command>
      <Command
        title="Show the selection as a red mask (Q)"
        isOn={state.isMaskShown}
        onPress={() => editor.update({ isMaskShown: !state.isMaskShown })}
      >
        Mask
      </Command>
      <GrowOptions editor={editor} isDisabled={!isSelected} />
      {state.tool === 'wand' && <WandOptions editor={editor} state={state} />}
      {(state.tool === 'brush' || state.tool === 'eraser') && (
        <BrushOptions editor={editor} state={state} />
      )}
      <div className="grow" />
      <div className="facts cut" title={document && factsOf(document)}>
        {document && factsOf(document)}
      </div>
      <Command title={`Theme: ${theme.name}`} isSign onPress={theme.next}>
        ◐
      </Command>
    </div>
  );
}

interface CommandProps {
  readonly title: string;
  readonly isDisabled?: boolean;
  readonly isOn?: boolean;
  /** The child is a sign that says nothing when read aloud. */
  readonly isSign?: boolean;
  readonly onPress: () => void;
  readonly children: string;
}

function Command({ title, isDisabled = false, isOn, isSign, onPress, children }: CommandProps) {
  return (
    <button
      type="button"
      className={isOn === true ? 'command on' : 'command'}
      title={title}
      disabled={isDisabled}
      aria-pressed={isOn}
      aria-label={isSign === true ? title : undefined}
      onClick={onPress}
    >
      {children}
    </button>
  );
}

function BrushOptions({ editor, state }: Pick<TopLineProps, 'editor' | 'state'>) {
  const { brush } = state;
  return (
    <>
      <div className="bar" />
      <label className="option">
        Size
        <input
          type="range"
          min={1}
          max={300}
          value={brush.radiusPx}
          onChange={(event) =>
            editor.update({ brush: { ...brush, radiusPx: Number(event.target.value) } })
          }
        />
        <span className="value">{brush.radiusPx * 2} px</span>
      </label>
      <label className="option">
        Soft
        <input
          type="range"
          min={0}
          max={100}
          value={Math.round((1 - brush.hardness) * 100)}
          onChange={(event) =>
            editor.update({ brush: { ...brush, hardness: 1 - Number(event.target.value) / 100 } })
          }
        />
      </label>
    </>
  );
}

function factsOf({ name, width, height, origin }: PictureDocument): string {
  const depth = origin.depth === 32 ? '16-bit (file: 32-bit)' : `${origin.depth}-bit`;
  return `${name} · ${width} × ${height} · ${depth} · sRGB`;
}
