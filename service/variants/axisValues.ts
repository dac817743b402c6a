/**
 * The values of a grid's axis as people write them: "1-5", "1-10 (+2)", "0-1 [5]", "20, 30, 40", names in CSV.
 * The rules are those of AUTOMATIC1111's X/Y/Z plot (scripts/xyz_grid.py process_axis, numpy's arange and
 * linspace), overshooting ranges included. Pure.
 */
import { PentimentoError } from '../../shared/errors.ts';
import { trimBlanks } from '../../shared/infotext.ts';
import { pythonFloat } from '../engine/prompt/unicodeText.ts';
import { parseCsv } from '../recipes/csv.ts';

export type AxisType = 'whole' | 'number' | 'text' | 'order';

/** More values than any grid has; a range that gives more is refused. */
const mostValues = 10_000;
const mostOrdered = 7;

const blank = '[\\t-\\r\\u001c-\\u0020\\u0085\\u00a0]*';
const sign = `[+-]?${blank}`;
const whole = `(${sign}\\d+)`;
/** The original's pattern takes any character for the point. */
const real = `(${sign}\\d+(?:.\\d*)?)`;
const span = (value: string) => `^${blank}${value}${blank}-${blank}${value}`;
const patterns = {
  whole: {
    step: new RegExp(`${span(whole)}(?:${blank}\\(([+-]\\d+)${blank}\\))?${blank}$`),
    count: new RegExp(`${span(whole)}(?:${blank}\\[(\\d+)${blank}\\])?${blank}$`),
  },
  number: {
    step: new RegExp(`${span(real)}(?:${blank}\\(([+-]\\d+(?:.\\d*)?)${blank}\\))?${blank}$`),
    count: new RegExp(`${span(real)}(?:${blank}\\[(\\d+(?:.\\d*)?)${blank}\\])?${blank}$`),
  },
};

/** The numbers of a "whole" or "number" axis. Throws E_PARAM for what is no number or range. */
export function axisNumbers(text: string, type: 'whole' | 'number'): number[] {
  const values: number[] = [];
  for (const part of axisTexts(text)) {
    if (part === '') continue;
    values.push(...partNumbers(part, type));
    if (values.length > mostValues)
      throw new PentimentoError('E_PARAM', 'The axis has too many values.');
  }
  return values;
}

/** The words of an axis: cells of CSV lines without the blanks around them; empty ones are kept. */
export function axisTexts(text: string): string[] {
  return parseCsv(text).flatMap((row) => row.map(trimBlanks));
}

/** Every order of the words, as itertools.permutations gives them. Throws E_PARAM for too many words. */
export function axisOrders(text: string): string[][] {
  const words = axisTexts(text);
  if (words.length > mostOrdered) {
    throw new PentimentoError('E_PARAM', `At most ${mostOrdered} words can be put in every order.`);
  }
  return permutations(words);
}

function permutations(words: readonly string[]): string[][] {
  if (words.length <= 1) return [[...words]];
  return words.flatMap((word, i) => {
    const rest = [...words.slice(0, i), ...words.slice(i + 1)];
    return permutations(rest).map((order) => [word, ...order]);
  });
}

function partNumbers(part: string, type: 'whole' | 'number'): number[] {
  const read = type === 'whole' ? wholeNumber : realNumber;
  const stepped = patterns[type].step.exec(part);
  if (stepped) {
    const step = stepped[3] === undefined ? 1 : read(stepped[3]);
    const [from, to] = [read(stepped[1]), read(stepped[2])];
    // Python's range ends before its end, here one after the last value whatever the direction.
    return type === 'whole' ? wholeRange(from, to + 1, step) : realRange(from, to, step);
  }
  const counted = patterns[type].count.exec(part);
  if (counted) {
    const count = counted[3] === undefined ? 1 : wholeNumber(counted[3]);
    const values = evenlySpaced(read(counted[1]), read(counted[2]), count);
    return type === 'whole' ? values.map(Math.trunc) : values;
  }
  return [read(part)];
}

function wholeRange(from: number, end: number, step: number): number[] {
  if (step === 0) throw new PentimentoError('E_PARAM', 'A range needs a step other than 0.');
  const count = checkedCount(Math.max(0, Math.ceil((end - from) / step)));
  return Array.from({ length: count }, (_, i) => from + i * step);
}

/** numpy.arange(from, to + step, step): its second value decides the distance. */
function realRange(from: number, to: number, step: number): number[] {
  if (step === 0) throw new PentimentoError('E_PARAM', 'A range needs a step other than 0.');
  const count = checkedCount(Math.max(0, Math.ceil((to + step - from) / step)));
  const distance = from + step - from;
  return Array.from({ length: count }, (_, i) => from + i * distance);
}

function evenlySpaced(from: number, to: number, count: number): number[] {
  const step = (to - from) / (checkedCount(count) - 1);
  return Array.from({ length: count }, (_, i) =>
    count > 1 && i === count - 1 ? to : from + (count > 1 ? i * step : 0),
  );
}

function checkedCount(count: number): number {
  if (count > mostValues) throw new PentimentoError('E_PARAM', 'The axis has too many values.');
  return count;
}

function wholeNumber(text: string): number {
  if (!/^\s*[+-]?\d+(_\d+)*\s*$/.test(text)) throw noNumber(text, 'a whole number');
  return Number(text.replaceAll('_', ''));
}

function realNumber(text: string): number {
  const value = pythonFloat(text);
  if (value === undefined) throw noNumber(text, 'a number');
  return value;
}

function noNumber(text: string, what: string): PentimentoError {
  return new PentimentoError(
    'E_PARAM',
    `Expected ${what} or a range but received "${text.slice(0, 60)}".`,
  );
}
