import { deviceWords } from '../session/settingWords.ts';
import type { ServiceState } from '../session/state.ts';
import type { EditorState, Tool } from '../host/workbench/editor.ts';

const hints: Readonly<Record<Tool, string>> = {
  rectangle: 'Drag to select · Shift adds · Alt takes away',
  ellipse: 'Drag to select · Shift adds · Alt takes away',
  lasso: 'Draw around it · Shift adds · Alt takes away',
  wand: 'Click a colour · Shift adds · Alt takes away',
  brush: 'Paint the selection · [ and ] change the size · Alt erases',
  eraser: 'Paint away from the selection · [ and ] change the size',
  hand: 'Drag to move the picture',
  zoom: 'Click to enlarge · Alt reduces · Ctrl+0 fits',
};

export interface StatusLineProps {
  readonly state: EditorState;
  readonly service: ServiceState;
}

export function StatusLine({ state, service }: StatusLineProps) {
  const { message, view, tool } = state;
  const selection = state.history?.present.selection?.bounds;
  const isMessage = message !== undefined && message.text !== '';
  return (
    <div className="status">
      <span>{Math.round(view.scale * 100)} %</span>
      {selection && (
        <span>
          selection {selection.width} × {selection.height} at {selection.x}, {selection.y}
        </span>
      )}
      <span
        className={message?.isError === true ? 'cut error' : 'cut'}
        role="status"
        title={message?.text}
      >
        {isMessage ? message.text : hints[tool]}
      </span>
      <span className="grow" />
      <span>{serviceWords(service)}</span>
    </div>
  );
}

function serviceWords(service: ServiceState): string {
  if (service.phase === 'ready') {
    const { device, freeMemoryBytes } = service.status;
    return `service ${deviceWords(device) ?? 'ready'} · ${(freeMemoryBytes / 1e9).toFixed(1)} GB free`;
  }
  if (service.phase === 'looking') return 'looking for the service';
  return service.phase === 'down' ? 'service not running' : 'not paired';
}
