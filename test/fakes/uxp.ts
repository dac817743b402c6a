/** A strict stand-in for the `uxp` module and for the network as UXP allows it. */
import type {
  UxpApi,
  UxpEntrypoints,
  UxpPanelHandlers,
} from '../../plugin/host/photoshop/uxpApi.ts';

/** What the artist answers the file dialog with; undefined closes it. */
export interface FakeFile {
  readonly name: string;
  readonly bytes: ArrayBuffer;
}

interface NetworkManifest {
  readonly entrypoints: ReadonlyArray<{ readonly type: string; readonly id: string }>;
  readonly requiredPermissions: {
    readonly network?: { readonly domains: readonly string[] };
    readonly localFileSystem?: string;
  };
}

/** Values come back as bytes; empty ones are refused; everything takes a moment. */
export class FakeSecureStorage {
  refuses = false;
  readonly items = new Map<string, Uint8Array>();

  async setItem(key: string, value: string | ArrayBuffer | Uint8Array): Promise<void> {
    await this.moment();
    const bytes =
      typeof value === 'string' ? new TextEncoder().encode(value) : new Uint8Array(value);
    if (bytes.length === 0) throw new Error('secureStorage refuses empty values.');
    this.items.set(key, bytes);
  }

  async getItem(key: string): Promise<Uint8Array | null> {
    await this.moment();
    return this.items.get(key) ?? null;
  }

  async removeItem(key: string): Promise<void> {
    await this.moment();
    this.items.delete(key);
  }

  private async moment(): Promise<void> {
    await Promise.resolve();
    if (this.refuses) throw new Error('secureStorage is not available.');
  }
}

export interface FakeUxp {
  readonly module: UxpApi;
  readonly secureStorage: FakeSecureStorage;
  /** The next file that is chosen. */
  chosenFile: FakeFile | undefined;
  /** Requests that were let through, as "METHOD url". */
  readonly requests: string[];
  readonly fetch: (request: Request) => Promise<Response>;
  /** The script has run to its end: `setup` comes too late from now on. */
  scriptEnded(): void;
  /** Opens a panel as Photoshop does: its handler has to come back within 300 ms. */
  openPanel(id: string, rootNode: HTMLElement): void;
}

export interface FakeUxpOptions {
  readonly manifest: NetworkManifest;
  /** Whether Photoshop is in a modal scope: requests have no place there. */
  readonly isModal: () => boolean;
  readonly answer: (request: Request) => Promise<Response>;
  readonly now?: () => number;
}

const handlerLimitMs = 300;
const setupLimitMs = 20;

export function createFakeUxp(options: FakeUxpOptions): FakeUxp {
  const now = options.now ?? (() => performance.now());
  const startedAt = now();
  const secureStorage = new FakeSecureStorage();
  const requests: string[] = [];
  let panels: Readonly<Record<string, UxpPanelHandlers>> | undefined;
  let isEnded = false;
  const entrypoints: UxpEntrypoints = {
    setup: (given) => {
      if (isEnded) throw new Error('entrypoints.setup was called after the script had ended.');
      if (panels) throw new Error('entrypoints.setup was called twice.');
      const lateMs = now() - startedAt;
      if (lateMs > setupLimitMs) throw new Error(`entrypoints.setup came after ${lateMs} ms.`);
      const known = options.manifest.entrypoints.filter((e) => e.type === 'panel').map((e) => e.id);
      const unknown = Object.keys(given.panels).find((id) => !known.includes(id));
      if (unknown) throw new Error(`The manifest has no panel ${unknown}.`);
      panels = given.panels;
    },
  };
  const binary = Symbol('binary');
  const fake: FakeUxp = {
    module: {
      entrypoints,
      storage: {
        secureStorage,
        formats: { binary },
        localFileSystem: {
          getFileForOpening: async () => {
            await Promise.resolve();
            const { localFileSystem } = options.manifest.requiredPermissions;
            if (localFileSystem !== 'request' && localFileSystem !== 'fullAccess') {
              throw new Error('The manifest does not allow file pickers.');
            }
            if (options.isModal()) throw new Error('A dialog was opened inside a modal scope.');
            const file = fake.chosenFile;
            if (!file) return null;
            return {
              name: file.name,
              read: async ({ format }) => {
                await Promise.resolve();
                // Without the binary mark a file is read as text.
                if (format !== binary) throw new Error('The file was not read as bytes.');
                return file.bytes;
              },
            };
          },
        },
      },
    },
    chosenFile: undefined,
    secureStorage,
    requests,
    fetch: async (request) => {
      await Promise.resolve();
      if (options.isModal()) throw new Error('A request was made inside a modal scope.');
      const { origin } = new URL(request.url);
      if (!(options.manifest.requiredPermissions.network?.domains ?? []).includes(origin)) {
        throw new Error(`Permission denied to the url ${origin}. Manifest entry not found.`);
      }
      requests.push(`${request.method} ${request.url}`);
      return options.answer(request);
    },
    scriptEnded: () => {
      isEnded = true;
      if (!panels) throw new Error('entrypoints.setup was not called by the script.');
    },
    openPanel: (id, rootNode) => {
      const panel = panels?.[id];
      if (!panel) throw new Error(`There is no panel ${id}.`);
      const before = now();
      panel.create(rootNode);
      const tookMs = now() - before;
      if (tookMs > handlerLimitMs) throw new Error(`The handler took ${tookMs} ms.`);
    },
  };
  return fake;
}
