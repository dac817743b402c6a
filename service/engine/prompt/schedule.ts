/**
 * Prompts that change on the way: `[before:after:when]`, `[after:when]`, `[before::when]` and `[a|b]`
 * by turns (a1111: modules/prompt_parser.py, grammar and timing).
 */

/** This text until and including step `until` (from 1). */
export interface ScheduledText {
  readonly until: number;
  readonly text: string;
}

export interface ScheduleTiming {
  readonly steps: number;
  /** Second pass of a hires fix: its steps; `steps` is then the first pass. */
  readonly hiresSteps?: number;
  /** The original's earlier rule: below 1 a share, else a step, the same for both passes. */
  readonly oldTiming?: boolean;
}

type Node = string | Group | Edit | Turns;
interface Group {
  readonly kind: 'group';
  readonly nodes: readonly Node[];
}
interface Edit {
  readonly kind: 'edit';
  readonly before: readonly Node[];
  readonly after: readonly Node[];
  readonly when: string;
}
interface Turns {
  readonly kind: 'turns';
  readonly options: readonly (readonly Node[])[];
}

/**
 * The texts of a prompt over its steps; the last one ends at the last step. A prompt the grammar does
 * not fit is one literal text. Never throws; linear in the length for each change.
 */
export function promptSchedule(prompt: string, timing: ScheduleTiming): ScheduledText[] {
  const hires = timing.hiresSteps !== undefined && !timing.oldTiming;
  const steps = hires ? timing.hiresSteps! : timing.steps;
  const nodes = parseEdits(prompt);
  if (!nodes) return [{ until: steps, text: prompt }];
  const whenOf = (when: string): number => {
    const value = Number(when);
    if (timing.oldTiming) return stepOf(value < 1 ? value * steps : value, steps);
    if (when.includes('.')) return stepOf((value - (hires ? 1 : 0)) * steps, steps);
    return stepOf(value - (hires ? timing.steps : 0), steps);
  };
  const changes = new Set([steps]);
  collectChanges(nodes, steps, whenOf, changes);
  return [...changes]
    .sort((a, b) => a - b)
    .map((until) => ({ until, text: textAt(nodes, until, whenOf) }));
}

function stepOf(value: number, steps: number): number {
  return Math.min(steps, Number.isNaN(value) ? steps : Math.trunc(value));
}

function collectChanges(
  nodes: readonly Node[],
  steps: number,
  whenOf: (when: string) => number,
  into: Set<number>,
): void {
  const pending: Node[] = [...nodes];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (typeof node === 'string') continue;
    if (node.kind === 'edit') {
      const when = whenOf(node.when);
      if (when >= 1) into.add(when);
    }
    if (node.kind === 'turns') for (let step = 1; step <= steps; step++) into.add(step);
    for (const children of childrenOf(node)) for (const child of children) pending.push(child);
  }
}

function textAt(nodes: readonly Node[], step: number, whenOf: (when: string) => number): string {
  const out: string[] = [];
  const pending: Node[] = [...nodes].reverse();
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (typeof node === 'string') {
      out.push(node);
      continue;
    }
    const chosen = chosenAt(node, step, whenOf);
    for (let i = chosen.length - 1; i >= 0; i--) pending.push(chosen[i]!);
  }
  return out.join('');
}

function childrenOf(node: Group | Edit | Turns): readonly (readonly Node[])[] {
  if (node.kind === 'group') return [node.nodes];
  return node.kind === 'edit' ? [node.before, node.after] : node.options;
}

function chosenAt(
  node: Group | Edit | Turns,
  step: number,
  whenOf: (when: string) => number,
): readonly Node[] {
  if (node.kind === 'group') return node.nodes;
  if (node.kind === 'edit') return step <= whenOf(node.when) ? node.before : node.after;
  return node.options[(step - 1) % node.options.length]!;
}

/** A bracket that is still open: its pieces so far, split at `:` or `|`. */
interface Frame {
  readonly opener: '(' | '[';
  readonly pieces: Node[][];
  readonly separators: string[];
  /** Position after the last separator. */
  pieceStart: number;
}

const lexer = /(?:[^\\[\]():|]|\\[^\n])+|[[\]():|]/gy;
const number = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*$/;

/**
 * The prompt as text, edits and turns; undefined when the grammar does not fit it (a `|` outside
 * square brackets, a lone backslash), so that all of it is literal. A bracket that does not fit is
 * literal, and so are those around it.
 */
function parseEdits(prompt: string): Node[] | undefined {
  const top: Node[] = [];
  const frames: Frame[] = [];
  const into = (): Node[] => frames.at(-1)?.pieces.at(-1) ?? top;
  const giveUp = (): boolean => flatten(frames, top);
  lexer.lastIndex = 0;
  while (lexer.lastIndex < prompt.length) {
    const match = lexer.exec(prompt);
    if (!match) return undefined;
    const [token] = match;
    const frame = frames.at(-1);
    if (token === '(' || token === '[') {
      frames.push({ opener: token, pieces: [[]], separators: [], pieceStart: lexer.lastIndex });
    } else if (token === ')' || token === ']') {
      const closed = frame && closeFrame(frame, token, prompt.slice(frame.pieceStart, match.index));
      if (closed) {
        frames.pop();
        into().push(closed);
      } else {
        if (!giveUp()) return undefined;
        top.push(token);
      }
    } else if (token === ':' || token === '|') {
      if (!frame && token === '|') return undefined;
      if (frame) {
        frame.separators.push(token);
        frame.pieces.push([]);
        frame.pieceStart = lexer.lastIndex;
      } else top.push(token);
    } else into().push(token);
  }
  return giveUp() ? top : undefined;
}

/** Open brackets become literal text; false when that leaves a `|`, which has no literal reading. */
function flatten(frames: Frame[], top: Node[]): boolean {
  for (const { opener, pieces, separators } of frames) {
    if (separators.includes('|')) return false;
    top.push(opener);
    for (const [i, piece] of pieces.entries()) {
      if (i > 0) top.push(':');
      for (const node of piece) top.push(node);
    }
  }
  frames.length = 0;
  return true;
}

/** What a closed bracket stands for; undefined when it fits no rule. */
function closeFrame(frame: Frame, closer: string, lastPiece: string): Node | undefined {
  const { opener, pieces, separators } = frame;
  if (opener === '(') {
    if (closer !== ')' || separators.length > 1 || separators.includes('|')) return undefined;
    const [first, second] = pieces;
    return { kind: 'group', nodes: ['(', ...first!, ...(second ? [':', ...second] : []), ')'] };
  }
  if (closer !== ']') return undefined;
  if (separators.length === 0) return { kind: 'group', nodes: ['[', ...pieces[0]!, ']'] };
  if (separators.every((separator) => separator === '|')) return { kind: 'turns', options: pieces };
  const when = number.exec(lastPiece)?.[1];
  if (separators.includes('|') || separators.length > 2 || when === undefined) return undefined;
  const edited = separators.length === 2;
  const before = edited ? pieces[0]! : [];
  return { kind: 'edit', before, after: pieces[edited ? 1 : 0]!, when };
}
