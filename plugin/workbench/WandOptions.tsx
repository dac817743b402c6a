import type { Editor, EditorState } from '../host/workbench/editor.ts';

export interface WandOptionsProps {
  readonly editor: Editor;
  readonly state: EditorState;
}

/** How near a colour must be, and whether it must hang together. */
export function WandOptions({ editor, state }: WandOptionsProps) {
  const { wand } = state;
  return (
    <>
      <div className="bar" />
      <label className="option">
        Tolerance
        <input
          type="range"
          min={0}
          max={160}
          value={wand.tolerance}
          onChange={(event) =>
            editor.update({ wand: { ...wand, tolerance: Number(event.target.value) } })
          }
        />
        <span className="value">{wand.tolerance}</span>
      </label>
      <label className="option">
        <input
          type="checkbox"
          checked={wand.isContiguous}
          onChange={(event) =>
            editor.update({ wand: { ...wand, isContiguous: event.target.checked } })
          }
        />
        Contiguous
      </label>
    </>
  );
}
