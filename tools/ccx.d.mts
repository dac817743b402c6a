export type PanelFiles = Record<string, Uint8Array>;
export function readPanelFiles(folder: string): Promise<PanelFiles>;
export function ccxName(manifest: unknown): string;
export function makeCcx(files: PanelFiles): Uint8Array;
export function problemsOfPanel(files: PanelFiles): string[];
