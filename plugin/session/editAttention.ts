/**
 * The weight of a part of the prompt, a step up or down: what Ctrl+Up and Ctrl+Down do in AUTOMATIC1111
 * (javascript/edit-attention.js does the same by its own rules). Pure.
 */

export interface EditedText {
  readonly text: string;
  /** What is selected afterwards: the words whose weight changed, so that the next press finds them. */
  readonly start: number;
  readonly end: number;
}

/** Weights change by this, those of `<lora:name:weight>` by half of it. */
const attentionStep = 0.1;
const networkStep = 0.05;

interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * The prompt with the selected words, or else the tag, the brackets or the word around the caret, one
 * step heavier (`direction` 1) or lighter (-1). Undefined when there is nothing to weigh there, or the
 * selection would tear brackets apart.
 */
export function editAttention(
  text: string,
  selection: { readonly start: number; readonly end: number },
  direction: 1 | -1,
): EditedText | undefined {
  const tag = networkTagAt(text, selection.start);
  if (tag) return withNetworkWeight(text, tag, direction);
  const target =
    selection.start === selection.end
      ? (bracketsAround(text, selection.start) ?? wordAt(text, selection.start))
      : contentOf(text, trimmed(text, { from: selection.start, to: selection.end }));
  if (!target || target.from >= target.to || !isBalanced(text.slice(target.from, target.to))) {
    return undefined;
  }
  return withWeight(text, target, direction);
}

/** `<lora:name>` with its weight, if it has one. */
const networkTag = /(<[a-z]+:[^<>:]+)(:[+-]?\d*\.?\d+)?[^<>]*>/gi;

function networkTagAt(text: string, caret: number): RegExpExecArray | undefined {
  const tags = [...text.matchAll(networkTag)];
  return tags.find(({ index, 0: tag }) => caret >= index && caret < index + tag.length);
}

function withNetworkWeight(text: string, tag: RegExpExecArray, direction: 1 | -1): EditedText {
  const [, head = '', weight = ''] = tag;
  const at = tag.index + head.length;
  const next = rounded(Number(weight.slice(1) || '1') + direction * networkStep);
  const changed = splice(text, { from: at, to: at + weight.length }, `:${next}`);
  return { text: changed, ...spanAt(at + 1, String(next)) };
}

/** The words and what stands around them: `(words:1.2)`, `(words)`, `[words]` or nothing. */
function withWeight(text: string, words: Span, direction: 1 | -1): EditedText {
  const inside = text.slice(words.from, words.to);
  const { weight, outer } = present(text, words);
  const next = rounded(weight + direction * attentionStep);
  if (next === 1) {
    return { text: splice(text, outer, inside), ...spanAt(outer.from, inside) };
  }
  const replaced = splice(text, outer, `(${inside}:${next})`);
  return { text: replaced, ...spanAt(outer.from + 1, inside) };
}

function present(text: string, words: Span): { weight: number; outer: Span } {
  const before = isEscaped(text, words.from - 1) ? '' : text.charAt(words.from - 1);
  const after = text.slice(words.to);
  const weighed = /^\s*:\s*([+-]?\d*\.?\d+)\s*\)/.exec(after);
  if (before === '(' && weighed) {
    return {
      weight: Number(weighed[1]),
      outer: { from: words.from - 1, to: words.to + weighed[0].length },
    };
  }
  const outer = { from: words.from - 1, to: words.to + 1 };
  if (before === '(' && after.startsWith(')')) return { weight: 1.1, outer };
  if (before === '[' && after.startsWith(']')) return { weight: 0.9, outer };
  return { weight: 1, outer: words };
}

/** The words inside the nearest round or plain square brackets around the caret. */
function bracketsAround(text: string, caret: number): Span | undefined {
  let depth = 0;
  for (let from = caret - 1; from >= 0; from--) {
    const character = isEscaped(text, from) ? '' : text.charAt(from);
    if (character === ')' || character === ']') depth++;
    if (character !== '(' && character !== '[') continue;
    if (depth-- > 0) continue;
    const to = closing(text, from);
    if (to === undefined) return undefined;
    const content = contentOf(text, { from, to: to + 1 });
    return content.from > from ? content : undefined;
  }
  return undefined;
}

/** Index of the bracket that closes the one at `open`. */
function closing(text: string, open: number): number | undefined {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const character = isEscaped(text, at) ? '' : text.charAt(at);
    if (character === '(' || character === '[') depth++;
    if ((character === ')' || character === ']') && --depth === 0) return at;
  }
  return undefined;
}

/** A span that is one bracket with its weight, as the words inside; any other as it is. */
function contentOf(text: string, span: Span): Span {
  const inside = text.slice(span.from, span.to);
  const found = /^(?:\(([^]*?)(?:\s*:\s*[+-]?\d*\.?\d+\s*)?\)|\[([^:|]*)\])$/.exec(inside);
  const words = found?.[1] ?? found?.[2];
  if (words === undefined || closing(text, span.from) !== span.to - 1) return span;
  return { from: span.from + 1, to: span.from + 1 + words.length };
}

function wordAt(text: string, caret: number): Span | undefined {
  const isPart = (at: number) => {
    const character = text.charAt(at);
    return character !== '' && !/[\s,.;:()[\]<>|\\]/.test(character);
  };
  let from = caret;
  let to = caret;
  while (isPart(from - 1)) from--;
  while (isPart(to)) to++;
  return from < to ? { from, to } : undefined;
}

function trimmed(text: string, { from, to }: Span): Span {
  const inside = text.slice(from, to);
  const lead = inside.length - inside.trimStart().length;
  return { from: from + lead, to: Math.max(from + lead, from + inside.trimEnd().length) };
}

/** Every bracket is opened and closed inside. */
function isBalanced(words: string): boolean {
  const open: string[] = [];
  for (let at = 0; at < words.length; at++) {
    if (isEscaped(words, at)) continue;
    const character = words.charAt(at);
    if (character === '(' || character === '[') open.push(character);
    if (character === ')' && open.pop() !== '(') return false;
    if (character === ']' && open.pop() !== '[') return false;
  }
  return open.length === 0;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charAt(at - 1 - slashes) === '\\') slashes++;
  return slashes % 2 === 1;
}

function splice(text: string, { from, to }: Span, words: string): string {
  return text.slice(0, from) + words + text.slice(to);
}

function spanAt(from: number, words: string): { start: number; end: number } {
  return { start: from, end: from + words.length };
}

function rounded(weight: number): number {
  return Math.round(weight * 100) / 100;
}
