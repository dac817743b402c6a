/** Compares what a checker answered with what a case expects, at the case's own tolerance. */
import type { Case, CaseTensor, Picture, Tolerance } from './case.ts';

type Numbers = ArrayLike<number | bigint>;

function isRecord(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value)
  );
}

/** Problems found, one sentence each; empty when everything that has a tolerance agrees. */
export async function compareCase(
  c: Case,
  answer: Readonly<Record<string, unknown>>,
): Promise<string[]> {
  const problems: string[] = [];
  let compared = 0;
  const named = Object.keys(c.tolerance).filter((key) => key !== '*');
  for (const key of new Set([...Object.keys(c.expect), ...named])) {
    const expected = c.expect[key];
    const tolerance = c.tolerance[key] ?? c.tolerance['*'];
    if (!tolerance) continue;
    compared++;
    if (!(key in answer)) {
      problems.push(`${key}: not answered`);
      continue;
    }
    const found = await compareValue(c, expected, answer[key], tolerance);
    if (found) problems.push(`${key}: ${found}`);
  }
  if (compared === 0) problems.push('the case has nothing to compare');
  return problems;
}

async function compareValue(
  c: Case,
  expected: unknown,
  got: unknown,
  tolerance: Tolerance,
): Promise<string | undefined> {
  if (isRecord(expected) && typeof expected['tensor'] === 'string') {
    return compareTensor(c.tensor(expected), got, tolerance);
  }
  if (isRecord(expected) && typeof expected['png'] === 'string') {
    return comparePicture(await c.picture(expected), got, tolerance);
  }
  if (isRecord(expected) && typeof expected['file'] === 'string') {
    return Buffer.compare(c.file(expected), got as Uint8Array) === 0 ? undefined : 'other bytes';
  }
  if (tolerance.atMost !== undefined) {
    return typeof got === 'number' && got <= tolerance.atMost
      ? undefined
      : `${String(got)} is above ${tolerance.atMost}`;
  }
  if (Array.isArray(expected)) return compareList(c, expected, got, tolerance);
  if (isRecord(expected)) return compareRecord(c, expected, got, tolerance);
  if (typeof expected === 'number' && tolerance.equal !== true) {
    return compareNumbers([expected], [Number(got)], tolerance);
  }
  return Object.is(expected, got)
    ? undefined
    : `expected ${show(expected)} but received ${show(got)}`;
}

async function compareList(c: Case, expected: unknown[], got: unknown, tolerance: Tolerance) {
  if (!Array.isArray(got) && !ArrayBuffer.isView(got))
    return `expected a list but received ${show(got)}`;
  const list = Array.from(got as unknown as ArrayLike<unknown>);
  if (list.length !== expected.length)
    return `expected ${expected.length} entries but received ${list.length}`;
  for (let i = 0; i < list.length; i++) {
    const found = await compareValue(c, expected[i], list[i], tolerance);
    if (found) return `[${i}] ${found}`;
  }
  return undefined;
}

async function compareRecord(
  c: Case,
  expected: Record<string, unknown>,
  got: unknown,
  tolerance: Tolerance,
): Promise<string | undefined> {
  if (Array.isArray(expected['any'])) {
    for (const option of expected['any']) {
      if ((await compareValue(c, option, got, tolerance)) === undefined) return undefined;
    }
    return `expected one of ${show(expected['any'])} but received ${show(got)}`;
  }
  if (!isRecord(got)) return `expected fields but received ${show(got)}`;
  for (const [key, value] of Object.entries(expected)) {
    if (!(key in got)) return `.${key} is missing`;
    const found = await compareValue(c, value, got[key], tolerance);
    if (found) return `.${key} ${found}`;
  }
  if (tolerance.subset !== true) {
    const extra = Object.keys(got).find((key) => !(key in expected));
    if (extra !== undefined) return `.${extra} is not expected`;
  }
  return undefined;
}

function compareTensor(
  expected: CaseTensor,
  got: unknown,
  tolerance: Tolerance,
): string | undefined {
  const data = isRecord(got) && ArrayBuffer.isView(got['data']) ? got['data'] : got;
  const shape =
    isRecord(got) && Array.isArray(got['shape']) ? (got['shape'] as number[]) : undefined;
  if (!ArrayBuffer.isView(data) && !Array.isArray(data))
    return `expected numbers but received ${show(got)}`;
  if (shape && shape.join() !== expected.shape.join()) {
    return `expected shape [${expected.shape.join()}] but received [${shape.join()}]`;
  }
  return compareNumbers(expected.data, data as unknown as Numbers, tolerance);
}

function compareNumbers(expected: Numbers, got: Numbers, tolerance: Tolerance): string | undefined {
  if (expected.length !== got.length) {
    return `expected ${expected.length} values but received ${got.length}`;
  }
  let worst = 0;
  let at = -1;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const e = Number(expected[i]);
    const g = Number(got[i]);
    if (Number.isFinite(e)) largest = Math.max(largest, Math.abs(e));
    const same = Object.is(e, g) || e === g;
    const difference = same ? 0 : Math.abs(e - g);
    if (!(difference <= worst)) {
      worst = Number.isNaN(difference) ? Infinity : difference;
      at = i;
    }
  }
  const limit = limitOf(tolerance, largest);
  if (worst <= limit) return undefined;
  return `differs by ${worst.toPrecision(3)} at ${at} (${String(expected[at])} / ${String(got[at])}; allowed ${limit.toPrecision(3)})`;
}

function limitOf(tolerance: Tolerance, largest: number): number {
  if (tolerance.equal === true) return 0;
  if (tolerance.abs !== undefined) return tolerance.abs;
  if (tolerance.rel !== undefined) return tolerance.rel * largest;
  if (tolerance.levels !== undefined) return tolerance.levels;
  throw new Error(`Unknown tolerance ${JSON.stringify(tolerance)}`);
}

function comparePicture(expected: Picture, got: unknown, tolerance: Tolerance): string | undefined {
  if (!isRecord(got)) return `expected a picture but received ${show(got)}`;
  const p = got as unknown as Picture;
  const size = (x: Picture) => `${x.width}x${x.height}x${x.channels}`;
  if (size(p) !== size(expected)) return `expected ${size(expected)} but received ${size(p)}`;
  let above = 0;
  let worst = 0;
  for (let i = 0; i < expected.data.length; i++) {
    const difference = Math.abs((expected.data[i] ?? 0) - (p.data[i] ?? 0));
    if (difference > 0) above++;
    if (difference > worst) worst = difference;
  }
  const levels = tolerance.equal === true ? 0 : (tolerance.levels ?? 0);
  if (worst > levels)
    return `differs by ${worst} levels (allowed ${levels}; ${above} values differ)`;
  const share = above / expected.data.length;
  if (tolerance.share !== undefined && share > tolerance.share) {
    return `${(share * 100).toFixed(2)} % of the values differ (allowed ${tolerance.share * 100} %)`;
  }
  return undefined;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 160 ? `${text.slice(0, 160)}...` : text;
}
