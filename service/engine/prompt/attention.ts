/**
 * Attention: `(x)` is stronger by 1.1, `[x]` weaker by 1.1, `(x:1.3)` as told; `\(` is a bracket of its
 * own, BREAK ends a chunk. The rules are AUTOMATIC1111's (modules/prompt_parser.py
 * parse_prompt_attention), its quirks included.
 */
import {
  blankClass,
  pythonFloat,
  trimBlanksEnd,
  trimBlanksStart,
  wordPlaces,
} from './unicodeText.ts';

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

const chunkEnd = 'BREAK';
const round = 1.1;
const square = 1 / 1.1;
/** At a colon: the weight of the bracket that is closed behind it. */
const weightHere = new RegExp(`:[${blankClass}]*([+-]?[.\\p{Nd}]+)[${blankClass}]*\\)`, 'uy');
/** Up to here a colon has no weight; sparing the pattern makes long prompts fast. */
const noWeightHere = /[:()[\]\\A-Za-z]/;

/** Stretches of texts [from, to) whose weights are multiplied, as parallel lists: there may be many. */
interface Emphases {
  readonly from: number[];
  readonly to: number[];
  readonly factor: number[];
}

/** The parts of a prompt, at least one. Any string, in linear time; never throws. */
export function parseAttention(prompt: string): ParsedAttention {
  const reader = new AttentionReader(prompt);
  return reader.read();
}

class AttentionReader {
  readonly #prompt: string;
  readonly #texts: string[] = [];
  readonly #breaks = new Set<number>();
  readonly #emphases: Emphases = { from: [], to: [], factor: [] };
  readonly #unreadable: string[] = [];
  /** Brackets that are open: the number of texts before each. */
  readonly #round: number[] = [];
  readonly #square: number[] = [];

  constructor(prompt: string) {
    this.#prompt = prompt;
  }

  read(): ParsedAttention {
    for (let at = 0; at < this.#prompt.length;) at += this.#take(at);
    for (const from of this.#round) this.#close(from, round);
    for (const from of this.#square) this.#close(from, square);
    const texts = this.#texts.length === 0 ? [''] : this.#texts;
    const weights = weightsOf(texts.length, this.#breaks, this.#emphases);
    return { parts: mergeEqual(texts, weights), unreadable: this.#unreadable };
  }

  /** Reads one token; answers its length. */
  #take(at: number): number {
    switch (this.#prompt[at]) {
      case '\\':
        return this.#takeEscape(at);
      case '(':
        this.#round.push(this.#texts.length);
        return 1;
      case '[':
        this.#square.push(this.#texts.length);
        return 1;
      case ')':
        return this.#takeCloser(')', this.#round.pop(), round);
      case ']':
        return this.#takeCloser(']', this.#square.pop(), square);
      case ':':
        return this.#takeColon(at);
      default:
        return this.#takeText(at);
    }
  }

  #takeEscape(at: number): number {
    const next = this.#prompt[at + 1];
    const escapes = next !== undefined && '()[]\\'.includes(next);
    this.#texts.push(escapes ? next : '');
    return escapes ? 2 : 1;
  }

  #takeCloser(bracket: string, from: number | undefined, factor: number): number {
    if (from === undefined) this.#texts.push(bracket);
    else this.#close(from, factor);
    return 1;
  }

  #takeColon(at: number): number {
    const weight = this.#weightAt(at);
    if (weight) {
      const factor = pythonFloat(weight.text);
      if (factor === undefined) this.#unreadable.push(weight.text);
      this.#close(this.#round.pop()!, factor ?? 1);
      return weight.length;
    }
    return this.#takeText(at);
  }

  #weightAt(at: number): { text: string; length: number } | undefined {
    const next = this.#prompt[at + 1];
    if (this.#round.length === 0 || next === undefined || noWeightHere.test(next)) return undefined;
    weightHere.lastIndex = at;
    const match = weightHere.exec(this.#prompt);
    return match ? { text: match[1]!, length: match[0].length } : undefined;
  }

  #takeText(at: number): number {
    const colonsToo = this.#round.length === 0;
    let end = at + 1;
    for (; end < this.#prompt.length; end++) {
      const code = this.#prompt.charCodeAt(end);
      if (isSpecial(code) && !(colonsToo && code === colon)) break;
    }
    this.#addText(this.#prompt.slice(at, end));
    return end - at;
  }

  /** Text split at BREAK, the blanks around it dropped. */
  #addText(token: string): void {
    const texts = this.#texts;
    let from = 0;
    for (const at of wordPlaces(token, chunkEnd)) {
      const before = trimBlanksEnd(token.slice(from, at));
      texts.push(from === 0 ? before : trimBlanksStart(before));
      this.#breaks.add(texts.length);
      texts.push(chunkEnd);
      from = at + chunkEnd.length;
    }
    texts.push(from === 0 ? token : trimBlanksStart(token.slice(from)));
  }

  #close(from: number, factor: number): void {
    // Around nothing there is nothing to weigh.
    if (from === this.#texts.length) return;
    this.#emphases.from.push(from);
    this.#emphases.to.push(this.#texts.length);
    this.#emphases.factor.push(factor);
  }
}

const colon = 0x3a;

/** Brackets, colon and backslash. */
function isSpecial(code: number): boolean {
  return code === 0x28 || code === 0x29 || code === colon || (code >= 0x5b && code <= 0x5d);
}

/** Multiplications done one by one, as the original does them; beyond that their logarithms add up. */
const exactWork = 2_000_000;

function weightsOf(count: number, breaks: ReadonlySet<number>, emphases: Emphases): Float64Array {
  const weights = new Float64Array(count).fill(1);
  for (const at of breaks) weights[at] = -1;
  const { from, to, factor } = emphases;
  let work = 0;
  for (let k = 0; k < from.length; k++) work += to[k]! - from[k]!;
  if (work > exactWork) return scaledTogether(weights, emphases);
  for (let k = 0; k < from.length; k++) {
    for (let i = from[k]!; i < to[k]!; i++) weights[i] = weights[i]! * factor[k]!;
  }
  return weights;
}

/** The same for hostile nesting, in linear time: sums of logarithms, signs and zeros by differences. */
function scaledTogether(weights: Float64Array, { from, to, factor }: Emphases): Float64Array {
  const logs = new Float64Array(weights.length + 1);
  const negatives = new Int32Array(weights.length + 1);
  const zeros = new Int32Array(weights.length + 1);
  for (let k = 0; k < from.length; k++) {
    const [begin, end, own] = [from[k]!, to[k]!, factor[k]!];
    const log = own === 0 ? 0 : Math.log(Math.abs(own));
    const negative = own < 0 ? 1 : 0;
    const zero = own === 0 ? 1 : 0;
    logs[begin] = logs[begin]! + log;
    logs[end] = logs[end]! - log;
    negatives[begin]! += negative;
    negatives[end]! -= negative;
    zeros[begin]! += zero;
    zeros[end]! -= zero;
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
