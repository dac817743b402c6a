import { useState } from 'react';
import type { Editor } from '../host/workbench/editor.ts';
import { growSelection } from './selectionCommands.ts';

const mostPx = 500;

export interface GrowOptionsProps {
  readonly editor: Editor;
  readonly isDisabled: boolean;
}

/** Grows or shrinks the selection by a number of document pixels. */
export function GrowOptions({ editor, isDisabled }: GrowOptionsProps) {
  const [text, setText] = useState('8');
  const px = Number(text);
  const isUsable = Number.isInteger(px) && px >= 1 && px <= mostPx;
  return (
    <>
      <button
        type="button"
        className="command"
        title="Make the selection larger"
        disabled={isDisabled || !isUsable}
        onClick={() => growSelection(editor, px)}
      >
        Grow
      </button>
      <button
        type="button"
        className="command"
        title="Make the selection smaller"
        disabled={isDisabled || !isUsable}
        onClick={() => growSelection(editor, -px)}
      >
        Shrink
      </button>
      <label className="option">
        <input
          className="pixels"
          type="number"
          min={1}
          max={mostPx}
          value={text}
          aria-label="Pixels to grow or shrink by"
          aria-invalid={!isUsable}
          onChange={(event) => setText(event.target.value)}
        />
        px
      </label>
    </>
  );
}
