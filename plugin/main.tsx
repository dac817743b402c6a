/** The Photoshop panel: puts host, client, session and panel together. */
import { whenPanelOpens } from './panelEntry.ts';
import './zodWithoutEval.ts';
import { createRoot } from 'react-dom/client';
import { createServiceClient } from './client/serviceClient.ts';
import { loopbackOrigin } from './host/photoshop/loopbackOrigin.ts';
import { createPhotoshopHost } from './host/photoshop/photoshopHost.ts';
import { pickPicture } from './host/photoshop/pickPicture.ts';
import { photoshop } from './host/photoshop/photoshopModule.ts';
import { openTokenBox } from './host/photoshop/tokenBox.ts';
import { uxp } from './host/photoshop/uxpModule.ts';
import { Panel } from './panel/Panel.tsx';
import './panel/panel.css';
import { pause } from './pause.ts';
import { startSession } from './session/session.ts';

whenPanelOpens((rootNode) => void openPanel(rootNode));

async function openPanel(rootNode: HTMLElement): Promise<void> {
  const frame = scrollingFrame(rootNode);
  try {
    const tokens = await openTokenBox(uxp.storage.secureStorage);
    const origin = loopbackOrigin((request) => fetch(request));
    const session = startSession({
      host: createPhotoshopHost(photoshop),
      client: createServiceClient({
        get baseUrl() {
          return origin.baseUrl;
        },
        fetch: origin.fetch,
        tokens,
      }),
      tokens,
      pickPicture: () => pickPicture(uxp.storage),
      storage: localStorage,
      now: () => Date.now(),
      newKey: () => crypto.randomUUID(),
      pause,
    });
    const root = createRoot(frame, {
      onUncaughtError: (error) => sayStopped(frame, error),
    });
    root.render(<Panel session={session} />);
  } catch (error) {
    sayStopped(frame, error);
  }
}

/** Panels do not scroll by themselves: an inner element has to. */
function scrollingFrame(rootNode: HTMLElement): HTMLElement {
  const frame = document.createElement('div');
  frame.style.overflow = 'auto';
  frame.style.height = '100%';
  rootNode.appendChild(frame);
  return frame;
}

/** Never an empty panel: UXP reports no errors of its own. */
function sayStopped(frame: HTMLElement, error: unknown): void {
  const why = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown error';
  frame.textContent =
    'The Pentimento panel has stopped. Close it and open it again; ' +
    `finished results are kept by the service. (${why})`;
}
