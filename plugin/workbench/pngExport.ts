import type { Editor } from '../host/workbench/editor.ts';
import { exportPng } from '../host/workbench/exportPng.ts';
import { download, withEnding } from './browserFiles.ts';
import { startPngThread } from './pngThread.ts';

/**
 * A command that writes what is visible as a PNG and hands it to the browser, telling how far it is in the status line.
 * Called again while it works, it stops.
 */
export function pngExportOf(editor: Editor): () => void {
  let running: AbortController | undefined;
  return () => {
    if (running) {
      running.abort();
      return;
    }
    const stopping = new AbortController();
    running = stopping;
    void run(editor, stopping.signal).finally(() => {
      running = undefined;
    });
  };
}

/** Never throws. */
async function run(editor: Editor, signal: AbortSignal): Promise<void> {
  const document = editor.document();
  if (!document) return;
  const name = withEnding(document.name, 'png');
  const thread = startPngThread();
  const onAbort = () => thread.stop();
  signal.addEventListener('abort', onAbort);
  const onProgress = (done: number) => editor.say(`Writing ${name}: ${Math.round(done * 100)} %`);
  editor.update({ isExporting: true });
  try {
    onProgress(0);
    download(
      await exportPng(document, { begin: thread.begin, onProgress, signal }),
      name,
      'image/png',
    );
    editor.say(`Saved ${name}`);
  } catch {
    if (signal.aborted) editor.say(`Stopped. ${name} was not written.`);
    else editor.say(`${name} could not be written. Free some memory and export it again.`, true);
  } finally {
    signal.removeEventListener('abort', onAbort);
    thread.stop();
    editor.update({ isExporting: false });
  }
}
