/**
 * The brackets in a prompt that change on the way, found by AUTOMATIC1111's grammar
 * (modules/prompt_parser.py): `[before:after:when]`, `[after:when]`, `[before::when]`, `[a|b]`.
 */
import { blankClass } from './unicodeText.ts';

/** A stretch of the prompt: as it stands, but for what changes in it. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  readonly changes: readonly Change[];
}

/** A bracket that changes on the way; it covers the prompt from its opening to behind its closing. */
export type Change = { readonly from: number; readonly to: number } & (
  | {
      readonly kind: 'edit';
      readonly before: Piece | undefined;
      readonly after: Piece;
      readonly when: string;
    }
  | { readonly kind: 'turns'; readonly options: readonly Piece[] }
);

/** All changes, also those inside others. */
export function* changesIn(whole: Piece): Generator<Change> {
  const pending: Piece[] = [whole];
  for (let piece = pending.pop(); piece !== undefined; piece = pending.pop()) {
    for (const change of piece.changes) {
      yield change;
      for (const part of partsOf(change)) if (part.changes.length > 0) pending.push(part);
    }
  }
}

function partsOf(change: Change): readonly Piece[] {
  if (change.kind === 'turns') return change.options;
  return change.before ? [change.before, change.after] : [change.after];
}

export const emptyPiece: Piece = { from: 0, to: 0, changes: [] };

/**
 * The prompt as one piece with its changes; undefined when the grammar does not fit it (a `|` outside
 * square brackets, a lone backslash), so that all of it is literal. A bracket that does not fit is
 * literal, and so are those around it. Linear in the length; never throws.
 */
export function parseChanges(prompt: string): Piece | undefined {
  return new ChangeReader(prompt).read();
}

/** A bracket that is still open. */
interface Frame {
  readonly opener: string;
  /** Where it opens. */
  readonly from: number;
  /** How many separators and changes there were before it. */
  readonly separators: number;
  readonly changes: number;
}

const special = /[\\[\]():|]/g;
const whenPattern = new RegExp(
  `^[${blankClass}]*([+-]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][+-]?\\d+)?)[${blankClass}]*$`,
  'u',
);

class ChangeReader {
  readonly #prompt: string;
  readonly #frames: Frame[] = [];
  /** Places of `:` and `|` in the brackets that are open. */
  readonly #separators: number[] = [];
  /** Changes that are in no other one yet. */
  readonly #changes: Change[] = [];

  constructor(prompt: string) {
    this.#prompt = prompt;
  }

  read(): Piece | undefined {
    const prompt = this.#prompt;
    special.lastIndex = 0;
    for (let match = special.exec(prompt); match; match = special.exec(prompt)) {
      const at = match.index;
      if (match[0] === '\\') {
        if (at + 1 === prompt.length || prompt[at + 1] === '\n') return undefined;
        special.lastIndex = at + 2;
      } else if (!this.#take(match[0], at)) return undefined;
    }
    if (!this.#giveUp()) return undefined;
    return { from: 0, to: prompt.length, changes: this.#changes };
  }

  /** False when there is no reading but the literal one. */
  #take(token: string, at: number): boolean {
    const frame = this.#frames.at(-1);
    if (token === '(' || token === '[') {
      this.#frames.push({
        opener: token,
        from: at,
        separators: this.#separators.length,
        changes: this.#changes.length,
      });
      return true;
    }
    if (token === ')' || token === ']') {
      return (frame !== undefined && this.#close(frame, token, at)) || this.#giveUp();
    }
    if (frame) this.#separators.push(at);
    return frame !== undefined || token === ':';
  }

  /** Open brackets become literal; a `|` in one of them has no literal reading. */
  #giveUp(): boolean {
    if (this.#separators.some((at) => this.#prompt[at] === '|')) return false;
    this.#frames.length = 0;
    this.#separators.length = 0;
    return true;
  }

  /** False when the bracket fits no rule. */
  #close(frame: Frame, closer: string, at: number): boolean {
    if (closer !== (frame.opener === '(' ? ')' : ']')) return false;
    const separators = this.#separators.slice(frame.separators);
    const bars = separators.filter((place) => this.#prompt[place] === '|').length;
    if (frame.opener === '(') {
      if (separators.length > 1 || bars > 0) return false;
    } else if (separators.length > 0) {
      const change = this.#changeOf(frame, { separators, bars, at });
      if (!change) return false;
      cut(this.#changes, frame.changes);
      this.#changes.push(change);
    }
    this.#frames.pop();
    cut(this.#separators, frame.separators);
    return true;
  }

  #changeOf(
    { from, changes }: Frame,
    end: { readonly separators: readonly number[]; readonly bars: number; readonly at: number },
  ): Change | undefined {
    const { separators, bars, at } = end;
    const to = at + 1;
    const nested = this.#changes.slice(changes);
    const pieces = (): Piece[] => piecesOf(from + 1, [...separators, at], nested);
    if (bars === separators.length) return { from, to, kind: 'turns', options: pieces() };
    const when = whenPattern.exec(this.#prompt.slice(separators.at(-1)! + 1, at))?.[1];
    if (bars > 0 || separators.length > 2 || when === undefined) return undefined;
    const [first, second] = pieces();
    const [before, after] = separators.length === 1 ? [undefined, first!] : [first!, second!];
    return { from, to, kind: 'edit', before, after, when };
  }
}

/** Most pieces have none; one list for all of them keeps long prompts small. */
const noChanges: readonly Change[] = [];

/** What lies before each of these places, and the changes inside it. */
function piecesOf(start: number, ends: readonly number[], changes: readonly Change[]): Piece[] {
  let from = start;
  let next = 0;
  return ends.map((to) => {
    const first = next;
    while (next < changes.length && changes[next]!.from < to) next++;
    const piece = { from, to, changes: next > first ? changes.slice(first, next) : noChanges };
    from = to + 1;
    return piece;
  });
}

/** Shortens a list; setting its length would move it each time. */
function cut(list: unknown[], length: number): void {
  while (list.length > length) list.pop();
}
