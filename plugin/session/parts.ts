/** What the session's actions work with; put together by the entry of the program. */
import type { Plane } from '../../shared/frame.ts';
import type { ServiceClient, TokenBox } from '../client/serviceClient.ts';
import type { Host } from '../host/host.ts';
import type { TextStorage } from './settings.ts';
import type { Store } from './store.ts';

/** A file the artist chose or dropped. */
export interface PickedFile {
  readonly name: string;
  readonly bytes: ArrayBuffer;
}

export interface SessionOptions {
  readonly host: Host;
  readonly client: ServiceClient;
  readonly tokens: TokenBox;
  readonly storage: TextStorage;
  /** Asks for a picture file; undefined when the artist changes their mind. Throws E_FILE. */
  readonly pickPicture: () => Promise<PickedFile | undefined>;
  /** Milliseconds; only differences are used. */
  readonly now: () => number;
  /** A fresh key for each press of the button. */
  readonly newKey: () => string;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface SessionParts extends SessionOptions {
  readonly store: Store;
  /** Fires when the session ends. */
  readonly ending: AbortSignal;
  /** Results whose pixels are being fetched. */
  readonly fetching: Set<string>;
  /** Where the newest result above a layer was placed: the next one goes above it. */
  readonly placedAbove: Map<string, string>;
  /** Files that ControlNets look at, by the ids of their settings. */
  readonly controlPictures: Map<string, Plane>;
}
