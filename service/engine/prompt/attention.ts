/**
 * Attention: `(x)` is stronger by 1.1, `[x]` weaker by 1.1, `(x:1.3)` as told; `\(` is a bracket of its
 * own, BREAK ends a chunk. The rules are AUTOMATIC1111's (modules/prompt_parser.py
 * parse_prompt_attention), its quirks included.
 */
import { pythonFloat, wordPattern } from './unicodeText.ts';

export interface AttentionPart {
  readonly text: string;
  /** 1 unless brackets say otherwise; exactly -1 with the text BREAK ends the chunk. */
  readonly weight: number;
}

export interface ParsedAttention {
  readonly parts: readonly AttentionPart[];
  /** Weights that are no numbers ("1.2.3"); the text is then taken without them. */
  readonly unreadable: readonly string[];
}

const scanner = /\\[()[\]\\]?|\(|\[|:\s*([+-]?[.\p{Nd}]+)\s*\)|\)|\]|[^\\()[\]:]+|:/gu;
const breakWord = wordPattern('BREAK');
const round = 1.1;
const square = 1 / 1.1;

/** A stretch of parts [from, to) whose weights are multiplied. */
interface Emphasis {
  readonly from: number;
  readonly to: number;
  readonly factor: number;
}

/** The parts of a prompt, at least one. Any string, in linear time; never throws. */
export function parseAttention(prompt: string): ParsedAttention {
  const texts: string[] = [];
  const breaks = new Set<number>();
  const emphases: Emphasis[] = [];
  const unreadable: string[] = [];
  const open = { round: [] as number[], square: [] as number[] };
  const close = (from: number | undefined, factor: number): void => {
    if (from !== undefined) emphases.push({ from, to: texts.length, factor });
  };
  for (const [token, weight] of prompt.matchAll(scanner)) {
    if (token.startsWith('\\')) texts.push(token.slice(1));
    else if (token === '(') open.round.push(texts.length);
    else if (token === '[') open.square.push(texts.length);
    else if (weight !== undefined && open.round.length > 0) {
      const factor = pythonFloat(weight);
      if (factor === undefined) unreadable.push(weight);
      close(open.round.pop(), factor ?? 1);
    } else if (token === ')' && open.round.length > 0) close(open.round.pop(), round);
    else if (token === ']' && open.square.length > 0) close(open.square.pop(), square);
    else addText(token, texts, breaks);
  }
  for (const from of open.round) close(from, round);
  for (const from of open.square) close(from, square);
  if (texts.length === 0) texts.push('');
  return { parts: mergeEqual(texts, weightsOf(texts.length, breaks, emphases)), unreadable };
}

/** Text split at BREAK, the blanks around it dropped. */
function addText(token: string, texts: string[], breaks: Set<number>): void {
  let from = 0;
  let first = true;
  for (const match of token.matchAll(breakWord)) {
    const before = token.slice(from, match.index).trimEnd();
    texts.push(first ? before : before.trimStart());
    breaks.add(texts.length);
    texts.push('BREAK');
    from = match.index + match[0].length;
    first = false;
  }
  const rest = token.slice(from);
  texts.push(first ? rest : rest.trimStart());
}

/** Multiplications done one by one, as the original does them; beyond that their logarithms add up. */
const exactWork = 2_000_000;

function weightsOf(
  count: number,
  breaks: ReadonlySet<number>,
  emphases: readonly Emphasis[],
): Float64Array {
  const weights = new Float64Array(count).fill(1);
  for (const at of breaks) weights[at] = -1;
  const work = emphases.reduce((sum, { from, to }) => sum + to - from, 0);
  if (work > exactWork) return scaledTogether(weights, emphases);
  for (const { from, to, factor } of emphases) {
    for (let i = from; i < to; i++) weights[i] = weights[i]! * factor;
  }
  return weights;
}

/** The same for hostile nesting, in linear time: sums of logarithms, signs and zeros by differences. */
function scaledTogether(weights: Float64Array, emphases: readonly Emphasis[]): Float64Array {
  const logs = new Float64Array(weights.length + 1);
  const negatives = new Int32Array(weights.length + 1);
  const zeros = new Int32Array(weights.length + 1);
  for (const { from, to, factor } of emphases) {
    const log = factor === 0 ? 0 : Math.log(Math.abs(factor));
    const negative = factor < 0 ? 1 : 0;
    const zero = factor === 0 ? 1 : 0;
    logs[from] = logs[from]! + log;
    logs[to] = logs[to]! - log;
    negatives[from]! += negative;
    negatives[to]! -= negative;
    zeros[from]! += zero;
    zeros[to]! -= zero;
  }
  let [log, negative, zero] = [0, 0, 0];
  return weights.map((weight, i) => {
    log += logs[i]!;
    negative += negatives[i]!;
    zero += zeros[i]!;
    return zero > 0 ? 0 : weight * Math.exp(log) * (negative % 2 === 0 ? 1 : -1);
  });
}

function mergeEqual(texts: readonly string[], weights: Float64Array): AttentionPart[] {
  const parts: AttentionPart[] = [];
  let from = 0;
  for (let i = 1; i <= texts.length; i++) {
    if (i < texts.length && weights[i] === weights[from]) continue;
    parts.push({ text: texts.slice(from, i).join(''), weight: weights[from]! });
    from = i;
  }
  return parts;
}
