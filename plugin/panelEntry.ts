/**
 * Registers the panel with Photoshop. Must be the first thing that main.tsx imports: a `setup` that
 * comes later than about 20 ms after the script's start is an error nobody can catch (PS-57605), and
 * the rest of the program takes longer than that to load.
 */
import { uxp } from './host/photoshop/uxpModule.ts';

/** As in manifest.json. */
const panelId = 'pentimento';

let opened: HTMLElement | undefined;
let show: ((rootNode: HTMLElement) => void) | undefined;

uxp.entrypoints.setup({
  panels: {
    [panelId]: {
      // Handlers have 300 ms; everything that takes time begins after this one has returned.
      create(rootNode) {
        opened = rootNode;
        show?.(rootNode);
      },
    },
  },
});

/** Calls `showPanel` with the panel's node, now or when it opens. */
export function whenPanelOpens(showPanel: (rootNode: HTMLElement) => void): void {
  show = showPanel;
  if (opened) showPanel(opened);
}
