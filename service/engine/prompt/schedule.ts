/**
 * Prompts that change on the way: `[before:after:when]`, `[after:when]`, `[before::when]` and `[a|b]`
 * by turns (a1111: modules/prompt_parser.py, grammar and timing).
 */
import { changesIn, emptyPiece, parseChanges, type Change, type Piece } from './changes.ts';

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

/**
 * The texts of a prompt over its steps; the last one ends at the last step. A prompt the grammar does
 * not fit is one literal text. Never throws; linear in the length for each change.
 */
export function promptSchedule(prompt: string, timing: ScheduleTiming): ScheduledText[] {
  const { steps, whenOf } = clockOf(timing);
  const whole = parseChanges(prompt);
  if (!whole || whole.changes.length === 0) return [{ until: steps, text: prompt }];
  const untils = [...changingSteps(whole, steps, whenOf)].sort((a, b) => a - b);
  return untils.map((until) => ({ until, text: textAt(prompt, whole, until, whenOf) }));
}

/**
 * Brackets that name no words to begin with and whose change never comes ("[word:1.2]"): what stands in
 * them is never seen.
 */
export function lostBrackets(prompt: string, timing: ScheduleTiming): string[] {
  const { steps, whenOf } = clockOf(timing);
  const whole = parseChanges(prompt);
  return [...(whole ? changesIn(whole) : [])]
    .filter((change) => change.kind === 'edit' && !change.before && whenOf(change.when) >= steps)
    .map(({ from, to }) => prompt.slice(from, to));
}

/** The steps there are, and how a change's number becomes one of them. */
function clockOf(timing: ScheduleTiming): { steps: number; whenOf: WhenOf } {
  const hires = timing.hiresSteps !== undefined && !timing.oldTiming;
  const steps = hires ? timing.hiresSteps! : timing.steps;
  const whenOf = (when: string): number => {
    const value = Number(when);
    if (timing.oldTiming) return stepOf(value < 1 ? value * steps : value, steps);
    if (when.includes('.')) return stepOf((value - (hires ? 1 : 0)) * steps, steps);
    return stepOf(value - (hires ? timing.steps : 0), steps);
  };
  return { steps, whenOf };
}

function stepOf(value: number, steps: number): number {
  return Math.min(steps, Number.isNaN(value) ? steps : Math.trunc(value));
}

type WhenOf = (when: string) => number;

function changingSteps(whole: Piece, steps: number, whenOf: WhenOf): Set<number> {
  const found = new Set([steps]);
  let takesTurns = false;
  for (const change of changesIn(whole)) {
    if (change.kind === 'turns') takesTurns = true;
    else if (whenOf(change.when) >= 1) found.add(whenOf(change.when));
  }
  if (takesTurns) for (let step = 1; step <= steps; step++) found.add(step);
  return found;
}

function textAt(prompt: string, whole: Piece, step: number, whenOf: WhenOf): string {
  const texts: string[] = [];
  // Pieces being read: how far, and which of their changes is next.
  const open = [{ piece: whole, at: whole.from, next: 0 }];
  for (let reading = open.at(-1); reading !== undefined; reading = open.at(-1)) {
    const { piece } = reading;
    const change = piece.changes[reading.next];
    texts.push(prompt.slice(reading.at, change ? change.from : piece.to));
    if (!change) {
      open.pop();
      continue;
    }
    reading.at = change.to;
    reading.next++;
    const chosen = chosenAt(change, step, whenOf);
    if (chosen.changes.length === 0) texts.push(prompt.slice(chosen.from, chosen.to));
    else open.push({ piece: chosen, at: chosen.from, next: 0 });
  }
  return texts.join('');
}

function chosenAt(change: Change, step: number, whenOf: WhenOf): Piece {
  if (change.kind === 'turns') return change.options[(step - 1) % change.options.length]!;
  return step <= whenOf(change.when) ? (change.before ?? emptyPiece) : change.after;
}
