/** The browser program: puts service, document, session and screen together. */
import './zodWithoutEval.ts';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { PentimentoError, toProblem } from '../shared/errors.ts';
import { fetchSample } from './client/sampleFile.ts';
import { createServiceClient, type ServiceClient, type TokenBox } from './client/serviceClient.ts';
import { download, pickFile, withEnding } from './workbench/browserFiles.ts';
import { createEditor, type Editor } from './host/workbench/editor.ts';
import { openFile, type OpenParts } from './workbench/openFile.ts';
import { pngExportOf } from './workbench/pngExport.ts';
import './workbench/spectrumElements.ts';
import { storedTheme, storeTheme, themeAfter } from './workbench/theme.ts';
import { Workbench, type WorkbenchProps } from './workbench/Workbench.tsx';
import { createWorkbenchHost } from './host/workbench/workbenchHost.ts';
import { writePsdDocument } from './host/workbench/writePsdDocument.ts';
import './panel/panel.css';
import './workbench/workbench.css';
import { pause } from './pause.ts';
import type { PickedFile } from './session/parts.ts';
import { startSession, type Session } from './session/session.ts';

const tokenKey = 'pentimento.token';
const sampleName = 'landscape.jpg';

const tokens: TokenBox = {
  get: () => localStorage.getItem(tokenKey) ?? undefined,
  set: (token) => {
    if (token === undefined) localStorage.removeItem(tokenKey);
    else localStorage.setItem(tokenKey, token);
  },
};

async function start(): Promise<void> {
  const client = createServiceClient({ baseUrl: location.origin, tokens });
  const editor = createEditor();
  const newId = () => crypto.randomUUID();
  const parts: OpenParts = { editor, client, newId };
  await pairByCode(client, takeCode());
  const session = startSession({
    host: createWorkbenchHost(editor),
    client,
    tokens,
    pickPicture: async () => picked(await pickFile()),
    storage: localStorage,
    now: () => performance.now(),
    newKey: newId,
    pause,
  });
  const files = fileCommands(parts, session);
  const root = document.getElementById('root');
  if (root) createRoot(root).render(<App editor={editor} session={session} files={files} />);
  await whenReady(session);
  await openSample(parts);
}

/** The service opens the page with a code that counts once; it should not stay in the address. */
function takeCode(): string | undefined {
  const code = new URLSearchParams(location.hash.slice(1)).get('code') ?? undefined;
  if (code !== undefined) history.replaceState(null, '', location.pathname + location.search);
  return code;
}

async function pairByCode(client: ServiceClient, code: string | undefined): Promise<void> {
  if (code === undefined) return;
  try {
    await client.pair(code, 'Workbench');
  } catch {
    // A used code with a token still valid is fine; without one the panel asks for a code.
  }
}

function whenReady(session: Session): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      if (session.getState().service.phase !== 'ready') return;
      stop();
      resolve();
    };
    const stop = session.subscribe(check);
    check();
  });
}

async function openSample(parts: OpenParts): Promise<void> {
  // The artist may have opened something while the service was being looked for.
  if (parts.editor.document()) return;
  try {
    await openFile(parts, await fetchSample(sampleName), sampleName);
  } catch (error) {
    parts.editor.say(toProblem(error).title, true);
  }
}

/** A file with its bytes. Throws E_FILE. */
async function picked(file: File | undefined): Promise<PickedFile | undefined> {
  if (!file) return undefined;
  try {
    return { name: file.name, bytes: await file.arrayBuffer() };
  } catch (cause) {
    throw new PentimentoError('E_FILE', undefined, { cause });
  }
}

function fileCommands(parts: OpenParts, session: Session): WorkbenchProps['files'] {
  const { editor } = parts;
  const openBytes = async (file: File | undefined) => {
    if (file) await openFile(parts, await file.arrayBuffer(), file.name);
  };
  return {
    open: () => void pickFile().then(openBytes),
    openDropped: (file) => void openBytes(file),
    readDropped: (file) => void readDropped(editor, session, file),
    savePsd: () => savePsd(editor),
    exportPng: pngExportOf(editor),
  };
}

async function readDropped(editor: Editor, session: Session, file: File): Promise<void> {
  try {
    const dropped = await picked(file);
    if (dropped) session.readRecipe(dropped);
  } catch (error) {
    editor.say(toProblem(error).title, true);
  }
}

function savePsd(editor: Editor): void {
  const document = editor.document();
  if (!document) return;
  const name = withEnding(document.name, 'psd');
  try {
    download(writePsdDocument(document), name, 'image/vnd.adobe.photoshop');
    editor.say(`Saved ${name}`);
  } catch {
    editor.say(
      `${name} could not be written: the document may be too large for this format.`,
      true,
    );
  }
}

function App(props: Omit<WorkbenchProps, 'theme'>) {
  const [theme, setTheme] = useState(() => storedTheme(localStorage));
  const next = () => {
    const after = themeAfter(theme);
    storeTheme(localStorage, after);
    setTheme(after);
  };
  return (
    <sp-theme class={`theme-${theme}`} system="spectrum" color={theme} scale="medium" dir="ltr">
      <Workbench {...props} theme={{ name: theme, next }} />
    </sp-theme>
  );
}

void start();
