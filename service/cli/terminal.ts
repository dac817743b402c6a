/** What the command line prints: a bar on a terminal, plain lines when piped, JSON when asked. */
import { errorEntry, type PentimentoError, problemOf } from '../../shared/errors.ts';

export interface Terminal {
  /** Progress of one picture, 0..1, with the words beside the bar. */
  progress(share: number, words: string): void;
  /** What is worth knowing about the run, beside its progress. */
  note(text: string): void;
  /** A line for people; silent with --json. */
  line(text: string): void;
  /** The machine-readable answer; printed only with --json. */
  json(value: unknown): void;
  error(error: PentimentoError): void;
}

interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const barWidth = 24;
/** Without a terminal a line is written for each tenth. */
const plainShare = 0.1;

export function makeTerminal(options: {
  readonly json: boolean;
  readonly out: Output;
  readonly err: Output;
}): Terminal {
  const { json, out, err } = options;
  let barShown = false;
  let lastWords = '';
  let lastShare = 0;
  const clearBar = () => {
    if (barShown) err.write('\r\u001b[K');
    barShown = false;
  };
  return {
    progress(share, words) {
      if (json) return;
      if (err.isTTY === true) {
        const full = Math.round(Math.min(1, Math.max(0, share)) * barWidth);
        err.write(`\r\u001b[K[${'#'.repeat(full)}${'.'.repeat(barWidth - full)}] ${words}`);
        barShown = true;
      } else if (share === 0 ? words !== lastWords : share >= lastShare + plainShare) {
        err.write(`${words}\n`);
        lastShare = share;
      }
      lastWords = words;
    },
    note(text) {
      clearBar();
      if (!json) err.write(`${text}\n`);
    },
    line(text) {
      clearBar();
      if (!json) out.write(`${text}\n`);
    },
    json(value) {
      clearBar();
      if (json) out.write(`${JSON.stringify(value)}\n`);
    },
    error(error) {
      clearBar();
      if (json) out.write(`${JSON.stringify({ error: problemOf(error.code, error.detail) })}\n`);
      else err.write(`${error.message}\n${errorEntry(error.code).next}\n(${error.code})\n`);
    },
  };
}
