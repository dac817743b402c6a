/** The local log: one JSON line per happening, bounded, never with prompts, pixels or tokens. */
import { appendFileSync, renameSync, statSync } from 'node:fs';

export type Log = (happening: string, facts?: Readonly<Record<string, unknown>>) => void;

export const silentLog: Log = () => undefined;

const maxLogBytes = 4 * 1024 * 1024;
const maxLineCharacters = 20_000;

/** Appends to `path`; at 4 MiB the file becomes `path.1`. A log that cannot be written is no failure. */
export function openLog(path: string, wallMs: () => number): Log {
  return (happening, facts = {}) => {
    try {
      const line = JSON.stringify({ at: new Date(wallMs()).toISOString(), happening, ...facts });
      rotate(path);
      appendFileSync(path, `${line.slice(0, maxLineCharacters)}\n`, { mode: 0o600 });
    } catch {
      // A full disk must not stop the service because of its log.
    }
  };
}

function rotate(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > maxLogBytes) renameSync(path, `${path}.1`);
}

/** What a thrown value says, for the log. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${error.message}${cause}`;
}
