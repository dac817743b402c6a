import type { ReactNode } from 'react';
import type { Editor, EditorState, Tool } from '../host/workbench/editor.ts';

const stroke = { fill: 'none', stroke: 'currentColor', strokeWidth: 1.5 } as const;

const tools: readonly {
  readonly tool: Tool;
  readonly title: string;
  readonly icon: ReactNode;
}[] = [
  {
    tool: 'rectangle',
    title: 'Rectangle (M)',
    icon: <rect x="3" y="4" width="12" height="10" strokeDasharray="3 2" {...stroke} />,
  },
  {
    tool: 'ellipse',
    title: 'Ellipse (O)',
    icon: <ellipse cx="9" cy="9" rx="6.5" ry="5.5" strokeDasharray="3 2" {...stroke} />,
  },
  {
    tool: 'lasso',
    title: 'Lasso (L)',
    icon: (
      <path
        d="M6 12.5C3.5 11.500 2.500 9.500 3 7.500 3.600 5 6 3.500 9 3.500s6 1.800 6 4.500-3 4.500-6 4.500c-1 0-2.200-.2-3-.5-.8.4-1 1.200-.6 2 .3.700.100 1.300-.6 1.500"
        {...stroke}
      />
    ),
  },
  {
    tool: 'wand',
    title: 'Colour selection (W)',
    icon: (
      <path
        d="m3 15 7.500-7.500M12 2.500v2.500M12 9v2.500M7.500 7H10M14 7h2.500M9 4l1.200 1.200M15 4l-1.200 1.200M15 10l-1.200-1.200"
        {...stroke}
      />
    ),
  },
  {
    tool: 'brush',
    title: 'Selection brush (B)',
    icon: (
      <path
        d="M15 3 8.500 9.500M8.500 9.500c-2 0-3 1-3.300 2.600C5 13.300 4.300 14 3 14.300c2.500 1.200 6.500.7 7-2.800z"
        {...stroke}
      />
    ),
  },
  {
    tool: 'eraser',
    title: 'Selection eraser (E)',
    icon: (
      <path
        d="m10.500 3.500 4 4-7 7H4.800L3 12.700a1 1 0 0 1 0-1.400zM6.500 7.500l4 4M7.500 14.500H15"
        {...stroke}
      />
    ),
  },
  {
    tool: 'hand',
    title: 'Hand (H, or hold the space bar)',
    icon: (
      <path
        d="M9 2.500v13M2.500 9h13M9 2.500 7.200 4.300M9 2.500l1.800 1.800M9 15.500l-1.800-1.800M9 15.500l1.800-1.800M2.500 9l1.800-1.800M2.500 9l1.800 1.800M15.500 9l-1.800-1.800M15.500 9l-1.800 1.800"
        {...stroke}
      />
    ),
  },
  {
    tool: 'zoom',
    title: 'Zoom (Z, with Alt out)',
    icon: (
      <>
        <circle cx="8" cy="8" r="4.500" {...stroke} />
        <path d="m11.500 11.500 4 4" {...stroke} />
      </>
    ),
  },
];

export interface ToolBarProps {
  readonly editor: Editor;
  readonly state: EditorState;
}

export function ToolBar({ editor, state }: ToolBarProps) {
  return (
    <div className="tools" role="toolbar" aria-label="Tools" aria-orientation="vertical">
      {tools.map(({ tool, title, icon }) => (
        <button
          key={tool}
          type="button"
          className={state.tool === tool ? 'tool on' : 'tool'}
          title={title}
          aria-label={title}
          aria-pressed={state.tool === tool}
          onClick={() => editor.update({ tool })}
        >
          <svg viewBox="0 0 18 18" width="18" height="18" aria-hidden="true">
            {icon}
          </svg>
        </button>
      ))}
    </div>
  );
}
