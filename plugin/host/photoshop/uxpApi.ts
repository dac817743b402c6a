/**
 * UXP as this plugin uses it: the `uxp` module narrowed to the members called here (AdobeDocs/uxp,
 * uxp-api/reference-js). The registry has no types for it.
 */

export interface UxpApi {
  readonly entrypoints: UxpEntrypoints;
  readonly storage: UxpStorage;
}

export interface UxpStorage {
  readonly secureStorage: UxpSecureStorage;
  readonly localFileSystem: UxpFileSystem;
  readonly formats: UxpFormats;
}

interface UxpFileSystem {
  /** One file, or null when the dialog was closed. `types`: endings without their points. */
  getFileForOpening(options: { readonly types: readonly string[] }): Promise<UxpFile | null>;
}

/** Opaque marks. */
interface UxpFormats {
  readonly binary: symbol;
}

interface UxpFile {
  readonly name: string;
  read(options: { readonly format: symbol }): Promise<ArrayBuffer>;
}

export interface UxpEntrypoints {
  /** Once, synchronously at the start of the script: later than about 20 ms is an error. */
  setup(options: { readonly panels: Readonly<Record<string, UxpPanelHandlers>> }): void;
}

export interface UxpPanelHandlers {
  /** Must come back within 300 ms. */
  create(rootNode: HTMLElement): void;
}

/** Encrypted, per user and plugin; a cache, so its content may be lost. */
export interface UxpSecureStorage {
  /** Rejects an empty value. */
  setItem(key: string, value: string | ArrayBuffer | Uint8Array): Promise<void>;
  /** The value as bytes (UXP has no TextDecoder); null when there is none. */
  getItem(key: string): Promise<Uint8Array | null>;
  removeItem(key: string): Promise<void>;
}
